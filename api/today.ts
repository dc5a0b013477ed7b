/** What a start of an environment is held against: the verdict on what it would run, the policy and the waivers of now. */
import type { Environment } from '#core/environment.ts';
import { wantedDigest } from '#core/release.ts';
import { waiversInForce } from '#core/waiver.ts';
import type { ApiDeps } from './route.ts';

export async function todayOf(
  { store, waivers, config }: Pick<ApiDeps, 'store' | 'waivers' | 'config'>,
  environment: Environment,
) {
  const digest = wantedDigest(environment);
  const verdict = digest && (await store.verdict(environment.key, digest));
  const made = await waivers.list(environment.key.team);
  return { verdict, policy: config.policy, waivers: waiversInForce(config.waivers, made) };
}
