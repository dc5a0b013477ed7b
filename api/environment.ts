/** What the routes of environments share: how one is described, and what is said where there is none. */
import type { Change, Decision } from '#core/decision.ts';
import { judgedDigest, phaseOf } from '#core/environment.ts';
import { unreachable } from '#core/errors.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import type { EnvironmentStore } from '#core/ports.ts';
import { ProblemError, refused } from './problem.ts';
import type { EnvironmentAnswer } from './schemas.ts';

export async function describe(store: EnvironmentStore, key: EnvironmentKey): Promise<EnvironmentAnswer> {
  const [environment, history] = await Promise.all([store.read(key), store.audit(key, 50)]);
  if (!environment) throw missing(key);
  const digest = judgedDigest(environment);
  const verdict = digest && (await store.verdict(key, digest));
  return { environment, phase: phaseOf(environment), ...(verdict ? { verdict } : {}), history: [...history] };
}

export const missing = (key: EnvironmentKey): ProblemError => {
  const detail = `${environmentId(key)} was not asked for yet: POST /environments.`;
  return new ProblemError(404, 'No such environment', detail);
};

export function mustChange(decision: Decision): Change {
  switch (decision.outcome) {
    case 'changed':
      return decision;
    case 'refused':
      throw refused(decision);
    case 'unchanged':
      throw new Error(`what a person asked for was neither done nor refused: ${decision.why}`);
    default:
      return unreachable(decision);
  }
}
