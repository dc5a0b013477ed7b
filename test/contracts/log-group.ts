/** A log group of a test's own, written as CodeBuild does: a stream for each build, named after it. */
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  ResourceAlreadyExistsException,
} from '@aws-sdk/client-cloudwatch-logs';
import { CloudWatchBuildLogs } from '#adapters/aws/build-logs.ts';
import { streamPrefix } from '#core/build-log.ts';
import type { Access } from '#local/demo/access.ts';
import type { BuildLogsWorld } from './build-logs.ts';

const ownId = '11111111-2222-4333-8444-555555555555';

export async function awsBuildLogs(sdk: Access['sdk'], logGroupName: string): Promise<BuildLogsWorld> {
  const client = new CloudWatchLogsClient(sdk);
  await client.send(new CreateLogGroupCommand({ logGroupName }));
  return {
    logs: new CloudWatchBuildLogs(logGroupName, () => client),
    write: async (key, number, texts) => {
      const stream = { logGroupName, logStreamName: `${streamPrefix(key, number)}${ownId}` };
      await client.send(new CreateLogStreamCommand(stream)).catch((error: unknown) => {
        if (!(error instanceof ResourceAlreadyExistsException)) throw error;
      });
      const timestamp = Date.now();
      const logEvents = texts.map((message) => ({ timestamp, message }));
      await client.send(new PutLogEventsCommand({ ...stream, logEvents }));
    },
  };
}
