/** The queues that take looks, as the functions that send them want to know them. */
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DeployStage } from '../stages/deploy.ts';
import type { JobSlotsStage } from '../stages/job-slots.ts';
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
  readonly jobs: StageQueue;
  readonly starts: StageQueue;
  readonly deploy: readonly DeployStage[];
  readonly slots: readonly JobSlotsStage[];
}

export function lookEnvironment(
  scope: Construct,
  { build, gate, promote, dns, remove, jobs, starts, schedule, pager, deploy, slots }: LookQueues,
) {
  const byCluster = (stages: readonly (DeployStage | JobSlotsStage)[]) =>
    Stack.of(scope).toJsonString(
      Object.fromEntries(stages.map(({ clusterName, queue }) => [clusterName, queue.queue.queueUrl])),
    );
  return {
    BUILD_QUEUE_URL: build.queue.queueUrl,
    GATE_QUEUE_URL: gate.queue.queueUrl,
    PROMOTE_QUEUE_URL: promote.queue.queueUrl,
    DNS_QUEUE_URL: dns.queue.queueUrl,
    REMOVE_QUEUE_URL: remove.queue.queueUrl,
    JOBS_QUEUE_URL: jobs.queue.queueUrl,
    JOB_STARTS_QUEUE_URL: starts.queue.queueUrl,
    SCHEDULE_QUEUE_URL: schedule.queue.queueUrl,
    PAGER_QUEUE_URL: pager.queue.queueUrl,
    DEPLOY_QUEUES: byCluster(deploy),
    JOB_SLOTS_QUEUES: byCluster(slots),
  };
}

export function mayAskForLooks(
  sender: BundledFunction,
  { build, gate, promote, dns, remove, jobs, starts, schedule, pager, deploy, slots }: LookQueues,
): void {
  const shared = [build, gate, promote, dns, remove, jobs, starts, schedule, pager];
  for (const queue of [...shared, ...[...deploy, ...slots].map((stage) => stage.queue)])
    queue.takesLooksOf(sender);
}
