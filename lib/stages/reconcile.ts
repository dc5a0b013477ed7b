/** Once a minute: whatever is due is looked at again, whatever was not sent is sent. */
import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { impactOf } from '#core/flow.ts';
import { Env } from '#lambdas/reconcile/env.ts';
import { dueIndex, outboxIndex } from '../data-stack.ts';
import { DeadLetters } from '../kit/dead-letters.ts';
import type { Foundation } from '../kit/foundation.ts';
import { type LookQueues, lookEnvironment, mayAskForLooks } from '../kit/looks.ts';
import { StageFunction } from '../kit/stage-function.ts';
import { mayQueryIndexes, maySettle } from '../kit/table-access.ts';
import type { OutboxStage } from './outbox.ts';

export interface ReconcileStageProps extends Foundation {
  readonly looks: LookQueues;
  /** Both send what is pending, and report what can't be read. */
  readonly outbox: OutboxStage;
}

export class ReconcileStage extends Construct {
  readonly function: StageFunction;
  readonly deadLetters: DeadLetters;

  constructor(scope: Construct, id: string, { table, bus, pager, looks, outbox }: ReconcileStageProps) {
    super(scope, id);
    const impact = impactOf('reconcile');
    this.deadLetters = new DeadLetters(this, 'DeadLetters', { of: 'reconcile', impact, pager });
    this.function = new StageFunction(this, 'Function', {
      name: 'reconcile',
      description: 'Asks for what is due and sends what was not sent',
      env: Env,
      environment: {
        TABLE_NAME: table.tableName,
        BUS_NAME: bus.eventBusName,
        ...lookEnvironment(this, looks),
        OUTBOX_DLQ_URL: outbox.deadLetters.queue.queueUrl,
      },
      timeout: Duration.seconds(50),
      failures: this.deadLetters.queue,
      impact,
      pager,
    });
    mayQueryIndexes(this.function, table, [dueIndex, outboxIndex]);
    outbox.deadLetters.reportedBy(this.function);
    maySettle(this.function, table);
    mayAskForLooks(this.function, looks);
    this.function.allow(['events:PutEvents'], [bus.eventBusArn]);
    const rule = new Rule(this, 'EveryMinute', { schedule: Schedule.rate(Duration.minutes(1)) });
    // A run that could not be started is made good by the next one.
    const target = {
      deadLetterQueue: this.deadLetters.queue,
      maxEventAge: Duration.minutes(1),
      retryAttempts: 1,
    };
    rule.addTarget(new LambdaFunction(this.function.lambda, target));
  }
}
