/** `?dryRun=true`: a request is decided as if it were meant, refused as it would be, and answered by its plan. */
import { createHash } from 'node:crypto';
import { epochOf, tooYoungFrom } from '#core/builds.ts';
import type { Cluster } from '#core/cluster.ts';
import { contentOf } from '#core/context.ts';
import { costOf } from '#core/cost.ts';
import type { Decision } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import type { EnvironmentKey } from '#core/names.ts';
import { type Basis, makingOf, planOf, stepsOfChange } from '#core/plan.ts';
import type { Spec } from '#core/spec.ts';
import { takeable } from '#core/taken.ts';
import { waivedReleases } from '#core/waiver.ts';
import type { PlanAnswer } from './answers.ts';
import { reserved } from './holding.ts';
import { invalid, refused } from './problem.ts';
import type { ApiDeps } from './route.ts';
import { warnedOf } from './warnings.ts';

interface Wanted {
  readonly key: EnvironmentKey;
  readonly spec: Spec;
  readonly basis: Basis;
  /** The same as the registry has it; absent where that lost it, which hinders no change that builds nothing. */
  readonly stands: Basis | undefined;
}
interface Placed extends Wanted {
  readonly cluster: Cluster;
}
type Deps = Pick<ApiDeps, 'store' | 'config' | 'clock' | 'waivers'>;

/** Of asking for it. */
export async function dryCreate(deps: Deps, wanted: Placed, decision: Decision): Promise<PlanAnswer> {
  await allowed(deps, decision);
  return planFor(deps, wanted);
}

/** Of a change of what exists. */
export async function dryChange(
  deps: Deps,
  wanted: Wanted,
  before: Environment,
  decision: Decision,
): Promise<PlanAnswer> {
  await allowed(deps, decision);
  const cluster = deps.config.clusters.find(({ name }) => name === before.cluster);
  const message = `the configuration has no cluster ${before.cluster}, in which it is`;
  if (!cluster) throw invalid([{ path: 'cluster', message }]);
  const placed = { ...wanted, cluster };
  const plan = await planFor(deps, placed);
  const after = decision.outcome === 'changed' ? decision.environment : before;
  // As the build stage looks for it, which is asked before each build.
  const content = createHash('sha256')
    .update(contentOf(makingOf(await planInput(deps, placed))))
    .digest('hex');
  const known = wanted.stands === undefined ? undefined : takeable(after, content);
  return { ...plan, steps: stepsOfChange(before, after, plan.steps, known?.image.digest) };
}

type PlanDeps = Pick<Deps, 'config' | 'clock' | 'waivers'>;

/** Of an environment that is asked for. */
export async function planFor(deps: PlanDeps, wanted: Placed): Promise<PlanAnswer> {
  const planned = planOf(await planInput(deps, wanted));
  const objects = planned.objects.map((object) => ({ ...object }));
  const cost = costOf(wanted.spec, deps.config.prices);
  return { ...planned, objects, cost, ...warnedOf(wanted.spec) };
}

async function planInput({ config, clock, waivers }: PlanDeps, { stands, ...wanted }: Placed) {
  const [now, { key }] = [clock.now(), wanted];
  const epoch = epochOf(now, config.builds);
  return {
    ...wanted,
    basis: stands ?? wanted.basis,
    epoch,
    tooYoungFrom: tooYoungFrom(epoch, config.builds),
    waived: waivedReleases(await waivers.list(key.team), key, now),
    indexes: config.builds.indexes,
  };
}

/** @throws what the request itself would be refused with. */
async function allowed(deps: Deps, decision: Decision): Promise<void> {
  if (decision.outcome === 'refused') throw refused(decision);
  if (decision.outcome === 'changed') await reserved(deps, decision);
}
