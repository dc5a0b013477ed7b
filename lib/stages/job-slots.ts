/** Keeps the workers of data jobs in one cluster: a function and a queue per cluster, in that cluster's VPC. */
import { CustomResource, Duration, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { eventSource } from '#core/events.ts';
import { impactOf } from '#core/flow.ts';
import { jobsResource, slotKeepersGroup } from '#lambdas/cluster-setup/env.ts';
import { Env } from '#lambdas/job-slots/env.ts';
import type { ClusterStack } from '../cluster-stack.ts';
import { ClusterAccess } from '../kit/cluster-access.ts';
import type { Foundation } from '../kit/foundation.ts';
import type { PinnedImage } from '../kit/pinned-image.ts';
import { StageFunction } from '../kit/stage-function.ts';
import { StageQueue } from '../kit/stage-queue.ts';
import { subscribe } from '../kit/subscribe.ts';
import { mayKeepFailures, mayRead, mayWrite } from '../kit/table-access.ts';

export interface JobSlotsStageProps extends Foundation {
  readonly in: ClusterStack;
  readonly worker: PinnedImage;
}

export class JobSlotsStage extends Construct {
  readonly clusterName: string;
  readonly queue: StageQueue;
  readonly function: StageFunction;

  constructor(scope: Construct, id: string, { table, bus, pager, worker, in: target }: JobSlotsStageProps) {
    super(scope, id);
    const stage = 'job-slots';
    const { cluster, clusterName } = target;
    // A thousand workers are a thousand calls, ten at once.
    const common = { impact: impactOf(stage), pager, timeout: Duration.seconds(120) };
    this.clusterName = clusterName;
    this.queue = new StageQueue(this, 'Inbox', { stage, ...common });
    const access = new ClusterAccess(this, 'Access', cluster, clusterName);
    this.function = new StageFunction(this, 'Function', {
      ...common,
      name: stage,
      description: `Keeps the workers of data jobs in cluster ${clusterName}`,
      env: Env,
      environment: {
        TABLE_NAME: table.tableName,
        ...access.environment,
        REGION: Stack.of(this).region,
        WORKER_IMAGE: worker.reference,
        WORKER_ARCHITECTURE: worker.architecture,
      },
      network: access.network,
    });
    access.enter(this.function, { groups: [slotKeepersGroup] });
    mayRead(this.function, table);
    mayKeepFailures(this.function, table);
    mayWrite(this.function, table, ['JOB', 'OUTBOX']);
    this.queue.feeds(this.function, { batchSize: 1, maxConcurrency: 10 });
    subscribe({ stage, bus, to: this.queue, only: { [eventSource]: { cluster: [clusterName] } } });
    // What jobs may run there, before a job runs: the worker's image changes with the control plane.
    new CustomResource(this, 'InCluster', {
      resourceType: jobsResource,
      serviceToken: target.setup.serviceToken,
      serviceTimeout: Duration.minutes(10),
      properties: { Image: worker.reference, Version: target.setup.version },
    });
  }
}
