/** The contracts that any endpoint of AWS's APIs must let the real adapters keep, with nothing known beside them that is not so. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { BucketItems } from '#adapters/aws/buckets.ts';
import { BuildRecordItems } from '#adapters/aws/build-records.ts';
import { ChunkItems } from '#adapters/aws/chunk-items.ts';
import { DemandItems } from '#adapters/aws/demand-items.ts';
import { SqsJobQueues } from '#adapters/aws/job-queues.ts';
import { KeptSnapshotItems } from '#adapters/aws/kept-snapshots.ts';
import { NoticeItems } from '#adapters/aws/notices.ts';
import { PersonKeyItems } from '#adapters/aws/person-keys.ts';
import { RequestItems } from '#adapters/aws/request-items.ts';
import { SshSessionItems } from '#adapters/aws/ssh-sessions.ts';
import { Table } from '#adapters/aws/table.ts';
import { TransferItems } from '#adapters/aws/transfers.ts';
import { WaiverItems } from '#adapters/aws/waivers.ts';
import { AwsJobObjects, awsChunkQueue, awsJobStore, awsSlots, awsStanding } from './aws-job-worlds.ts';
import type { AwsWorlds, Sdk } from './aws-worlds.ts';
import { bucketsContract } from './buckets.ts';
import { buildLogsContract } from './build-logs.ts';
import { buildRecordsContract } from './build-records.ts';
import { chunkQueueContract } from './chunk-queue.ts';
import { chunkStoreContract } from './chunk-store.ts';
import { datasetsContract } from './datasets.ts';
import { deadLetterQueuesContract } from './dead-letter-queues.ts';
import { deadLettersContract } from './dead-letters.ts';
import { demandsContract } from './demands.ts';
import { inboxContract } from './inbox.ts';
import { jobObjectsContract } from './job-objects.ts';
import { jobQueuesContract } from './job-queues.ts';
import { jobStoreContract } from './job-store.ts';
import { keptSnapshotsContract } from './kept-snapshots.ts';
import { awsBuildLogs } from './log-group.ts';
import { lookQueuesContract } from './look-queues.ts';
import { madeRepositoriesContract } from './made-repositories.ts';
import { noticesContract } from './notices.ts';
import { outboxContract } from './outbox.ts';
import { pagerContract } from './pager.ts';
import { personKeysContract } from './person-keys.ts';
import { quotaContract } from './quota.ts';
import { reportsContract } from './reports.ts';
import { repositoriesContract } from './repositories.ts';
import { requestsContract } from './requests.ts';
import { slotsContract } from './slots.ts';
import { sshSessionsContract } from './ssh-sessions.ts';
import { standingContract } from './standing.ts';
import { storeContract } from './store.ts';
import { transfersContract } from './transfers.ts';
import { waiversContract } from './waivers.ts';

/** @param where what a test's name ends with. */
export function endpointContracts(sdk: Sdk, worlds: AwsWorlds, tableName: string, where = ''): void {
  const dynamo = new DynamoDBClient(sdk);
  storeContract(`Table${where}`, () => new Table(tableName, dynamo));
  outboxContract(`Table${where}`, () => new Table(tableName, dynamo));
  quotaContract(`Table${where}`, () => new Table(tableName, dynamo));
  requestsContract(`RequestItems${where}`, () => ({
    requests: new RequestItems(tableName, dynamo),
    store: new Table(tableName, dynamo),
  }));
  bucketsContract(`BucketItems${where}`, () => new BucketItems(tableName, dynamo));
  repositoriesContract(`ECR repositories${where}`, () => worlds.repositories());
  madeRepositoriesContract(`EcrRepositoryMaker${where}`, () => worlds.registry());
  reportsContract(`S3Reports${where}`, () => worlds.reports());
  noticesContract(`NoticeItems${where}`, () => new NoticeItems(tableName, dynamo));
  buildRecordsContract(`BuildRecordItems${where}`, () => new BuildRecordItems(tableName, dynamo));
  personKeysContract(`PersonKeyItems${where}`, () => new PersonKeyItems(tableName, dynamo));
  sshSessionsContract(`SshSessionItems${where}`, () => new SshSessionItems(tableName, dynamo));
  keptSnapshotsContract(`KeptSnapshotItems${where}`, () => ({
    store: new Table(tableName, dynamo),
    snapshots: new KeptSnapshotItems(tableName, dynamo),
  }));
  transfersContract(`TransferItems${where}`, () => ({
    store: new Table(tableName, dynamo),
    transfers: new TransferItems(tableName, dynamo),
  }));
  demandsContract(`DemandItems${where}`, () => new DemandItems(tableName, dynamo));
  waiversContract(`WaiverItems${where}`, () => new WaiverItems(tableName, dynamo));
  chunkStoreContract(`ChunkItems${where}`, () => new ChunkItems(tableName, dynamo));
  slotsContract(`SlotItems${where}`, () => awsSlots(sdk, tableName));
  chunkQueueContract(`SqsChunkQueue${where}`, () => awsChunkQueue(sdk, worlds.name('chunks')));
  jobStoreContract(`JobItems${where}`, () => awsJobStore(sdk, tableName));
  standingContract(`StandingItems${where}`, () => awsStanding(sdk, tableName));
  jobQueuesContract(`SqsJobQueues${where}`, () => new SqsJobQueues(new SQSClient(sdk)));
  datasetsContract(`S3Datasets${where}`, () => new AwsJobObjects(sdk, worlds.name('data')).make());
  jobObjectsContract(`S3JobObjects${where}`, () => new AwsJobObjects(sdk, worlds.name('job')).make());
  lookQueuesContract(`SqsLooks${where}`, () => worlds.looks());
  pagerContract(`SnsPager${where}`, () => worlds.pager());
  deadLettersContract(`toDeadLetters${where}`, () => worlds.deadLetters());
  inboxContract(`comeAgain${where}`, () => worlds.inbox());
  deadLetterQueuesContract(`SqsDeadLetters${where}`, () => worlds.deadLetterQueues());
  buildLogsContract(`CloudWatchBuildLogs${where}`, () => awsBuildLogs(sdk, worlds.name('builds')));
}
