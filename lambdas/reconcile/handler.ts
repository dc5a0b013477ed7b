/** Entry of reconcile's function, run by a schedule. */
import { reportUnreadable } from '#adapters/aws/dead-letters.ts';
import { JobItems } from '#adapters/aws/job-items.ts';
import { EventBridgeBus, SqsSweeps } from '#adapters/aws/messages.ts';
import { StandingItems } from '#adapters/aws/standing-items.ts';
import { Table } from '#adapters/aws/table.ts';
import { readEnv, systemClock } from '../runtime/environment.ts';
import { withFields } from '../runtime/log.ts';
import { lookQueues } from '../runtime/queues.ts';
import { Env } from './env.ts';
import { reconcile } from './reconcile.ts';

const env = readEnv(Env);
const table = new Table(env.TABLE_NAME);

const run = reconcile({
  store: table,
  jobs: new JobItems(env.TABLE_NAME),
  standing: new StandingItems(env.TABLE_NAME),
  outbox: table,
  bus: new EventBridgeBus(env.BUS_NAME),
  looks: lookQueues(env),
  sweeps: new SqsSweeps(env.DNS_QUEUE_URL),
  clock: systemClock,
  report: reportUnreadable(env.OUTBOX_DLQ_URL),
});

export const handler = (): Promise<void> => withFields({ stage: 'reconcile' }, run);
