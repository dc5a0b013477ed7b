/** Entry of the DNS stage's function. */
import { toDeadLetters } from '#adapters/aws/dead-letters.ts';
import { Route53Zone } from '#adapters/aws/dns-zone.ts';
import { Table } from '#adapters/aws/table.ts';
import { Dns } from '#core/dns.ts';
import * as z from '#core/zod.ts';
import { readConfig, readEnv, systemClock } from '../runtime/environment.ts';
import { queueHandler } from '../runtime/queue.ts';
import { dns } from './dns.ts';
import { Env } from './env.ts';

const env = readEnv(Env);
const table = new Table(env.TABLE_NAME);

export const handler = queueHandler(
  dns({
    store: table,
    zone: new Route53Zone(env.HOSTED_ZONE_ID),
    config: readConfig(z.object({ dns: Dns })),
    clock: systemClock,
  }),
  { stage: 'dns', refuse: toDeadLetters(env.DLQ_URL), failures: table },
);
