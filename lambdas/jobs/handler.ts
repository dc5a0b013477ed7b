/** Entry of the stage of data jobs. */
import { ChunkItems } from '#adapters/aws/chunk-items.ts';
import { S3Datasets } from '#adapters/aws/datasets.ts';
import { DemandItems } from '#adapters/aws/demand-items.ts';
import { inboxOf } from '#adapters/aws/inbox.ts';
import { JobItems } from '#adapters/aws/job-items.ts';
import { S3JobObjects } from '#adapters/aws/job-objects.ts';
import { SqsJobQueues } from '#adapters/aws/job-queues.ts';
import { SlotItems } from '#adapters/aws/slot-items.ts';
import { Table } from '#adapters/aws/table.ts';
import { EksWorkerIdentities } from '#adapters/aws/worker-identities.ts';
import { Databases } from '#core/jobs/databases.ts';
import { JobWeight, JobWorkers, sharingOf } from '#core/jobs/share-settings.ts';
import { ClusterName, TeamName } from '#core/names.ts';
import * as z from '#core/zod.ts';
import { readConfig, readEnv, systemClock } from '../runtime/environment.ts';
import { queueHandler } from '../runtime/queue.ts';
import { Env } from './env.ts';
import { jobs } from './jobs.ts';

const env = readEnv(Env);
const config = readConfig(
  z.object({
    teams: z.array(z.object({ name: TeamName, databases: Databases, jobWeight: JobWeight })),
    clusters: z.array(z.object({ name: ClusterName, jobWorkers: JobWorkers })),
  }),
);
const [table, bucket] = [env.TABLE_NAME, env.JOBS_BUCKET];

export const handler = queueHandler(
  jobs({
    jobs: new JobItems(table),
    chunks: new ChunkItems(table),
    queues: new SqsJobQueues(),
    datasets: new S3Datasets(),
    input: (input) => new S3JobObjects({ input, results: bucket }),
    objects: new S3JobObjects({ results: bucket }),
    slots: new SlotItems(table),
    identities: new EksWorkerIdentities(env.WORKER_ROLES_ARN),
    place: { table, bucket, registry: env.REGISTRY },
    database: (team, name) =>
      config.teams.find((one) => one.name === team)?.databases.find((one) => one.name === name),
    demands: new DemandItems(table),
    sharing: sharingOf(config),
    clock: systemClock,
  }),
  { stage: 'jobs', ...inboxOf(env.DLQ_URL), failures: new Table(table) },
);
