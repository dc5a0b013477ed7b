/** What people ask of time: an end, a later end, working hours that turn while a story is told. */
import { addSeconds, type EnvironmentKey, environmentId } from '#core/names.ts';
import type { Person } from '#core/roles.ts';
import { spec } from '../contracts/samples.ts';
import type { Cloud } from './cloud.ts';
import { ask, type Call } from './life.ts';
import type { Random } from './random.ts';
import { extension } from './times.ts';

/** Of all environments: most are to live as long as the story. */
const share = 0.35;

export function planTimes(
  cloud: Cloud,
  person: Person,
  key: EnvironmentKey,
  random: Random,
  seconds: number,
): void {
  if (!random.chance(share)) return;
  const at = (when: number, call: Call): void =>
    cloud.timeline.in(when, `${environmentId(key)}: ${call.kind}`, () => ask(cloud, person, key, call));
  const asked = random.between(60, seconds);
  if (random.chance(0.5)) {
    const ttl = random.pick(['15m', '25m', '40m']);
    at(asked, { kind: 'ttl asked for', method: 'PUT', body: { spec: { ...spec, ttl } } });
    if (random.chance(0.5))
      at(asked + random.between(60, 2400), {
        kind: 'ttl extended',
        path: '/extension',
        body: random.chance(0.5) ? { ttl: extension } : {},
      });
    return;
  }
  const from = asked + random.between(-900, 900);
  const workingHours = {
    timeZone: 'UTC',
    days: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
    from: clockAt(cloud, from),
    to: clockAt(cloud, from + random.between(300, 1800)),
  };
  at(asked, { kind: 'hours asked for', method: 'PUT', body: { spec: { ...spec, workingHours } } });
  if (random.chance(0.3)) at(asked + random.between(60, 1800), { kind: 'stopped', path: '/stop' });
  if (random.chance(0.3)) at(asked + random.between(60, 1800), { kind: 'started', path: '/start' });
}

/** As `10:07`; stories are of one day. */
const clockAt = ({ timeline }: Cloud, seconds: number): string =>
  addSeconds(timeline.now(), seconds).slice(11, 16);
