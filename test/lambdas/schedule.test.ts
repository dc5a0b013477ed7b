/** What ttl and working hours ask for is done once: late, twice, crashed into, with no room left, and as the whole of it goes. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Environment } from '#core/environment.ts';
import { Conflict } from '#core/errors.ts';
import { next } from '#core/machine.ts';
import { type Instant, secondsBetween } from '#core/names.ts';
import { emptyLedger, holds, reserve } from '#core/quota.ts';
import { Spec } from '#core/spec.ts';
import { Quota } from '#core/usage.ts';
import { digestOf, keyOf, spec, web } from '../contracts/samples.ts';
import { config, rita } from './stages.ts';
import { ready } from './ways.ts';
import { crashing, look, scanEvent, World } from './world.ts';

/** A Monday; the world begins at ten. */
const workingHours = { timeZone: 'UTC', from: '08:00', to: '18:00' };
const night = '2026-01-05T18:00:00.000Z';
const morning = '2026-01-06T08:00:00.000Z';
const until = (world: World, instant: Instant): void =>
  world.clock.advance(secondsBetween(world.clock.now(), instant));

let world: World;
const asked = (parts: Record<string, unknown>) =>
  world.decide((environment, now) =>
    next(environment, { kind: 'changed', spec: Spec.parse({ ...spec, ...parts }), person: rita }, now),
  );
const come = (parts?: Parameters<World['deliver']>[2]) => world.deliver('schedule', look(), parts);
const lines = async () => (await world.store.audit(web, 50)).map(({ what }) => what);
const states = () => world.pager.notices.map(({ subject }) => subject);
const held = async () => (await world.store.ledger(web.team)).held[web.name];
/** As the API writes it. */
async function reserved(environment: Environment): Promise<void> {
  const ledger = reserve(emptyLedger(web.team), Quota.parse({}), web.name, holds(environment));
  if ('outcome' in ledger) throw new Error(ledger.detail);
  await world.store.write(await changedByHand(), { ledger });
}

beforeEach(async () => {
  world = await ready(new World({ environments: [] }));
});

