/** Entry of the function that does what ttl and working hours ask for. */
import { inboxOf } from '#adapters/aws/inbox.ts';
import { Table } from '#adapters/aws/table.ts';
import { TransferItems } from '#adapters/aws/transfers.ts';
import { WaiverItems } from '#adapters/aws/waivers.ts';
import { Policy, Waiver } from '#core/policy.ts';
import { Team } from '#core/team.ts';
import * as z from '#core/zod.ts';
import { readConfig, readEnv, systemClock } from '../runtime/environment.ts';
import { queueHandler } from '../runtime/queue.ts';
import { Env } from './env.ts';
import { schedule } from './schedule.ts';

const env = readEnv(Env);
const table = new Table(env.TABLE_NAME);

export const handler = queueHandler(
  schedule({
    store: table,
    waivers: new WaiverItems(env.TABLE_NAME),
    transfers: new TransferItems(env.TABLE_NAME),
    config: readConfig(z.object({ teams: z.array(Team), policy: Policy, waivers: z.array(Waiver) })),
    clock: systemClock,
  }),
  { stage: 'schedule', ...inboxOf(env.DLQ_URL), failures: table },
);
