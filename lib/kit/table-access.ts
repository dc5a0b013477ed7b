/**
 * Who may do what with the table. The kind of an item is the prefix of its partition key, so a policy can say which
 * kinds a function writes: only the gate verdicts, only the API approvals.
 */
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { BundledFunction } from './bundled-function.ts';

export type ItemKind =
  | 'ENV'
  | 'VERDICT'
  | 'APPROVAL'
  | 'LEDGER'
  | 'AUDIT'
  | 'OUTBOX'
  | 'NOTICE'
  | 'FAILURE'
  | 'REQUEST'
  | 'BUCKET'
  | 'SSHKEY'
  | 'SESSION'
  | 'WAIVER'
  | 'TRANSFER'
  | 'SNAPSHOT'
  | 'BUILD'
  | 'JOB'
  | 'SHARE'
  | 'CHUNK'
  | 'STANDING';

/** A change of an environment is one transaction of these three. */
export const changeOfEnvironment: readonly ItemKind[] = ['ENV', 'AUDIT', 'OUTBOX'];

/** A writer's rights end where its keys do. */
const keys = (kinds: readonly ItemKind[]) => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': kinds.map((kind) => `${kind}#*`) },
  // ForAllValues is also true of a request that has no key at all.
  Null: { 'dynamodb:LeadingKeys': 'false' },
});

export const mayRead = (reader: BundledFunction, table: Table): void =>
  reader.allow(['dynamodb:GetItem'], [table.tableArn]);

/** Partitions of these kinds, each at once. */
export const mayReadWhole = (reader: BundledFunction, table: Table, kinds: readonly ItemKind[]): void =>
  reader.allow(['dynamodb:Query'], [table.tableArn], keys(kinds));

/** Alone or in a transaction; the condition on the version is part of the put. */
export const mayWrite = (writer: BundledFunction, table: Table, kinds: readonly ItemKind[]): void =>
  writer.allow(['dynamodb:PutItem'], [table.tableArn], keys(kinds));

/** Why its messages failed: SQS itself keeps no reason. */
export const mayKeepFailures = (stage: BundledFunction, table: Table): void =>
  mayWrite(stage, table, ['FAILURE']);

/** What data jobs could use of a cluster's workers. */
export const mayReadShares = (reader: BundledFunction, table: Table): void =>
  mayReadWhole(reader, table, ['SHARE']);

/** Marks what was sent, and what can't be read. */
export const maySettle = (writer: BundledFunction, table: Table): void =>
  writer.allow(['dynamodb:UpdateItem'], [table.tableArn], keys(['OUTBOX']));

/** Keeps what was asked and answered, by the key that it was asked with, and how often people ask. */
export const mayKeepRequests = (writer: BundledFunction, table: Table): void =>
  writer.allow(['dynamodb:UpdateItem'], [table.tableArn], keys(['REQUEST', 'BUCKET']));

/** All keys of a team's people, at once: for who is no function. */
export const readingKeys = (table: Table): PolicyStatement =>
  new PolicyStatement({
    actions: ['dynamodb:Query'],
    resources: [table.tableArn],
    conditions: keys(['SSHKEY']),
  });

/** Who logged in, and how it ended: from a service in a cluster, which reads none of it. */
export const writingSessions = (table: Table): PolicyStatement =>
  new PolicyStatement({
    actions: ['dynamodb:PutItem'],
    resources: [table.tableArn],
    conditions: keys(['SESSION']),
  });

/** All waivers of a team that people made, at once. */
export const mayReadWaivers = (reader: BundledFunction, table: Table): void =>
  mayReadWhole(reader, table, ['WAIVER']);

/** All standing jobs of a team, at once. */
export const mayReadStandingJobs = (reader: BundledFunction, table: Table): void =>
  mayReadWhole(reader, table, ['STANDING']);

/** All chunks of a data job: its manifest is made of them. */
export const mayReadChunks = (reader: BundledFunction, table: Table): void =>
  mayReadWhole(reader, table, ['CHUNK']);

/** Of a job that runs again, with its sums. */
export const mayReviveChunks = (writer: BundledFunction, table: Table): void =>
  writer.allow(['dynamodb:PutItem', 'dynamodb:UpdateItem'], [table.tableArn], keys(['CHUNK']));

/** Marks what people are told. */
export const mayNote = (writer: BundledFunction, table: Table): void =>
  writer.allow(['dynamodb:UpdateItem'], [table.tableArn], keys(['NOTICE']));

/** Two indexes have the environments of all teams in one partition: only reconcile is given those. */
export const mayQueryIndexes = (reader: BundledFunction, table: Table, indexes: readonly string[]): void =>
  reader.allow(
    ['dynamodb:Query'],
    indexes.map((index) => `${table.tableArn}/index/${index}`),
  );
