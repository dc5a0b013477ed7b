/** Sends what was written with each change: the table's stream is read in the order of the writes. */
import { Duration } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { EventSourceMapping, FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Construct } from 'constructs';
import { Env } from '#lambdas/outbox/env.ts';
import { outboxIndex } from '../data-stack.ts';
import { acknowledge } from '../kit/acknowledge.ts';
import { DeadLetters, dlqOfOthers } from '../kit/dead-letters.ts';
import type { Foundation } from '../kit/foundation.ts';
import { type LookQueues, lookEnvironment, mayAskForLooks } from '../kit/looks.ts';
import { StageFunction } from '../kit/stage-function.ts';
import { mayQueryIndexes, mayRead, maySettle } from '../kit/table-access.ts';

export interface OutboxStageProps extends Foundation {
  readonly looks: LookQueues;
}

const impact = 'Nothing goes on from one stage to the next, until reconcile sends it a minute later.';

export class OutboxStage extends Construct {
  readonly function: StageFunction;
  readonly deadLetters: DeadLetters;

  constructor(scope: Construct, id: string, { table, bus, pager, looks }: OutboxStageProps) {
    super(scope, id);
    this.deadLetters = new DeadLetters(this, 'DeadLetters', { of: 'outbox', impact, pager });
    acknowledge(this.deadLetters.queue, dlqOfOthers);
    this.function = new StageFunction(this, 'Function', {
      name: 'outbox',
      description: 'Sends the events and looks that were written with each change',
      env: Env,
      environment: {
        TABLE_NAME: table.tableName,
        BUS_NAME: bus.eventBusName,
        ...lookEnvironment(this, looks),
        OUTBOX_DLQ_URL: this.deadLetters.queue.queueUrl,
      },
      timeout: Duration.seconds(30),
      impact,
      pager,
    });
    this.deadLetters.reportedBy(this.function);
    maySettle(this.function, table);
    // To send all that is pending, when people redrive the DLQ.
    mayRead(this.function, table);
    mayQueryIndexes(this.function, table, [outboxIndex]);
    mayAskForLooks(this.function, looks);
    this.function.allow(['events:PutEvents'], [bus.eventBusArn]);
    this.#readsStreamOf(table);
  }

  #readsStreamOf(table: Table): void {
    const stream = table.tableStreamArn;
    if (stream === undefined) throw new Error('The table has no stream: the outbox is read from it.');
    this.function.allow(
      ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
      [stream],
    );
    this.function.allowUnscoped('dynamodb:ListStreams');
    const mapping = new EventSourceMapping(this, 'Stream', {
      target: this.function.lambda,
      eventSourceArn: stream,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      retryAttempts: 5,
      onFailure: new SqsDlq(this.deadLetters.queue),
      filters: [
        FilterCriteria.filter({
          eventName: FilterRule.isEqual('INSERT'),
          dynamodb: { Keys: { pk: { S: FilterRule.beginsWith('OUTBOX#') } } },
        }),
      ],
    });
    mapping.node.addDependency(this.function.role);
  }
}
