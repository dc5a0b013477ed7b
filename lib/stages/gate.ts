/** Judges pushed images: what ECR or Inspector tells leads here, all findings are read, the verdict is written. */
import { Duration } from 'aws-cdk-lib';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { impactOf } from '#core/flow.ts';
import { Env } from '#lambdas/gate/env.ts';
import type { Foundation } from '../kit/foundation.ts';
import { mayReadFindings } from '../kit/registry.ts';
import { mayKeepReports } from '../kit/reports.ts';
import { StageFunction } from '../kit/stage-function.ts';
import { StageQueue } from '../kit/stage-queue.ts';
import { subscribe } from '../kit/subscribe.ts';
import {
  changeOfEnvironment,
  mayKeepFailures,
  mayRead,
  mayReadWaivers,
  mayWrite,
} from '../kit/table-access.ts';

export interface GateStageProps extends Foundation {
  readonly sources: Bucket;
}

export class GateStage extends Construct {
  readonly queue: StageQueue;
  readonly function: StageFunction;

  constructor(scope: Construct, id: string, { table, bus, pager, sources }: GateStageProps) {
    super(scope, id);
    const stage = 'gate';
    const common = { impact: impactOf(stage), pager, timeout: Duration.seconds(60) };
    this.queue = new StageQueue(this, 'Inbox', { stage, ...common });
    this.function = new StageFunction(this, 'Function', {
      ...common,
      name: stage,
      description: 'Judges images by their findings',
      env: Env,
      environment: {
        TABLE_NAME: table.tableName,
        REPORTS_BUCKET: sources.bucketName,
        DLQ_URL: this.queue.deadLetters.queueUrl,
      },
      // Findings of a large image are some megabytes of JSON.
      memorySize: 1024,
    });
    mayRead(this.function, table);
    mayReadWaivers(this.function, table);
    mayKeepFailures(this.function, table);
    mayWrite(this.function, table, [...changeOfEnvironment, 'VERDICT']);
    mayKeepReports(this.function, sources);
    // What runs is judged on, when its candidate has gone as well.
    mayReadFindings(this.function, ['candidate', 'release']);
    this.queue.refusedBy(this.function);
    this.queue.feeds(this.function, { batchSize: 5, maxConcurrency: 10 });
    subscribe({ stage, bus, to: this.queue });
  }
}
