/** Releases what was approved. Its role is the only one that may push to a release repository. */
import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { impactOf } from '#core/flow.ts';
import { Env } from '#lambdas/promote/env.ts';
import type { Foundation } from '../kit/foundation.ts';
import { mayReadFindings, pullActions, pushActions, repositoriesBelow } from '../kit/registry.ts';
import type { Repositories } from '../kit/repositories.ts';
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

export interface PromoteStageProps extends Foundation {
  readonly repositories: Repositories;
}

export class PromoteStage extends Construct {
  readonly queue: StageQueue;
  readonly function: StageFunction;

  constructor(scope: Construct, id: string, { table, bus, pager, repositories }: PromoteStageProps) {
    super(scope, id);
    const stage = 'promote';
    // Where blobs can't be mounted they are streamed through the function.
    const common = { impact: impactOf(stage), pager, timeout: Duration.minutes(10) };
    this.queue = new StageQueue(this, 'Inbox', { stage, ...common });
    this.function = new StageFunction(this, 'Function', {
      ...common,
      name: stage,
      description: 'Copies approved digests to their release repositories',
      env: Env,
      environment: { TABLE_NAME: table.tableName, DLQ_URL: this.queue.deadLetters.queueUrl },
      memorySize: 1024,
    });
    mayRead(this.function, table);
    mayReadWaivers(this.function, table);
    mayKeepFailures(this.function, table);
    mayWrite(this.function, table, changeOfEnvironment);
    mayReadFindings(this.function);
    this.#mayRelease(repositories);
    this.queue.refusedBy(this.function);
    // One promotion in an invocation: each may need the whole of its time.
    this.queue.feeds(this.function, { batchSize: 1, maxConcurrency: 5 });
    subscribe({ stage, bus, to: this.queue });
  }

  #mayRelease(repositories: Repositories): void {
    const releases = repositoriesBelow(this.function, 'release');
    this.function.allowUnscoped('ecr:GetAuthorizationToken');
    this.function.allow(pullActions, [repositoriesBelow(this.function, 'candidate'), releases]);
    this.function.allow(pushActions, [releases]);
    repositories.releasedOnlyBy(this.function.role);
  }
}
