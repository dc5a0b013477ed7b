/** Tells people on call of incidents and of their end. What goes wrong here rings the same topic, but not through here. */
import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { impactOf } from '#core/flow.ts';
import { Env } from '#lambdas/pager/env.ts';
import type { Foundation } from '../kit/foundation.ts';
import type { PagerTopic } from '../kit/pager-topic.ts';
import { StageFunction } from '../kit/stage-function.ts';
import { StageQueue } from '../kit/stage-queue.ts';
import { subscribe } from '../kit/subscribe.ts';
import { changeOfEnvironment, mayKeepFailures, mayNote, mayRead, mayWrite } from '../kit/table-access.ts';

export interface PagerStageProps extends Foundation {
  readonly tells: PagerTopic;
}

export class PagerStage extends Construct {
  readonly queue: StageQueue;
  readonly function: StageFunction;

  constructor(scope: Construct, id: string, { table, bus, pager, tells }: PagerStageProps) {
    super(scope, id);
    const stage = 'pager';
    const common = { impact: impactOf(stage), pager, timeout: Duration.seconds(30) };
    this.queue = new StageQueue(this, 'Inbox', { stage, ...common });
    this.function = new StageFunction(this, 'Function', {
      ...common,
      name: stage,
      description: 'Tells people of incidents and of their end',
      env: Env,
      environment: {
        TABLE_NAME: table.tableName,
        TOPIC_ARN: tells.topic.topicArn,
        DLQ_URL: this.queue.deadLetters.queueUrl,
      },
      memorySize: 256,
    });
    mayRead(this.function, table);
    mayWrite(this.function, table, changeOfEnvironment);
    mayNote(this.function, table);
    this.function.allow(['sns:Publish'], [tells.topic.topicArn]);
    this.function.allow(['kms:Decrypt', 'kms:GenerateDataKey'], [tells.key.keyArn]);
    mayKeepFailures(this.function, table);
    this.queue.refusedBy(this.function);
    this.queue.feeds(this.function, { batchSize: 10, maxConcurrency: 2 });
    subscribe({ stage, bus, to: this.queue });
  }
}
