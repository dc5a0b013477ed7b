/** Where looks go: each stage's queue, and for the deployer the one of the environment's cluster. */
import * as z from 'zod';
import { SqsLooks } from '#adapters/aws/messages.ts';
import { parseJson } from '#core/errors.ts';
import type { LookStage } from '#core/reconcile.ts';

type Shared = Exclude<LookStage, 'deploy'>;

/** @param deployQueues JSON: cluster → URL. */
export function lookQueues(deployQueues: string, shared: Readonly<Record<Shared, string>>): SqsLooks {
  const deployers = parseJson(z.record(z.string(), z.string()), deployQueues, 'DEPLOY_QUEUES');
  return new SqsLooks((stage, cluster) => (stage === 'deploy' ? deployers[cluster] : shared[stage]));
}
