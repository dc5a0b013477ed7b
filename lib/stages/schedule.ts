/** Starts, stops and ends environments by the clock: by working hours and ttl, and where another team's took their place. Nobody tells it: reconcile says what is due. */
import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { impactOf } from '#core/flow.ts';
import { Env } from '#lambdas/schedule/env.ts';
import type { Foundation } from '../kit/foundation.ts';
import { StageFunction } from '../kit/stage-function.ts';
import { StageQueue } from '../kit/stage-queue.ts';
import {
  changeOfEnvironment,
  mayKeepFailures,
  mayRead,
  mayReadWaivers,
  mayWrite,
} from '../kit/table-access.ts';

export class ScheduleStage extends Construct {
  readonly queue: StageQueue;
  readonly function: StageFunction;

  constructor(scope: Construct, id: string, { table, pager }: Foundation) {
    super(scope, id);
    const stage = 'schedule';
    const common = { impact: impactOf(stage), pager, timeout: Duration.seconds(30) };
    this.queue = new StageQueue(this, 'Inbox', { stage, ...common });
    this.function = new StageFunction(this, 'Function', {
      ...common,
      name: stage,
      description: 'Starts, stops and ends environments by the clock',
      env: Env,
      environment: { TABLE_NAME: table.tableName, DLQ_URL: this.queue.deadLetters.queueUrl },
    });
    mayRead(this.function, table);
    mayReadWaivers(this.function, table);
    mayKeepFailures(this.function, table);
    mayWrite(this.function, table, [...changeOfEnvironment, 'LEDGER', 'TRANSFER']);
    this.queue.refusedBy(this.function);
    // A morning starts many of one team, whose ledger is written one after the other.
    this.queue.feeds(this.function, { batchSize: 5, maxConcurrency: 2 });
  }
}
