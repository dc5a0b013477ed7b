/** An environment with a ttl of a minute: its people are told before its end, extend it once, and it is deleted by itself. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EnvironmentKey, environmentId } from '#core/names.ts';
import { type Person, signIn } from '#local/demo/people.ts';
import { notices, until } from '#local/demo/world.ts';
import { ApiError } from '../../api/client/client.ts';
import { access, cloud } from './cloud.ts';

const key = EnvironmentKey.parse({ team: 'checkout', name: `t-${Date.now().toString(36).slice(-6)}` });
const id = environmentId(key);
const spec = { base: 'debian-12', command: ['/bin/sh', '-c', 'sleep 1000'], ttl: '1m' };

let alice: Person;
const told = async (state: string): Promise<number> =>
  (await notices(cloud, id)).filter((notice) => notice.kind === 'expiring' && notice.state === state).length;
/** Of each step: reconcile alone, where no event comes, takes longer for the first. */
const patienceSeconds = 200;
const timeout = 1_000_000;
const hears = (state: string, times: number) =>
  until(`${id}: notice ${times} of its end (${state})`, patienceSeconds, async () =>
    (await told(state)) >= times ? true : undefined,
  );

describe('an environment with a ttl', () => {
  beforeAll(async () => {
    alice = await signIn(access, 'alice');
  });
  afterAll(async () => {
    await alice.client.delete(id).catch((error: unknown) => {
      if (!(error instanceof ApiError && [404, 409].includes(error.problem.status))) throw error;
    });
  });

  it('is told of before its end, and extended', { timeout }, async () => {
    await alice.client.create({ ...key, spec });
    await hears('open', 1);
    const before = (await alice.client.get(id)).environment.expiry?.at ?? '';
    const { environment } = await alice.client.extend(id);
    expect((environment.expiry?.at ?? '') > before).toBe(true);
    await hears('recovered', 1);
  });

  it('is deleted by itself when its people were told once more', { timeout }, async () => {
    await hears('open', 2);
    // How the last of it goes, test/e2e/lifecycle.test.ts shows.
    await until('its end', patienceSeconds, async () => {
      const { phase } = await alice.client.get(id);
      return phase === 'deleting' ? true : undefined;
    });
    const steps = await alice.client.trace(id);
    const lines = steps.flatMap((step) => (step.kind === 'change' ? [step.what] : []));
    expect(lines).toContain('deleted it: its ttl is over');
  });
});
