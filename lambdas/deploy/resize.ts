/**
 * Brings pods that run to another size, one step a look. How they come to it is in the history before the step that
 * leaves no trace of it: a write that is lost would take it along. core/resize.ts
 */
import { objectId, type Plan } from '#core/drift.ts';
import type { Environment } from '#core/environment.ts';
import { Rejected } from '#core/errors.ts';
import type { ClusterSight } from '#core/ports.ts';
import { isHeld, isResize, type Resize, resizeOf } from '#core/resize.ts';
import { appName, type KubernetesObject } from '#core/rollout.ts';
import { log } from '../runtime/log.ts';
import type { DeployDeps } from './deps.ts';

export interface Resized {
  /** What of the plan is carried out at this look, as ever. */
  readonly plan: Plan;
  /** After the plan. */
  readonly after: () => Promise<void>;
  /** Pods are on their way to their size: it is not Ready for that. */
  readonly underWay: boolean;
  /** For its history, where it is to be written first. */
  readonly told?: string | undefined;
}

const id = objectId({ kind: 'Deployment', metadata: { name: appName } });
const inPlace = 'its pods were resized in place';
const replacement = 'its pods are replaced for their new size: ';
const replaced = (why: string): string => `${replacement}${why}`;
/** The cluster's words for why may be others at each look. */
const isReplaced = (written: string | undefined): boolean => written?.startsWith(replacement) ?? false;
const bounds: readonly string[] = ['ResourceQuota', 'LimitRange'];
const nothing = async (): Promise<void> => undefined;

export async function resized(
  { cluster }: DeployDeps,
  { key, release }: Environment,
  desired: readonly KubernetesObject[],
  sight: ClusterSight,
  plan: Plan,
): Promise<Resized> {
  const wanted = desired.find((object) => objectId(object) === id);
  const live = sight.objects.find((object) => objectId(object) === id);
  const asked = { key, wanted, live, deploying: release.phase === 'deploying' };
  if (!isResize(asked) && !isHeld(asked)) return { plan, after: nothing, underWay: false };
  const step = resizeOf(asked, sight.pods, await cluster.resizeSight(key));
  log.info('resizes', { step: step.step });
  const others = { ...plan, apply: plan.apply.filter((object) => object !== wanted) };
  const letGo = isHeld(asked) ? () => cluster.hold(key, false) : nothing;
  // The namespace's bounds are moved first, and known a moment later.
  if (step.step === 'resize' && others.apply.some(({ kind }) => bounds.includes(kind)))
    return { plan: others, after: nothing, underWay: true };
  const refusal = step.step === 'resize' ? await tried(cluster, key, step) : undefined;
  const written = release.phase === 'deploying' ? release.resized : undefined;
  const first = (told: string): Resized => ({ plan: others, after: nothing, underWay: true, told });
  if (refusal !== undefined)
    return isReplaced(written) ? { plan, after: letGo, underWay: false } : first(replaced(refusal));
  switch (step.step) {
    case 'none':
      return { plan, after: nothing, underWay: false };
    case 'roll-out':
      if (step.why !== undefined && !isReplaced(written)) return first(replaced(step.why));
      await cluster.apply(step.restore);
      return { plan, after: letGo, underWay: false };
    case 'settle':
      if (asked.deploying && written !== inPlace) return first(inPlace);
      return { plan, after: letGo, underWay: false };
    case 'prepare': {
      const { replicaSet } = step;
      const prepare = async () => {
        await cluster.hold(key, true);
        await cluster.apply([replicaSet]);
      };
      return { plan: others, after: prepare, underWay: true };
    }
    case 'resize':
    case 'wait':
      return { plan: others, after: nothing, underWay: true };
  }
}

/** @returns why the cluster would not, in its words. */
async function tried(
  cluster: DeployDeps['cluster'],
  key: Environment['key'],
  { pods, size }: Extract<Resize, { step: 'resize' }>,
): Promise<string | undefined> {
  try {
    for (const pod of pods) await cluster.resize(key, pod, size);
    return undefined;
  } catch (error) {
    if (error instanceof Rejected) return error.message;
    throw error;
  }
}
