/** Where a build's lines go: its stream in CloudWatch Logs, by the credentials that the build itself has. */
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  ResourceAlreadyExistsException,
} from '@aws-sdk/client-cloudwatch-logs';
import type { BuildRequest } from './build-contract.ts';
import type { SendLines } from './build-log.ts';

export function sendTo({ logs, endpoint, credentials }: BuildRequest, region: string): SendLines {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const client = new CloudWatchLogsClient({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) },
  });
  const stream = { logGroupName: logs.groupName, logStreamName: logs.streamName };
  let made: Promise<unknown> | undefined;
  return async (lines) => {
    made ??= client.send(new CreateLogStreamCommand(stream)).catch((error: unknown) => {
      if (!(error instanceof ResourceAlreadyExistsException)) throw error;
    });
    await made;
    await client.send(new PutLogEventsCommand({ ...stream, logEvents: [...lines] }));
  };
}
