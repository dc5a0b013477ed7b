/** Entry of the function that starts what standing jobs stand for. */
import { inboxOf } from '#adapters/aws/inbox.ts';
import { JobItems } from '#adapters/aws/job-items.ts';
import { StandingItems } from '#adapters/aws/standing-items.ts';
import { Table } from '#adapters/aws/table.ts';
import { Cluster } from '#core/cluster.ts';
import { Team } from '#core/team.ts';
import * as z from '#core/zod.ts';
import { readConfigByPart, readEnv, systemClock } from '../runtime/environment.ts';
import { queueHandler } from '../runtime/queue.ts';
import { Env } from './env.ts';
import { jobStarts } from './starts.ts';

const env = readEnv(Env);

export const handler = queueHandler(
  jobStarts({
    standing: new StandingItems(env.TABLE_NAME),
    jobs: new JobItems(env.TABLE_NAME),
    config: readConfigByPart(z.object({ teams: z.array(Team), clusters: z.array(Cluster) })),
    bucket: env.JOBS_BUCKET,
    clock: systemClock,
  }),
  { stage: 'job-starts', ...inboxOf(env.DLQ_URL), failures: new Table(env.TABLE_NAME) },
);
