/** What the routes of environments share: how one is described, and what is said where there is none. */
import { certificateOf } from '#core/cluster.ts';
import type { Config } from '#core/config.ts';
import type { Change, Decision } from '#core/decision.ts';
import { type Environment, judgedDigest, phaseOf } from '#core/environment.ts';
import { Conflict, unreachable } from '#core/errors.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import type { Enclosed, EnvironmentStore } from '#core/ports.ts';
import type { EnvironmentAnswer } from './answers.ts';
import { changedMeanwhile, etagOf, mustMatch } from './headers.ts';
import { ProblemError, refused } from './problem.ts';
import { warnedOf } from './warnings.ts';

interface DescribeDeps {
  readonly store: EnvironmentStore;
  readonly config: Pick<Config, 'clusters'>;
}

/** An answer's body and its ETag. */
export async function described(
  deps: DescribeDeps,
  key: EnvironmentKey,
  headers: Readonly<Record<string, string>> = {},
) {
  const body = await describe(deps, key);
  return { body, headers: { ...headers, ...etagOf(body.environment) } };
}

/** @throws 404 where there is none, 412 where it is not at the version that was named. */
export async function readAt(
  store: EnvironmentStore,
  key: EnvironmentKey,
  version: number,
): Promise<Environment> {
  const environment = await readThere(store, key);
  mustMatch(environment, version);
  return environment;
}

/** A change of the version that was named. @throws 412 where somebody else wrote first. */
export async function writeAt(store: EnvironmentStore, change: Change, enclosed?: Enclosed): Promise<void> {
  try {
    await store.write(change, enclosed);
  } catch (error) {
    const { key, version } = change.environment;
    if (error instanceof Conflict) throw changedMeanwhile(key, version - 1);
    throw error;
  }
}

async function describe({ store, config }: DescribeDeps, key: EnvironmentKey): Promise<EnvironmentAnswer> {
  const [environment, history] = await Promise.all([readThere(store, key), store.audit(key, 50)]);
  const digest = judgedDigest(environment);
  const verdict = digest && (await store.verdict(key, digest));
  return {
    environment,
    phase: phaseOf(environment),
    ...urlOf(environment, config),
    ...(verdict ? { verdict } : {}),
    ...warnedOf(environment.spec),
    history: [...history],
  };
}

/** None before it has a name. */
function urlOf({ key, cluster, dns }: Environment, { clusters }: DescribeDeps['config']): { url?: string } {
  if (!dns) return {};
  const place = clusters.find(({ name }) => name === cluster);
  const hasTls = place !== undefined && certificateOf(place, key.team) !== undefined;
  return { url: `${hasTls ? 'https' : 'http'}://${dns.name}` };
}

/** @throws 404 where there is none; one that was deleted leaves its history alone. */
export async function readThere(store: EnvironmentStore, key: EnvironmentKey): Promise<Environment> {
  const environment = await store.read(key);
  if (!environment || environment.life.state === 'deleted') throw missing(key);
  return environment;
}

export const missing = (key: EnvironmentKey): ProblemError => {
  const detail = `${environmentId(key)} was not asked for yet, or is deleted: POST /environments.`;
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
