/** `?dryRun=true`: a request is decided as if it were meant, refused as it would be, and answered by its plan. */
import { costOf } from '#core/cost.ts';
import type { Decision } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import type { EnvironmentKey } from '#core/names.ts';
import { planOf, stepsOfChange } from '#core/plan.ts';
import type { Spec } from '#core/spec.ts';
import { baseOf, placed } from './asked.ts';
import { reserved } from './holding.ts';
import { invalid, refused } from './problem.ts';
import type { ApiDeps } from './route.ts';
import type { PlanAnswer } from './schemas.ts';

interface Wanted {
  readonly key: EnvironmentKey;
  readonly spec: Spec;
}
type Deps = Pick<ApiDeps, 'store' | 'config'>;

/** Of asking for it. @param asked for by name; without it, it is placed as the configuration says. */
export async function dryCreate(
  deps: Deps,
  wanted: Wanted,
  asked: string | undefined,
  decision: Decision,
): Promise<PlanAnswer> {
  await allowed(deps, decision);
  return planFor(deps.config, wanted, asked);
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
  const plan = answerOf(deps.config, wanted, cluster);
  const after = decision.outcome === 'changed' ? decision.environment : before;
  return { ...plan, steps: stepsOfChange(before, after, plan.steps) };
}

/** Of an environment that is asked for. @throws 422 for what the configuration has not. */
export const planFor = (config: ApiDeps['config'], wanted: Wanted, asked?: string): PlanAnswer =>
  answerOf(config, wanted, placed(config, wanted.key, wanted.spec, asked).cluster);

/** @throws what the request itself would be refused with. */
async function allowed(deps: Deps, decision: Decision): Promise<void> {
  if (decision.outcome === 'refused') throw refused(decision);
  if (decision.outcome === 'changed') await reserved(deps, decision);
}

function answerOf(
  config: ApiDeps['config'],
  { key, spec }: Wanted,
  cluster: ApiDeps['config']['clusters'][number],
): PlanAnswer {
  const planned = planOf({ key, spec, base: baseOf(config, spec), cluster });
  const objects = planned.objects.map((object) => ({ ...object }));
  return { ...planned, objects, cost: costOf(spec, config.prices) };
}
