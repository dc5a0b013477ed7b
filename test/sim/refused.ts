/** Requests that nobody grants: for a base that there is none of, for more than a team may have, by whom may not ask. Nothing comes of them. */
import { type EnvironmentKey, environmentId, EnvironmentKey as Key } from '#core/names.ts';
import { spec } from '../contracts/samples.ts';
import type { Cloud } from './cloud.ts';
import type { People } from './people.ts';
import type { Random } from './random.ts';

const share = 0.3;
const tries = 3;
type Kind = 'no such base' | 'over the quota' | 'of another team';

/** @returns what must never be there. */
export function planRefused(
  cloud: Cloud,
  people: People,
  random: Random,
  seconds: number,
): readonly EnvironmentKey[] {
  const { config } = people;
  if (!random.chance(share)) return [];
  const team = random.pick(config.teams).name;
  const key = Key.parse({ team, name: 'never' });
  const kind = random.pick<Kind>(['no such base', 'over the quota', 'of another team']);
  const asker = people.member(kind === 'of another team' ? 'strangers' : team);
  const ask = async (tried: number): Promise<void> => {
    const headers = { 'idempotency-key': `never-${tried}` };
    const body = { ...key, spec: specs[kind] };
    const status = await cloud.front.api(asker, '/environments', body, headers);
    if (status !== undefined && status < 500) return cloud.faults.count('refused request');
    if (tried + 1 < tries)
      cloud.timeline.in(10, `${environmentId(key)} is asked for again`, () => ask(tried + 1));
  };
  cloud.timeline.in(random.between(0, seconds), `${environmentId(key)} is asked for: ${kind}`, () => ask(0));
  return [key];
}

const specs: Readonly<Record<Kind, unknown>> = {
  'no such base': { ...spec, base: 'no-such-base' },
  'over the quota': { ...spec, replicas: { min: 100, max: 100 }, resources: { memoryMiB: 8192 } },
  'of another team': spec,
};
