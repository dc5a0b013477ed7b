/** Deletes the repositories of environments that were deleted. Its role is the only one that may. */
import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { impactOf } from '#core/flow.ts';
import { Env } from '#lambdas/remove/env.ts';
import type { Foundation } from '../kit/foundation.ts';
import { repositoriesBelow } from '../kit/registry.ts';
import { StageFunction } from '../kit/stage-function.ts';
import { StageQueue } from '../kit/stage-queue.ts';
import { subscribe } from '../kit/subscribe.ts';
import { changeOfEnvironment, mayKeepFailures, mayRead, mayWrite } from '../kit/table-access.ts';

export class RemoveStage extends Construct {
  readonly queue: StageQueue;
  readonly function: StageFunction;

  constructor(scope: Construct, id: string, { table, bus, pager }: Foundation) {
    super(scope, id);
    const stage = 'remove';
    const common = { impact: impactOf(stage), pager, timeout: Duration.seconds(60) };
    this.queue = new StageQueue(this, 'Inbox', { stage, ...common });
    this.function = new StageFunction(this, 'Function', {
      ...common,
      name: stage,
      description: 'Deletes the repositories of deleted environments',
      env: Env,
      environment: { TABLE_NAME: table.tableName, DLQ_URL: this.queue.deadLetters.queueUrl },
    });
    mayRead(this.function, table);
    mayKeepFailures(this.function, table);
    mayWrite(this.function, table, changeOfEnvironment);
    const prefixes = (['candidate', 'cache', 'release'] as const).map((prefix) =>
      repositoriesBelow(this.function, prefix),
    );
    this.function.allow(['ecr:DeleteRepository'], prefixes);
    this.queue.refusedBy(this.function);
    this.queue.feeds(this.function, { batchSize: 5, maxConcurrency: 2 });
    subscribe({ stage, bus, to: this.queue });
  }
}
