/** Entry of the API's function, behind an HTTP API with a JWT authorizer. */
import { randomBytes } from 'node:crypto';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { EcrAttachments } from '#adapters/aws/attachments.ts';
import { EcrBases } from '#adapters/aws/bases.ts';
import { BucketItems } from '#adapters/aws/buckets.ts';
import { CloudWatchBuildLogs } from '#adapters/aws/build-logs.ts';
import { BuildRecordItems } from '#adapters/aws/build-records.ts';
import { ChunkItems } from '#adapters/aws/chunk-items.ts';
import { SqsDeadLetters } from '#adapters/aws/dead-letters.ts';
import { S3JobFileLinks } from '#adapters/aws/job-file-links.ts';
import { JobItems } from '#adapters/aws/job-items.ts';
import { KeptSnapshotItems } from '#adapters/aws/kept-snapshots.ts';
import { LambdaNamePlanner } from '#adapters/aws/name-planner.ts';
import { LambdaOutboxDrain } from '#adapters/aws/outbox-drain.ts';
import { PersonKeyItems } from '#adapters/aws/person-keys.ts';
import { S3Reports } from '#adapters/aws/reports.ts';
import { RequestItems } from '#adapters/aws/request-items.ts';
import { SlotItems } from '#adapters/aws/slot-items.ts';
import { SshSessionItems } from '#adapters/aws/ssh-sessions.ts';
import { StandingItems } from '#adapters/aws/standing-items.ts';
import { Table } from '#adapters/aws/table.ts';
import { TransferItems } from '#adapters/aws/transfers.ts';
import { WaiverItems } from '#adapters/aws/waivers.ts';
import { makeApp } from '#api/app.ts';
import { Config } from '#core/config.ts';
import { placesOf } from '#core/dead-letter-places.ts';
import { claimsOf } from '#core/identity.ts';
import { count, time } from '#core/measures.ts';
import { readConfigByPart, readEnv, systemClock } from '../runtime/environment.ts';
import { log, note, withFields } from '../runtime/log.ts';
import { measure } from '../runtime/metrics.ts';
import { Env } from './env.ts';
import { answerOf, requestOf } from './gateway.ts';
import { requestIdOf } from './person.ts';

const env = readEnv(Env);
const table = new Table(env.TABLE_NAME);
const config = readConfigByPart(Config);
const claims = claimsOf(config.identity);
const app = makeApp(
  {
    store: table,
    reports: new S3Reports(env.REPORTS_BUCKET),
    buckets: new BucketItems(env.TABLE_NAME),
    requests: new RequestItems(env.TABLE_NAME),
    keys: new PersonKeyItems(env.TABLE_NAME),
    sessions: new SshSessionItems(env.TABLE_NAME),
    waivers: new WaiverItems(env.TABLE_NAME),
    transfers: new TransferItems(env.TABLE_NAME),
    snapshots: new KeptSnapshotItems(env.TABLE_NAME),
    jobs: new JobItems(env.TABLE_NAME),
    standing: new StandingItems(env.TABLE_NAME),
    chunks: new ChunkItems(env.TABLE_NAME),
    slots: new SlotItems(env.TABLE_NAME),
    jobFiles: new S3JobFileLinks(env.JOBS_BUCKET),
    jobBucket: env.JOBS_BUCKET,
    random: (bytes) => randomBytes(bytes).toString('hex'),
    failures: table,
    deadLetters: new SqsDeadLetters(placesOf(env.DEAD_LETTERS, env.DEAD_LETTERS_URL)),
    outbox: new LambdaOutboxDrain(env.OUTBOX_FUNCTION),
    bases: new EcrBases(),
    attachments: new EcrAttachments(),
    buildLogs: new CloudWatchBuildLogs(env.BUILD_LOG_GROUP),
    buildRecords: new BuildRecordItems(env.TABLE_NAME),
    names: new LambdaNamePlanner(env.DNS_FUNCTION),
    config,
    clock: systemClock,
  },
  {
    routed: (route) => note({ route }),
    failed: (error) => log.error('failed', error),
  },
);

/** The request's id stands where a stage's message id does: on log lines, and as the cause of what is written. */
export const handler = (event: unknown): Promise<APIGatewayProxyStructuredResultV2> =>
  withFields({ stage: 'api', messageId: requestIdOf(event) }, async () => {
    const begun = performance.now();
    const answer = await app(requestOf(event, claims));
    log.info('answered', { status: answer.status });
    measure([count('Handled'), time('ResponseTime', performance.now() - begun)]);
    return answerOf(answer);
  });
