/** Data jobs from their input to their manifest. It is outside of the clusters' networks, and gives workers their identity. */
import { Duration, Stack } from 'aws-cdk-lib';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { impactOf } from '#core/flow.ts';
import { functionSeconds } from '#core/jobs/claim.ts';
import { Env } from '#lambdas/jobs/env.ts';
import { acknowledge } from '../kit/acknowledge.ts';
import type { Foundation } from '../kit/foundation.ts';
import { datasets, exportedBucket, type JobWorkers, jobResults, quotesFound } from '../kit/job-workers.ts';
import { registryHost } from '../kit/registry.ts';
import { StageFunction } from '../kit/stage-function.ts';
import { StageQueue } from '../kit/stage-queue.ts';
import { subscribe } from '../kit/subscribe.ts';
import {
  mayKeepFailures,
  mayRead,
  mayReadChunks,
  mayReadShares,
  mayReviveChunks,
  mayWrite,
} from '../kit/table-access.ts';

export interface JobsStageProps extends Foundation {
  readonly bucket: Bucket;
  readonly workers: JobWorkers;
  readonly clusterNames: readonly string[];
}

export class JobsStage extends Construct {
  readonly queue: StageQueue;
  readonly function: StageFunction;

  constructor(scope: Construct, id: string, props: JobsStageProps) {
    super(scope, id);
    const { table, bus, pager, bucket, workers } = props;
    const stage = 'jobs';
    // Shorter than its claim on a job: a portion of chunks is sent in some seconds, a manifest of a million takes longer.
    const common = { impact: impactOf(stage), pager, timeout: Duration.seconds(functionSeconds) };
    this.queue = new StageQueue(this, 'Inbox', { stage, ...common });
    this.function = new StageFunction(this, 'Function', {
      ...common,
      name: stage,
      description: 'Brings data jobs from their input to their manifest',
      env: Env,
      environment: {
        TABLE_NAME: table.tableName,
        JOBS_BUCKET: bucket.bucketName,
        REGISTRY: registryHost(this),
        WORKER_ROLES_ARN: workers.rolesArn,
        DLQ_URL: this.queue.deadLetters.queueUrl,
      },
      // A core of its own, for who reads gigabytes of CSV once over (AWS Lambda developer guide: 1,769 MB).
      memorySize: 1769,
    });
    mayRead(this.function, table);
    mayKeepFailures(this.function, table);
    mayWrite(this.function, table, ['JOB', 'AUDIT', 'LEDGER', 'OUTBOX', 'SHARE']);
    mayReadChunks(this.function, table);
    mayReadShares(this.function, table);
    mayReviveChunks(this.function, table);
    this.#readsAndWrites(bucket);
    this.#makesQueues();
    this.#givesIdentities(props);
    this.queue.refusedBy(this.function);
    this.queue.feeds(this.function, { batchSize: 1, maxConcurrency: 10 });
    subscribe({ stage, bus, to: this.queue });
  }

  #readsAndWrites(bucket: Bucket): void {
    const own = [jobResults, quotesFound].map((prefix) => bucket.arnForObjects(`${prefix}*`));
    this.function.allow(['s3:GetObject'], [bucket.arnForObjects(`${datasets}*`), ...own]);
    this.function.allow(['s3:PutObject', 's3:AbortMultipartUpload'], own);
    this.function.allow(['s3:ListBucketMultipartUploads'], [bucket.bucketArn]);
    this.function.allow(['s3:ListBucket'], [bucket.bucketArn], {
      StringLike: { 's3:prefix': [`${datasets}*`, `${jobResults}*`] },
    });
    acknowledge(this.function, {
      [`AwsSolutions-IAM5[Resource::${exportedBucket}/${datasets}*]`]:
        'What a job reads was checked when it was asked for; its objects have no names before.',
      [`AwsSolutions-IAM5[Resource::${exportedBucket}/${jobResults}*]`]:
        'Each job has a folder of its own, made with it.',
      [`AwsSolutions-IAM5[Resource::${exportedBucket}/${quotesFound}*]`]:
        'Called by what was read, which nobody knows before.',
    });
  }

  #makesQueues(): void {
    const name = 'getschwifty-job-*';
    this.function.allow(
      [
        'sqs:CreateQueue',
        'sqs:TagQueue',
        'sqs:DeleteQueue',
        'sqs:GetQueueUrl',
        'sqs:GetQueueAttributes',
        'sqs:SendMessage',
      ],
      [Stack.of(this).formatArn({ service: 'sqs', resource: name })],
    );
    acknowledge(this.function, {
      [`AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:sqs:<AWS::Region>:<AWS::AccountId>:${name}]`]:
        'Each job has a queue of its own, made with it.',
    });
  }

  /** Source: Service Authorization Reference, "Amazon EKS": to make one takes the right to read and to pass its role. */
  #givesIdentities({ workers, clusterNames }: JobsStageProps): void {
    const stack = Stack.of(this);
    const eks = (resource: string, resourceName: string) =>
      stack.formatArn({ service: 'eks', resource, resourceName });
    this.function.allow(
      ['eks:CreatePodIdentityAssociation', 'eks:ListPodIdentityAssociations'],
      clusterNames.map((name) => eks('cluster', name)),
    );
    this.function.allow(
      ['eks:DeletePodIdentityAssociation'],
      clusterNames.map((name) => eks('podidentityassociation', `${name}/*`)),
    );
    const roles = workers.roles.map(({ roleArn }) => roleArn);
    this.function.allow(['iam:GetRole'], roles);
    this.function.allow(['iam:PassRole'], roles, {
      StringEquals: { 'iam:PassedToService': 'pods.eks.amazonaws.com' },
    });
    acknowledge(
      this.function,
      Object.fromEntries(
        clusterNames.map((name) => [
          `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:eks:<AWS::Region>:<AWS::AccountId>:podidentityassociation/${name}/*]`,
          'An association has no name before it is made.',
        ]),
      ),
    );
  }
}
