/** An environment whose working hours end, and begin again, within minutes: it is stopped and started by itself, when it is time and not before. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EnvironmentKey, environmentId, namespaceOf } from '#core/names.ts';
import type { WorkingHours } from '#core/working-hours.ts';
import { type Person, signIn } from '#local/demo/people.ts';
import { ApiError } from '../../api/client/client.ts';
import { access } from './cloud.ts';
import { kubectl } from './kubectl.ts';
import { comes as comesTo } from './phases.ts';

const key = EnvironmentKey.parse({ team: 'checkout', name: `w-${Date.now().toString(36).slice(-6)}` });
const id = environmentId(key);
const spec = {
  base: 'debian-12',
  packages: { apt: [{ name: 'busybox' }] },
  command: ['/bin/busybox', 'httpd', '-f', '-p', '9000', '-h', '/tmp'],
  resources: { cpu: 0.05, memoryMiB: 32 },
};
const timeout = 1_200_000;
const minute = 60_000;
/** Reconcile finds it within a minute of its time; then a pod has to come, or to go. */
const patienceSeconds = 240;

let alice: Person;
let bob: Person;
const comes = (phase: string, seconds: number) => comesTo(alice.client, id, phase, seconds);
const pods = async () =>
  (await kubectl('-n', namespaceOf(key), 'get', 'pods', '--output', 'name'))
    .trim()
    .split('\n')
    .filter(Boolean);

/** Where it is about noon: hours are of one day, and these are not to cross midnight wherever the tests run. */
function zoneAtNoon(): { readonly timeZone: string; readonly timeOf: (at: number) => string } {
  const hours = 12 - new Date().getUTCHours();
  // Its sign is that of POSIX: Etc/GMT-3 is three hours before UTC.
  const timeZone = hours === 0 ? 'UTC' : `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`;
  return { timeZone, timeOf: (at) => new Date(at + hours * 60 * minute).toISOString().slice(11, 16) };
}

const toSayItMs = 20_000;
/** The next whole minute before which there is time to say it. */
const soon = (): number => Math.ceil((Date.now() + toSayItMs) / minute) * minute;

/** @param between from and to. */
async function works(between: (border: string) => Pick<WorkingHours, 'from' | 'to'>): Promise<number> {
  const { timeZone, timeOf } = zoneAtNoon();
  const border = soon();
  const days: WorkingHours['days'] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
  const { environment } = await alice.client.get(id);
  const workingHours = { timeZone, days, ...between(timeOf(border)) };
  await alice.client.change(id, { ...environment.spec, workingHours });
  return border;
}

/** When the history says it, each time. */
const told = async (what: string): Promise<number[]> =>
  (await alice.client.trace(id)).flatMap((step) =>
    step.kind === 'change' && step.what === what ? [Date.parse(step.at)] : [],
  );

describe('an environment with working hours', () => {
  beforeAll(async () => {
    [alice, bob] = await Promise.all([signIn(access, 'alice'), signIn(access, 'bob')]);
  });
  afterAll(async () => {
    await alice.client.delete(id).catch((error: unknown) => {
      if (!(error instanceof ApiError && [404, 409].includes(error.problem.status))) throw error;
    });
  });

  it('runs while they last, and is stopped at their end', { timeout }, async () => {
    await alice.client.create({ ...key, spec });
    const { environment } = await comes('awaiting-approval', 400);
    if (environment.candidate.phase !== 'awaiting-approval') throw new Error(environment.candidate.phase);
    await bob.client.approve(id, environment.candidate.image.digest);
    await comes('ready', 300);
    const end = await works((to) => ({ from: '00:00', to }));
    await comes('stopped', patienceSeconds);
    const stops = await told('stopped it: its working hours are over');
    expect(stops).toHaveLength(1);
    expect(stops[0]).toBeGreaterThanOrEqual(end);
    expect(await pods()).toEqual([]);
  });

  it('is started at their beginning, and nobody approves it anew', { timeout }, async () => {
    const begin = await works((from) => ({ from, to: '24:00' }));
    await comes('ready', patienceSeconds);
    const starts = await told('started it: its working hours began');
    expect(starts).toHaveLength(1);
    expect(starts[0]).toBeGreaterThanOrEqual(begin);
    expect(await pods()).toHaveLength(1);
  });
});
