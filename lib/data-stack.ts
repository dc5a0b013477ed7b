/** What must outlive everything else: the table, the build contexts and reports, the bus, and the topic that people subscribed to. */
import { Duration, Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { Listed } from '#core/environment.ts';
import { keptDays } from '#core/keeping.ts';
import { acknowledge } from './kit/acknowledge.ts';
import { Backups, notBackedUp } from './kit/backups.ts';
import { choicesOf, removalPolicyOf } from './kit/context.ts';
import { jobResults, quotesFound } from './kit/job-workers.ts';
import { PagerTopic } from './kit/pager-topic.ts';

/** The sparse indexes that reconcile reads. */
export const dueIndex = 'due';
export const outboxIndex = 'outbox';
/** A team's environments, without what is large: one partition a team. */
export const teamIndex = 'team';

export class DataStack extends Stack {
  readonly table: Table;
  readonly sources: Bucket;
  readonly bus: EventBus;
  readonly pager: PagerTopic;

  constructor(scope: Construct, id: string) {
    super(scope, id, { description: 'GetSchwifty: what outlives everything else' });
    this.table = this.#table();
    this.sources = this.#sources();
    this.bus = new EventBus(this, 'Bus', { eventBusName: 'getschwifty' });
    this.pager = new PagerTopic(this, 'Pager');
    new Backups(this, 'Backups', { table: this.table, pager: this.pager.topic });
  }

  #table(): Table {
    const { deletionProtection } = choicesOf(this);
    const string = (name: string) => ({ name, type: AttributeType.STRING });
    const table = new Table(this, 'Table', {
      partitionKey: string('pk'),
      sortKey: string('sk'),
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      stream: StreamViewType.NEW_IMAGE,
      timeToLiveAttribute: 'ttl',
      deletionProtection,
      removalPolicy: removalPolicyOf(this),
    });
    table.addGlobalSecondaryIndex({
      indexName: dueIndex,
      partitionKey: string('dueShard'),
      sortKey: string('lookAt'),
      projectionType: ProjectionType.ALL,
    });
    table.addGlobalSecondaryIndex({
      indexName: outboxIndex,
      partitionKey: string('pending'),
      sortKey: string('writtenAt'),
      projectionType: ProjectionType.ALL,
    });
    table.addGlobalSecondaryIndex({
      indexName: teamIndex,
      partitionKey: string('listedIn'),
      sortKey: string('pk'),
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: Object.keys(Listed.shape),
    });
    acknowledge(table, {
      'checkov CKV_AWS_119':
        'DynamoDB encrypts it with a key of its own; nothing in it is secret, and who disabled a key of ours would stop everything.',
    });
    return table;
  }

  #sources(): Bucket {
    const common = {
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      removalPolicy: removalPolicyOf(this),
    };
    const accessLogs = new Bucket(this, 'AccessLogs', {
      ...common,
      lifecycleRules: [{ expiration: Duration.days(90) }],
    });
    acknowledge(accessLogs, {
      'checkov CKV_AWS_18': 'It holds the access logs: logging its own would never end.',
      'checkov CKV_AWS_21': 'S3 writes each log once and nobody overwrites it.',
    });
    notBackedUp(accessLogs, 'Who read and wrote is of interest for ninety days, and then deleted.');
    const sources = new Bucket(this, 'Sources', {
      ...common,
      // As an interface: CDK's classes are not made for exactOptionalPropertyTypes.
      serverAccessLogsBucket: accessLogs as IBucket,
      serverAccessLogsPrefix: 'sources/',
      // A report is written anew at each verdict on its image: a year after the last one nobody asks for it.
      // A build context is written anew for each build; the days are for whoever looks into a failed one.
      lifecycleRules: [
        { prefix: 'reports/', expiration: Duration.days(keptDays.reports) },
        {
          prefix: 'builds/',
          expiration: Duration.days(keptDays.contexts),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
        // What was found of CSV is found again by reading it.
        { prefix: quotesFound, expiration: Duration.days(keptDays.quotes) },
        // What workers of data jobs that are gone began to upload, and nobody took their chunk since.
        { prefix: jobResults, abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    });
    // As the template has it: CDK's own `eventBridgeEnabled` makes a function that may configure any bucket.
    const { defaultChild } = sources.node;
    if (defaultChild instanceof CfnBucket)
      defaultChild.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
    acknowledge(sources, {
      'checkov CKV_AWS_21':
        'A build context has a key of its own, is written once and gone after a week; a report can be made again by a look at its image.',
    });
    notBackedUp(
      sources,
      'Contexts are gone after a week, reports are made again by a look at their images; datasets and results of jobs are copies to work on: a job makes its results again (docs/adr/0013).',
    );
    return sources;
  }
}
