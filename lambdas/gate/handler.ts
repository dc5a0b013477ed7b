/** Entry of the gate's function. */
import { inboxOf } from '#adapters/aws/inbox.ts';
import { S3Reports } from '#adapters/aws/reports.ts';
import { EcrScanner } from '#adapters/aws/scanner.ts';
import { Table } from '#adapters/aws/table.ts';
import { WaiverItems } from '#adapters/aws/waivers.ts';
import { Policy, Waiver } from '#core/policy.ts';
import * as z from '#core/zod.ts';
import { readConfig, readEnv, systemClock } from '../runtime/environment.ts';
import { queueHandler } from '../runtime/queue.ts';
import { Env } from './env.ts';
import { gate } from './gate.ts';

const env = readEnv(Env);
const table = new Table(env.TABLE_NAME);

export const handler = queueHandler(
  gate({
    store: table,
    waivers: new WaiverItems(env.TABLE_NAME),
    scanner: new EcrScanner(),
    reports: new S3Reports(env.REPORTS_BUCKET),
    config: readConfig(z.object({ policy: Policy, waivers: z.array(Waiver) })),
    clock: systemClock,
  }),
  { stage: 'gate', ...inboxOf(env.DLQ_URL), failures: table },
);
