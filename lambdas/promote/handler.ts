/** Entry of the promoter's function: the only role that may push to a release repository. */
import { inboxOf } from '#adapters/aws/inbox.ts';
import { EcrPromoter } from '#adapters/aws/promoter.ts';
import { EcrScanner } from '#adapters/aws/scanner.ts';
import { Table } from '#adapters/aws/table.ts';
import { WaiverItems } from '#adapters/aws/waivers.ts';
import { Policy, Waiver } from '#core/policy.ts';
import * as z from '#core/zod.ts';
import { readConfig, readEnv, systemClock } from '../runtime/environment.ts';
import { queueHandler } from '../runtime/queue.ts';
import { Env } from './env.ts';
import { promote } from './promote.ts';

const env = readEnv(Env);
const table = new Table(env.TABLE_NAME);

export const handler = queueHandler(
  promote({
    store: table,
    waivers: new WaiverItems(env.TABLE_NAME),
    scanner: new EcrScanner(),
    promoter: new EcrPromoter(),
    config: readConfig(z.object({ policy: Policy, waivers: z.array(Waiver) })),
    clock: systemClock,
  }),
  { stage: 'promote', ...inboxOf(env.DLQ_URL), failures: table },
);
