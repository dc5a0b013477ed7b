/** The way of a data job on the local cloud, from its request to its end: both events between its stages are told on it. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { JobItems } from '#adapters/aws/job-items.ts';
import { SlotItems } from '#adapters/aws/slot-items.ts';
import { Conflict } from '#core/errors.ts';
import { askedJob } from '#core/jobs/job.ts';
import { jobChange } from '#core/jobs/job-change.ts';
import { heldBy, JobRequest } from '#core/jobs/request.ts';
import { JobKey } from '#core/jobs/slots.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import { reserve } from '#core/quota.ts';
import { Quota } from '#core/usage.ts';
import { until } from '#local/demo/world.ts';
import { AwsJobObjects } from '../contracts/aws-job-worlds.ts';
import { access, output } from './cloud.ts';

const jobs = new JobItems(output('TableName'), new DynamoDBClient(access.sdk));
const slots = new SlotItems(output('TableName'), new DynamoDBClient(access.sdk));
const objects = new AwsJobObjects(access.sdk, output('JobBucketName'));
const seconds = 600;

/** As the API writes it, but of a name that is known before. */
async function ask(key: JobKey): Promise<void> {
  const object = `datasets/${key.team}/${key.name}.txt`;
  await objects.put(object, Buffer.from('one\ntwo\n'));
  const request = JobRequest.parse({
    dataset: `s3://${objects.bucket}/${object}`,
    command: ['node', '-e', 'process.stdin.pipe(process.stdout)'],
    parallelism: 1,
    resources: { cpu: 0.05, memoryMiB: 64 },
  });
  const at = new Date().toISOString();
  const job = askedJob({ ...key, requester: 'alice', at, cluster: 'main', request });
  const change = jobChange(undefined, job, { at, actor: 'alice', what: 'asked for it', lookAfterSeconds: 0 });
  for (;;) {
    const ledger = reserve(await jobs.ledger(key.team), Quota.parse({}), key.name, heldBy(request));
    if ('outcome' in ledger) throw new Error(ledger.detail);
    const written = await jobs.write(change, { ledger }).then(
      () => true,
      // Another of the team's came between.
      (error: unknown) => (error instanceof Conflict ? false : Promise.reject(error)),
    );
    if (written) return;
  }
}

export async function worked(environment: EnvironmentKey): Promise<void> {
  const key = JobKey.parse(environment);
  await ask(key);
  let last = '';
  await until(
    `${environmentId(key)}: its end`,
    seconds,
    async () => {
      const job = await jobs.read(key);
      last = JSON.stringify([job, await slots.seen(key)]);
      return job?.phase === 'ended' && job.outcome === 'succeeded' ? true : undefined;
    },
    () => last,
  );
}
