/** Where looks go: each stage's queue, and for those that are in each cluster the one of that cluster. */
import { SqsLooks } from '#adapters/aws/messages.ts';
import { parseJson } from '#core/errors.ts';
import type { LookStage } from '#core/reconcile.ts';
import * as z from '#core/zod.ts';
import type { Env } from '../outbox/env.ts';

export function lookQueues(env: Env): SqsLooks {
  const shared: Readonly<Record<Exclude<LookStage, 'deploy' | 'job-slots'>, string>> = {
    build: env.BUILD_QUEUE_URL,
    gate: env.GATE_QUEUE_URL,
    promote: env.PROMOTE_QUEUE_URL,
    dns: env.DNS_QUEUE_URL,
    remove: env.REMOVE_QUEUE_URL,
    jobs: env.JOBS_QUEUE_URL,
    'job-starts': env.JOB_STARTS_QUEUE_URL,
    schedule: env.SCHEDULE_QUEUE_URL,
    pager: env.PAGER_QUEUE_URL,
  };
  const byCluster = (text: string, name: string) => parseJson(z.record(z.string(), z.string()), text, name);
  const ofClusters = {
    deploy: byCluster(env.DEPLOY_QUEUES, 'DEPLOY_QUEUES'),
    'job-slots': byCluster(env.JOB_SLOTS_QUEUES, 'JOB_SLOTS_QUEUES'),
  };
  return new SqsLooks((stage, cluster) =>
    stage === 'deploy' || stage === 'job-slots' ? ofClusters[stage][cluster] : shared[stage],
  );
}
