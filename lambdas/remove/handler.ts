/** Entry of the remover's function: the only role that deletes repositories of environments. */
import { inboxOf } from '#adapters/aws/inbox.ts';
import { EcrRepositoryRemover } from '#adapters/aws/repositories.ts';
import { Table } from '#adapters/aws/table.ts';
import { PlacedEnvironment } from '#core/cluster.ts';
import * as z from '#core/zod.ts';
import { readConfig, readEnv, systemClock } from '../runtime/environment.ts';
import { queueHandler } from '../runtime/queue.ts';
import { Env } from './env.ts';
import { remove } from './remove.ts';

const env = readEnv(Env);
const table = new Table(env.TABLE_NAME);

export const handler = queueHandler(
  remove({
    store: table,
    repositories: new EcrRepositoryRemover(),
    config: readConfig(z.object({ environments: z.array(PlacedEnvironment) })),
    clock: systemClock,
  }),
  { stage: 'remove', ...inboxOf(env.DLQ_URL), failures: table },
);
