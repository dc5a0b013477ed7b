/** Volumes whose environments are deleted: people ask for them, and one day want no snapshot of them any more. */
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import { spec } from '../contracts/samples.ts';
import type { Cloud } from './cloud.ts';
import { ask } from './life.ts';
import type { People } from './people.ts';
import type { Random } from './random.ts';

/** Of the seeds without data jobs. */
const share = 0.3;
const tries = 5;
/** Also when all is calm. */
const longSeconds = 1500;

/** @returns what the rest of it goes by. */
export const keepingOf = (random: Random): Random | undefined => (random.chance(share) ? random : undefined);

export function planSnapshots(cloud: Cloud, people: People, random: Random, seconds: number): void {
  for (const key of people.keys) {
    const person = people.member(key.team);
    const id = environmentId(key);
    const asked = random.between(5, seconds / 2);
    const volume = { sizeGiB: random.pick([4, 8]) };
    // It needs no image of its own: what it had asked for then may be another thing.
    for (const at of [asked, asked + 200])
      cloud.timeline.in(at, `${id}: a volume is asked for`, () =>
        ask(cloud, person, key, {
          kind: 'volume asked for',
          method: 'PUT',
          body: { spec: { ...spec, volume } },
        }),
      );
    const deleted = random.between(600, seconds + longSeconds);
    if (random.chance(0.6))
      cloud.timeline.in(deleted, `${id}: deleted`, () =>
        ask(cloud, person, key, { kind: 'deleted', method: 'DELETE' }),
      );
    for (let at = random.between(600, 1200); at < seconds + longSeconds; at += random.between(200, 900)) {
      const one = random.next();
      if (random.chance(0.4))
        cloud.timeline.in(at, `${key.team}: a snapshot is not wanted`, () => drop(cloud, people, key, one));
    }
  }
}

/** @param which of those that there are then, as a fraction. */
async function drop(
  cloud: Cloud,
  people: People,
  { team }: EnvironmentKey,
  which: number,
  tried = 0,
): Promise<void> {
  const all = await cloud.store.snapshots.list(team);
  const one = all[Math.floor(which * all.length)];
  if (!one) return;
  const headers = { 'idempotency-key': `drop-${one.name}-${one.version}` };
  const path = `/teams/${team}/snapshots/${one.name}`;
  const status = await cloud.front.api(people.member(team), path, undefined, headers, 'DELETE');
  if (status !== undefined && status < 300) cloud.faults.count('snapshot deleted');
  if ((status === undefined || status >= 500) && tried + 1 < tries)
    cloud.timeline.in(3, `${one.name} is not wanted, again`, () =>
      drop(cloud, people, one.of, which, tried + 1),
    );
}
