/**
 * What lets a cluster tell its deployer of changes at once: a queue of its own, an identity that may send to that queue
 * and do nothing else, and the pod. Without it everything still works, by polling, a minute or two later.
 */
import { CustomResource, Duration, Stack } from 'aws-cdk-lib';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { impactOf } from '#core/flow.ts';
import { watcherAccount, watcherResource } from '#lambdas/cluster-setup/env.ts';
import { alarm } from '../kit/alarm.ts';
import type { PinnedImage } from '../kit/pinned-image.ts';
import { podIdentity } from '../kit/pod-identity.ts';
import type { StageFunction } from '../kit/stage-function.ts';
import { StageQueue } from '../kit/stage-queue.ts';
import type { DeployStage } from './deploy.ts';

const stage = 'watcher';

export interface WatcherStageProps {
  readonly pager: ITopic;
  readonly image: PinnedImage;
  /** Of the same cluster. */
  readonly deployer: DeployStage;
}

export class WatcherStage extends Construct {
  readonly clusterName: string;
  readonly queue: StageQueue;
  /** Who reads it. */
  readonly function: StageFunction;

  constructor(scope: Construct, id: string, { pager, image, deployer }: WatcherStageProps) {
    super(scope, id);
    const impact = impactOf(stage);
    const { target } = deployer;
    this.clusterName = target.clusterName;
    this.function = deployer.function;
    this.queue = new StageQueue(this, 'Sights', { stage, impact, pager, timeout: Duration.seconds(60) });
    this.queue.feeds(this.function, { batchSize: 10, maxConcurrency: 5 });
    const identity = podIdentity(this, {
      in: target,
      account: watcherAccount,
      description: `Watcher of cluster ${target.clusterName}: tells its deployer, nothing else`,
      allow: (role) => this.queue.takesSightsOf(role),
    });
    const inCluster = new CustomResource(this, 'InCluster', {
      resourceType: watcherResource,
      serviceToken: target.setup.serviceToken,
      serviceTimeout: Duration.minutes(10),
      properties: {
        Image: image.reference,
        Architecture: image.architecture,
        QueueUrl: this.queue.queue.queueUrl,
        Region: Stack.of(this).region,
        Version: target.setup.version,
      },
    });
    inCluster.node.addDependency(identity);
    // SQS counts for a queue that is read, also when nothing comes: five minutes of nothing is a watcher that is down.
    alarm(this, 'Silent', {
      metric: this.queue.queue.metricNumberOfMessagesSent({ period: Duration.minutes(1), statistic: 'Sum' }),
      threshold: 1,
      below: true,
      evaluationPeriods: 5,
      seen: `The watcher of cluster ${target.clusterName} has said nothing for five minutes.`,
      impact,
      runbook: stage,
      pager,
    });
  }
}