describe('working hours', () => {
  beforeEach(async () => {
    await asked({ workingHours });
    await reserved(await world.environment());
    until(world, night);
  });

  test('stop it and free its quota, start it and take it again; each once', async () => {
    const whole = await held();
    for (let i = 0; i < 3; i++) await come();
    expect((await world.environment()).life).toMatchObject({ state: 'stopped' });
    expect(await held()).toMatchObject({ cpu: 0, environments: 1 });
    until(world, morning);
    for (let i = 0; i < 3; i++) await come();
    expect((await world.environment()).life).toEqual({ state: 'running' });
    expect(await held()).toEqual(whole);
    const said = (await lines()).filter((line) => line.includes('working hours'));
    expect(said.filter((line) => !line.startsWith('asked'))).toEqual([
      'stopped it: its working hours are over',
      'started it: its working hours began',
    ]);
  });

  test.each(['before', 'after'] as const)('crashed %s its write, it finds out', async (when) => {
    await expect(come({ store: crashing(world.store, when) })).rejects.toThrow('crashed');
    await come();
    expect((await world.environment()).life.state).toBe('stopped');
    expect((await lines()).filter((line) => line.startsWith('stopped it'))).toHaveLength(1);
    expect(await held()).toMatchObject({ cpu: 0 });
  });

  test('a start for which there is no room is none: why is said once, and it is tried again', async () => {
    await come();
    until(world, morning);
    const other = keyOf('checkout', 'other');
    const [team] = config.teams;
    if (!team) throw new Error('no team');
    const small = { ...world.config, teams: [{ ...team, quota: Quota.parse({ cpu: 0.25 }) }] };
    const ledger = reserve(await world.store.ledger(web.team), Quota.parse({}), other.name, {
      ...holds(await world.environment()),
      cpu: 0.25,
    });
    if ('outcome' in ledger) throw new Error(ledger.detail);
    await world.store.write(await changedByHand(), { ledger });
    await come({ config: small });
    expect((await world.environment()).life.state).toBe('stopped');
    expect((await world.environment()).hours?.refused).toContain('Team checkout has not enough left');
    world.clock.advance(600);
    await come({ config: small });
    expect((await lines()).filter((line) => line.includes('not enough left'))).toHaveLength(1);
    world.clock.advance(600);
    await come();
    expect((await world.environment()).life.state).toBe('running');
  });

  test('a start of what may not run any more is none', async () => {
    await come();
    until(world, morning);
    await come({ config: { ...world.config, policy: { ...config.policy, version: '2' } } });
    expect((await world.environment()).life.state).toBe('stopped');
    expect((await lines()).at(-1)).toContain('its working hours began. What it ran may not be started');
  });

  test('others of its team came between: the message comes again', async () => {
    const store = new Proxy(world.store, {
      get(target, name) {
        if (name === 'ledger') return async () => ({ ...(await target.ledger(web.team)), version: 0 });
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    await expect(come({ store })).rejects.toThrow(Conflict);
    await come();
    expect((await world.environment()).life.state).toBe('stopped');
  });

  test('by themselves: a night and a morning', async () => {
    await world.pass(120);
    expect((await world.environment()).release.phase).toBe('stopped');
    until(world, morning);
    await world.pass(120, () => world.cluster.rollOut(web, world.clock.now(), 'lb-1.elb.example'));
    expect((await world.environment()).release.phase).toBe('ready');
  });
});

/** A change of no matter, for what is enclosed with it. */
async function changedByHand() {
  const environment = await world.environment();
  const decision = next(
    environment,
    { kind: 'rebuild-asked', useCache: true, person: rita },
    world.clock.now(),
  );
  if (decision.outcome !== 'changed') throw new Error('nothing changed');
  return decision;
}

describe('a ttl', () => {
  test('people are told, and then it is deleted with all that it made, by itself', async () => {
    await world.registry.make(web);
    await asked({ ttl: '4m' });
    await world.pass(200);
    expect(states()).toEqual(['[OPEN] checkout/web: expiring']);
    expect((await world.environment()).life.state).toBe('running');
    await world.pass(600);
    expect((await world.environment()).life.state).toBe('deleted');
    expect(states()).toEqual(['[OPEN] checkout/web: expiring', '[RECOVERED] checkout/web: expiring']);
    expect(world.registry.repositories()).toEqual([]);
    expect(await lines()).toContain('deleted it: its ttl is over');
  });

  test('is extended: nobody deletes it, and people are told that too', async () => {
    await asked({ ttl: '4m' });
    await world.pass(200);
    await world.decide((environment, now) =>
      next(environment, { kind: 'extension-asked', ttl: '1h', person: rita }, now),
    );
    await world.pass(400);
    expect((await world.environment()).life.state).toBe('running');
    expect(states()).toEqual(['[OPEN] checkout/web: expiring', '[RECOVERED] checkout/web: expiring']);
  });

  test.each(['before', 'after'] as const)(
    'a warning that crashed %s its write is told once',
    async (when) => {
      await asked({ ttl: '8h' });
      world.clock.advance(7 * 3600);
      await expect(come({ store: crashing(world.store, when) })).rejects.toThrow('crashed');
      await world.pass(180);
      expect(states()).toEqual(['[OPEN] checkout/web: expiring']);
    },
  );

  test('is not carried out while the pager is silent', async () => {
    await asked({ ttl: '4m' });
    const tell = world.pager.tell;
    world.pager.tell = async () => Promise.reject(new Error('no topic'));
    world.clock.advance(200);
    await come();
    world.clock.advance(3600);
    await come();
    expect((await world.environment()).life.state).toBe('running');
    world.pager.tell = tell;
    await world.pass(400);
    expect((await world.environment()).life.state).not.toBe('running');
  });
});

test('what has no times, or is not there, is left alone', async () => {
  const { version } = await world.environment();
  await come();
  await world.deliver('schedule', { ...look(), environment: keyOf('checkout', 'nobody') });
  expect((await world.environment()).version).toBe(version);
  expect(world.dead).toEqual([]);
});

test('a team that the configuration does not name: nothing is done, and the reason is kept', async () => {
  await asked({ workingHours });
  until(world, night);
  await come({ config: { ...world.config, teams: [] } });
  expect(world.dead).toMatchObject([{ stage: 'schedule', reason: expect.stringContaining('names no team') }]);
  expect((await world.environment()).life.state).toBe('running');
});

test('what is no look is refused, with the reason', async () => {
  await world.deliver('schedule', scanEvent('candidate/checkout/web', digestOf('x')));
  await world.deliver('schedule', { kind: 'look' });
  expect(world.dead).toHaveLength(2);
  expect(world.dead[0]?.reason).toContain('The schedule takes looks');
});
