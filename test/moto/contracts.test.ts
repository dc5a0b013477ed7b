/** The contracts of test/contracts/, kept by the real adapters on moto: what they ask is not only what one emulator takes. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Route53Client } from '@aws-sdk/client-route-53';
import { SQSClient } from '@aws-sdk/client-sqs';
import { expect, inject, test } from 'vitest';
import { BucketItems } from '#adapters/aws/buckets.ts';
import { BuildRecordItems } from '#adapters/aws/build-records.ts';
import { ChunkItems } from '#adapters/aws/chunk-items.ts';
import { DemandItems } from '#adapters/aws/demand-items.ts';
import { Route53Zone } from '#adapters/aws/dns-zone.ts';
import { SqsJobQueues } from '#adapters/aws/job-queues.ts';
import { KeptSnapshotItems } from '#adapters/aws/kept-snapshots.ts';
import { NoticeItems } from '#adapters/aws/notices.ts';
import { PersonKeyItems } from '#adapters/aws/person-keys.ts';
import { RequestItems } from '#adapters/aws/request-items.ts';
import { SshSessionItems } from '#adapters/aws/ssh-sessions.ts';
import { Table } from '#adapters/aws/table.ts';
import { TransferItems } from '#adapters/aws/transfers.ts';
import { WaiverItems } from '#adapters/aws/waivers.ts';
import { attachmentsContract } from '../contracts/attachments.ts';
import {
  AwsJobObjects,
  awsChunkQueue,
  awsJobStore,
  awsSlots,
  awsStanding,
} from '../contracts/aws-job-worlds.ts';
import { AwsWorlds } from '../contracts/aws-worlds.ts';
import { basesContract } from '../contracts/bases.ts';
import { bucketsContract } from '../contracts/buckets.ts';
import { buildLogsContract } from '../contracts/build-logs.ts';
import { buildRecordsContract } from '../contracts/build-records.ts';
import { builderContract } from '../contracts/builder.ts';
import { chunkQueueContract } from '../contracts/chunk-queue.ts';
import { chunkStoreContract } from '../contracts/chunk-store.ts';
import { datasetsContract } from '../contracts/datasets.ts';
import { deadLetterQueuesContract } from '../contracts/dead-letter-queues.ts';
import { deadLettersContract } from '../contracts/dead-letters.ts';
import { demandsContract } from '../contracts/demands.ts';
import { dnsZoneContract } from '../contracts/dns-zone.ts';
import { eventBusContract } from '../contracts/event-bus.ts';
import { heartbeatContract } from '../contracts/heartbeat.ts';
import { inboxContract } from '../contracts/inbox.ts';
import { jobObjectsContract } from '../contracts/job-objects.ts';
import { jobQueuesContract } from '../contracts/job-queues.ts';
import { jobStoreContract } from '../contracts/job-store.ts';
import { keptSnapshotsContract } from '../contracts/kept-snapshots.ts';
import { awsBuildLogs } from '../contracts/log-group.ts';
import { lookQueuesContract } from '../contracts/look-queues.ts';
import { metricHeartbeat } from '../contracts/metric-heartbeat.ts';
import { noticesContract } from '../contracts/notices.ts';
import { outboxContract } from '../contracts/outbox.ts';
import { pagerContract } from '../contracts/pager.ts';
import { personKeysContract } from '../contracts/person-keys.ts';
import { quotaContract } from '../contracts/quota.ts';
import { reportsContract } from '../contracts/reports.ts';
import { repositoriesContract } from '../contracts/repositories.ts';
import { requestsContract } from '../contracts/requests.ts';
import { scannerContract } from '../contracts/scanner.ts';
import { slotsContract } from '../contracts/slots.ts';
import { sshSessionsContract } from '../contracts/ssh-sessions.ts';
import { standingContract } from '../contracts/standing.ts';
import { storeContract } from '../contracts/store.ts';
import { transfersContract } from '../contracts/transfers.ts';
import { waiversContract } from '../contracts/waivers.ts';
import * as known from './deviations.ts';
import { motoAttachments, motoBases, motoBuilder, motoScanner } from './worlds.ts';

const endpoint = inject('moto');
const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };
const sdk = { endpoint, region: 'us-east-1', credentials };
const worlds = new AwsWorlds(sdk);
const dynamo = new DynamoDBClient(sdk);
const route53 = new Route53Client(sdk);

const tableName = await worlds.table();
const zone = await worlds.zone();

storeContract('Table on moto', () => new Table(tableName, dynamo));
outboxContract('Table on moto', () => new Table(tableName, dynamo));
quotaContract('Table on moto', () => new Table(tableName, dynamo));
requestsContract('RequestItems on moto', () => ({
  requests: new RequestItems(tableName, dynamo),
  store: new Table(tableName, dynamo),
}));
bucketsContract('BucketItems on moto', () => new BucketItems(tableName, dynamo));
repositoriesContract('ECR repositories on moto', () => worlds.repositories());
reportsContract('S3Reports on moto', () => worlds.reports());
noticesContract('NoticeItems on moto', () => new NoticeItems(tableName, dynamo));
buildRecordsContract('BuildRecordItems on moto', () => new BuildRecordItems(tableName, dynamo));
personKeysContract('PersonKeyItems on moto', () => new PersonKeyItems(tableName, dynamo));
sshSessionsContract('SshSessionItems on moto', () => new SshSessionItems(tableName, dynamo));
keptSnapshotsContract('KeptSnapshotItems on moto', () => ({
  store: new Table(tableName, dynamo),
  snapshots: new KeptSnapshotItems(tableName, dynamo),
}));
transfersContract('TransferItems on moto', () => ({
  store: new Table(tableName, dynamo),
  transfers: new TransferItems(tableName, dynamo),
}));
demandsContract('DemandItems on moto', () => new DemandItems(tableName, dynamo));
waiversContract('WaiverItems on moto', () => new WaiverItems(tableName, dynamo));
chunkStoreContract('ChunkItems on moto', () => new ChunkItems(tableName, dynamo));
slotsContract('SlotItems on moto', () => awsSlots(sdk, tableName));
chunkQueueContract('SqsChunkQueue on moto', () => awsChunkQueue(sdk, worlds.name('chunks')));
jobStoreContract('JobItems on moto', () => awsJobStore(sdk, tableName));
standingContract('StandingItems on moto', () => awsStanding(sdk, tableName));
jobQueuesContract('SqsJobQueues on moto', () => new SqsJobQueues(new SQSClient(sdk)));
datasetsContract('S3Datasets on moto', () => new AwsJobObjects(sdk, worlds.name('data')).make());
jobObjectsContract('S3JobObjects on moto', () => new AwsJobObjects(sdk, worlds.name('job')).make());
dnsZoneContract('Route53Zone on moto', zone.name, () => new Route53Zone(zone.id, route53), known.dnsZone);
eventBusContract('EventBridgeBus on moto', () => worlds.bus(), known.eventBus);
lookQueuesContract('SqsLooks on moto', () => worlds.looks());
pagerContract('SnsPager on moto', () => worlds.pager());
deadLettersContract('toDeadLetters on moto', () => worlds.deadLetters());
inboxContract('comeAgain on moto', () => worlds.inbox());
deadLetterQueuesContract('SqsDeadLetters on moto', () => worlds.deadLetterQueues());
scannerContract('EcrScanner on moto', () => motoScanner(sdk, worlds), known.scanner);
buildLogsContract('CloudWatchBuildLogs on moto', () => awsBuildLogs(sdk, worlds.name('builds')));
heartbeatContract('MetricHeartbeat on moto', () => metricHeartbeat(sdk, worlds.name('heart')));
attachmentsContract('EcrAttachments on moto', () => motoAttachments(sdk, worlds), known.attachments);
basesContract('EcrBases on moto', () => motoBases(sdk, worlds));
builderContract('CodeBuilder on moto', () => motoBuilder(sdk, worlds), known.builder);

/** The promoter's contract can't be held here: when this fails, it can. */
test('moto has no registry: it answers ECR’s API, but not the OCI distribution protocol', async () => {
  const answer = await fetch(`${endpoint}/v2/`, {
    headers: { host: '000000000000.dkr.ecr.us-east-1.amazonaws.com' },
  });
  expect(answer.headers.get('docker-distribution-api-version')).toBeNull();
  expect([200, 401]).not.toContain(answer.status);
});
