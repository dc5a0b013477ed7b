/** The queues that take looks, as the functions that send them want to know them. */
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DeployStage } from '../stages/deploy.ts';
import type { BundledFunction } from './bundled-function.ts';
import type { StageQueue } from './stage-queue.ts';

export interface LookQueues {
  readonly build: StageQueue;
  readonly gate: StageQueue;
  readonly promote: StageQueue;
  readonly dns: StageQueue;
  readonly remove: StageQueue;
  readonly schedule: StageQueue;
  readonly pager: StageQueue;
  readonly deploy: readonly DeployStage[];
}

export function lookEnvironment(
  scope: Construct,
  { build, gate, promote, dns, remove, schedule, pager, deploy }: LookQueues,
) {
  const urls = deploy.map(({ clusterName, queue }) => [clusterName, queue.queue.queueUrl]);
  return {
    BUILD_QUEUE_URL: build.queue.queueUrl,
    GATE_QUEUE_URL: gate.queue.queueUrl,
    PROMOTE_QUEUE_URL: promote.queue.queueUrl,
    DNS_QUEUE_URL: dns.queue.queueUrl,
    REMOVE_QUEUE_URL: remove.queue.queueUrl,
    SCHEDULE_QUEUE_URL: schedule.queue.queueUrl,
    PAGER_QUEUE_URL: pager.queue.queueUrl,
    DEPLOY_QUEUES: Stack.of(scope).toJsonString(Object.fromEntries(urls)),
  };
}

export function mayAskForLooks(
  sender: BundledFunction,
  { build, gate, promote, dns, remove, schedule, pager, deploy }: LookQueues,
): void {
  const shared = [build, gate, promote, dns, remove, schedule, pager];
  for (const queue of [...shared, ...deploy.map((stage) => stage.queue)]) queue.takesLooksOf(sender);
}
