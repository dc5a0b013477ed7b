/** An environment that is asked for: by itself, or in the place of another team's. */

import type { Environment } from '#core/environment.ts';
import { next } from '#core/machine.ts';
import type { EnvironmentKey, Instant } from '#core/names.ts';
import type { Spec } from '#core/spec.ts';
import { mustStand, placed } from './asked.ts';
import type { ApiDeps } from './route.ts';

export interface Newcomer {
  readonly key: EnvironmentKey;
  readonly spec: Spec;
  readonly cluster: string | undefined;
  readonly requester: string;
  readonly requestId: string | undefined;
  readonly from?: EnvironmentKey;
}

/** @throws 422 and 409 where configuration or registry have no place for it; what else speaks against it, the decision says. */
export async function newcomer({ config, bases }: Pick<ApiDeps, 'config' | 'bases'>, asked: Newcomer) {
  const { key, spec, requester, requestId: story, from } = asked;
  const { cluster, basis } = placed(config, key, spec, asked.cluster);
  const stands = await mustStand(bases, basis);
  const request = { key, cluster: cluster.name, requester, spec, story, from };
  const decided = (before: Environment | undefined, now: Instant) =>
    next(before, { kind: 'requested', request }, now);
  return { cluster, basis, stands, decided };
}
