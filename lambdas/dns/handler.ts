/** Entry of the DNS stage's function. */
import { toDeadLetters } from '#adapters/aws/dead-letters.ts';
import { Route53Zone } from '#adapters/aws/dns-zone.ts';
import { SqsSweeps } from '#adapters/aws/messages.ts';
import { Table } from '#adapters/aws/table.ts';
import { installationOf } from '#adapters/installation.ts';
import { Dns } from '#core/dns.ts';
import * as z from '#core/zod.ts';
import { batchHandler } from '../runtime/batch.ts';
import { readConfig, readEnv, systemClock } from '../runtime/environment.ts';
import { dns } from './dns.ts';
import { Env } from './env.ts';

const env = readEnv(Env);
const table = new Table(env.TABLE_NAME);

export const handler = batchHandler(
  dns({
    store: table,
    zone: new Route53Zone(env.HOSTED_ZONE_ID),
    sweeps: new SqsSweeps(env.QUEUE_URL),
    config: readConfig(z.object({ dns: Dns })),
    installation: installationOf(env.INSTALLATION),
    clock: systemClock,
  }),
  { stage: 'dns', refuse: toDeadLetters(env.DLQ_URL), failures: table },
);
