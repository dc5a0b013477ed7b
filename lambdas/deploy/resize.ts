/** Brings pods that run to another size, one step a look; says how it went when it is done. core/resize.ts */
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
  /** For its history. */
  readonly told?: string | undefined;
}

const id = objectId({ kind: 'Deployment', metadata: { name: appName } });
const inPlace = 'its pods were resized in place';
const replaced = (why: string): string => `its pods are replaced for their new size: ${why}`;
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
  if (refusal !== undefined) return { plan, after: letGo, underWay: false, told: replaced(refusal) };
  switch (step.step) {
    case 'none':
      return { plan, after: nothing, underWay: false };
    case 'roll-out': {
      await cluster.apply(step.restore);
      const told = step.why === undefined ? undefined : replaced(step.why);
      return { plan, after: letGo, underWay: false, told };
    }
    case 'settle':
      return { plan, after: letGo, underWay: false, told: inPlace };
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
