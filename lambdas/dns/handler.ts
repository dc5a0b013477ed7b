/** Entry of the DNS stage's function: the messages of its queue, and what the API asks it without anything being done. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Route53Zone } from '#adapters/aws/dns-zone.ts';
import { inboxOf } from '#adapters/aws/inbox.ts';
import { SqsSweeps } from '#adapters/aws/messages.ts';
import { Table } from '#adapters/aws/table.ts';
import { installationOf } from '#adapters/installation.ts';
import { Dns } from '#core/dns.ts';
import { type DryRunAnswer, DryRunRequest } from '#core/dns-dry-run.ts';
import * as z from '#core/zod.ts';
import { batchHandler } from '../runtime/batch.ts';
import { readConfig, readEnv, systemClock } from '../runtime/environment.ts';
import { withFields } from '../runtime/log.ts';
import { dns, namingOf } from './dns.ts';
import { dryRun } from './dry-run.ts';
import { Env } from './env.ts';

const env = readEnv(Env);
const table = new Table(env.TABLE_NAME);
const deps = {
  store: table,
  zone: new Route53Zone(env.HOSTED_ZONE_ID),
  sweeps: new SqsSweeps(env.QUEUE_URL),
  config: readConfig(z.object({ dns: Dns })),
  installation: installationOf(env.INSTALLATION),
  clock: systemClock,
};
const drain = batchHandler(dns(deps), {
  stage: 'dns',
  ...inboxOf(env.DLQ_URL),
  failures: table,
});

export const handler = (event: SQSEvent | DryRunRequest): Promise<SQSBatchResponse | DryRunAnswer> =>
  'Records' in event
    ? drain(event)
    : withFields({ stage: 'dns' }, () => dryRun(deps, namingOf(deps), DryRunRequest.parse(event)));
