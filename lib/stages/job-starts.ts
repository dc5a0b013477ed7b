/** Starts what standing jobs stand for: by the clock, by uploads to the bucket of jobs, and by the ends of other jobs. It reads no data. */
import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { impactOf } from '#core/flow.ts';
import type { MeasureName } from '#core/measures.ts';
import { Env } from '#lambdas/job-starts/env.ts';
import { alarm } from '../kit/alarm.ts';
import type { Foundation } from '../kit/foundation.ts';
import { StageFunction } from '../kit/stage-function.ts';
import { StageQueue } from '../kit/stage-queue.ts';
import { subscribe } from '../kit/subscribe.ts';
import { mayKeepFailures, mayRead, mayReadStandingJobs, mayWrite } from '../kit/table-access.ts';

export interface JobStartsStageProps extends Foundation {
  readonly bucket: Bucket;
}

export class JobStartsStage extends Construct {
  readonly queue: StageQueue;
  readonly function: StageFunction;

  constructor(scope: Construct, id: string, { table, bus, pager, bucket }: JobStartsStageProps) {
    super(scope, id);
    const stage = 'job-starts';
    const common = { impact: impactOf(stage), pager, timeout: Duration.seconds(60) };
    this.queue = new StageQueue(this, 'Inbox', { stage, ...common });
    this.function = new StageFunction(this, 'Function', {
      ...common,
      name: stage,
      description: 'Starts what standing jobs stand for',
      env: Env,
      environment: {
        TABLE_NAME: table.tableName,
        JOBS_BUCKET: bucket.bucketName,
        DLQ_URL: this.queue.deadLetters.queueUrl,
      },
    });
    mayRead(this.function, table);
    mayReadStandingJobs(this.function, table);
    mayKeepFailures(this.function, table);
    mayWrite(this.function, table, ['STANDING', 'JOB', 'AUDIT', 'LEDGER', 'OUTBOX']);
    this.queue.refusedBy(this.function);
    // Many objects of one prefix are written to one item, one after the other.
    this.queue.feeds(this.function, { batchSize: 1, maxConcurrency: 2 });
    subscribe({ stage, bus, to: this.queue, only: { 'aws.s3': { bucket: { name: [bucket.bucketName] } } } });
    const stuck: MeasureName = 'NotStarted';
    alarm(this, 'NotStarted', {
      // Longer than the pause between two tries: it rings on until one succeeds, or is given up.
      metric: new Metric({
        namespace: 'GetSchwifty',
        metricName: stuck,
        dimensionsMap: { Stage: stage },
        statistic: 'Sum',
        period: Duration.hours(1),
      }),
      threshold: 1,
      seen: 'A standing job could not be started four times in a row.',
      impact: 'Its team waits for results that do not come; its runs say why.',
      runbook: stage,
      pager,
    });
  }
}
