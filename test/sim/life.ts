/** What people do with an environment as a whole: change, rebuild, stop, start and delete it, and ask for it anew. */
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import type { Person } from '#core/roles.ts';
import { spec } from '../contracts/samples.ts';
import type { Cloud } from './cloud.ts';
import type { FaultKind } from './faults.ts';

export interface Call {
  readonly kind: FaultKind;
  readonly method?: 'PUT' | 'DELETE';
  /** Below the environment's own. */
  readonly path?: string;
  readonly body?: unknown;
}

const tries = 5;

export function planLife(cloud: Cloud, person: Person, key: EnvironmentKey, seconds: number): void {
  const { random, timeline } = cloud;
  const id = environmentId(key);
  const at = (when: number, call: Call): void =>
    timeline.in(when, `${id}: ${call.kind}`, () => ask(cloud, person, key, call));
  const some = (probability: number, plan: (when: number) => void): void => {
    if (random.chance(probability)) plan(random.between(100, seconds));
  };
  some(0.2, (when) => at(when, change(random.pick(specs))));
  some(0.1, (when) => at(when, change(random.pick(specs))));
  some(0.15, (when) => {
    at(when, change({ ...spec, command: ['sleep', '3'] }));
    at(when + random.between(1, 900), change(spec));
  });
  some(0.12, (when) =>
    at(when, { kind: 'rebuild asked', path: '/builds', body: { useCache: random.chance(0.5) } }),
  );
  some(0.2, (when) => {
    at(when, { kind: 'stopped', path: '/stop' });
    if (random.chance(0.7)) at(when + random.between(1, 400), { kind: 'started', path: '/start' });
  });
  some(0.2, (when) => {
    at(when, { kind: 'deleted', method: 'DELETE' });
    if (random.chance(0.5))
      timeline.in(when + random.between(1, 900), `${id} is asked for anew`, () =>
        anew(cloud, person, key, 0),
      );
  });
}

const change = (wanted: unknown): Call => ({ kind: 'spec changed', method: 'PUT', body: { spec: wanted } });
const specs: readonly unknown[] = [
  { ...spec, command: ['sleep', '1'] },
  { ...spec, command: ['sleep', '2'], replicas: { min: 2, max: 2 } },
  { ...spec, resources: { memoryMiB: 512 } },
  { ...spec, volume: { sizeGiB: 2 } },
  { ...spec, volume: { sizeGiB: 4 } },
  spec,
];

/** As a client does it: reads, sends the version that it read, and again where somebody else wrote in between. */
export async function ask(
  cloud: Cloud,
  person: Person,
  key: EnvironmentKey,
  call: Call,
  tried = 0,
): Promise<void> {
  const environment = await cloud.store.read(key);
  if (!environment) return;
  const { kind, method = 'POST', path = '', body } = call;
  const headers = {
    'if-match': `"${environment.version}"`,
    'idempotency-key': `${kind.replaceAll(' ', '-')}-${environment.version}`,
  };
  const status = await cloud.front.api(
    person,
    `/environments/${environmentId(key)}${path}`,
    body,
    headers,
    method,
  );
  if (status !== undefined && status < 300) cloud.faults.count(kind);
  const isWorthATry = status === undefined || status === 412 || status >= 500;
  if (!isWorthATry || tried + 1 >= tries) return;
  cloud.timeline.in(3, `${environmentId(key)}: ${kind}, again`, () =>
    ask(cloud, person, key, call, tried + 1),
  );
}

/** Refused until all of it is gone. */
async function anew(cloud: Cloud, person: Person, key: EnvironmentKey, tried: number): Promise<void> {
  const { team, name } = key;
  const headers = { 'idempotency-key': `anew-${name}-${tried}` };
  const status = await cloud.front.api(person, '/environments', { team, name, spec }, headers);
  if (status === 201) return cloud.faults.count('asked for anew');
  if (tried < tries)
    cloud.timeline.in(100, `${environmentId(key)} is asked for anew, again`, () =>
      anew(cloud, person, key, tried + 1),
    );
}
