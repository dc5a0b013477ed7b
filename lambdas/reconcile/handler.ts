/** Entry of reconcile's function, run by a schedule. */
import { EventBridgeBus } from '#adapters/aws/messages.ts';
import { Table } from '#adapters/aws/table.ts';
import { readEnv, systemClock } from '../runtime/environment.ts';
import { lookQueues } from '../runtime/queues.ts';
import { Env } from './env.ts';
import { reconcile } from './reconcile.ts';

const env = readEnv(Env);
const table = new Table(env.TABLE_NAME);

export const handler = reconcile({
  store: table,
  outbox: table,
  bus: new EventBridgeBus(env.BUS_NAME),
  looks: lookQueues(env),
  clock: systemClock,
});
