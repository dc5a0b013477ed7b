/** Brings one cluster to what its environments want: a function and a queue per cluster, in that cluster's VPC. */
import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { eventSource } from '#core/events.ts';
import { impactOf } from '#core/flow.ts';
import { deployersGroup } from '#lambdas/cluster-setup/env.ts';
import { Env } from '#lambdas/deploy/env.ts';
import type { ClusterStack } from '../cluster-stack.ts';
import { ClusterAccess } from '../kit/cluster-access.ts';
import type { Foundation } from '../kit/foundation.ts';
import { registryHost } from '../kit/registry.ts';
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
import type { AccessStage } from './access.ts';

export interface DeployStageProps extends Foundation {
  readonly in: ClusterStack;
  /** Of the same cluster. */
  readonly access: AccessStage;
}

export class DeployStage extends Construct {
  readonly clusterName: string;
  readonly target: ClusterStack;
  readonly queue: StageQueue;
  readonly function: StageFunction;

  constructor(
    scope: Construct,
    id: string,
    { table, bus, pager, access: ssh, in: target }: DeployStageProps,
  ) {
    super(scope, id);
    const stage = 'deploy';
    const { cluster, clusterName } = target;
    const common = { impact: impactOf(stage), pager, timeout: Duration.seconds(60) };
    this.clusterName = clusterName;
    this.target = target;
    this.queue = new StageQueue(this, 'Inbox', { stage, ...common });
    const access = new ClusterAccess(this, 'Access', cluster, clusterName);
    this.function = new StageFunction(this, 'Function', {
      ...common,
      name: stage,
      description: `Brings cluster ${clusterName} to what its environments want`,
      env: Env,
      environment: {
        TABLE_NAME: table.tableName,
        ...access.environment,
        REGISTRY: registryHost(this),
        ACCESS_IMAGE: ssh.image,
        ACCESS_URL: ssh.url,
      },
      network: access.network,
    });
    access.enter(this.function, { groups: [deployersGroup] });
    mayRead(this.function, table);
    mayReadWaivers(this.function, table);
    mayKeepFailures(this.function, table);
    mayWrite(this.function, table, [...changeOfEnvironment, 'SNAPSHOT']);
    this.queue.feeds(this.function, { batchSize: 5, maxConcurrency: 10 });
    subscribe({ stage, bus, to: this.queue, only: { [eventSource]: { cluster: [clusterName] } } });
  }
}
