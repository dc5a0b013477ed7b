/** The looks at what goes to another team: late, twice, crashed into, with the quota of both, and where others write meanwhile. */
import { beforeEach, expect, test } from 'vitest';
import { TransferAnswer } from '#api/answers.ts';
import { call } from '../api/calls.ts';
import { web } from '../contracts/samples.ts';
import { ben, heir, mia, rolledOut, worldOfTwo } from './two-teams.ts';
import { ready } from './ways.ts';
import { anna, crashing, look, rita, type World } from './world.ts';

const path = '/environments/checkout/web/transfer';
const offered = '/teams/billing/transfers/checkout/web';
let world: World;
beforeEach(async () => {
  world = await ready(worldOfTwo());
  expect((await call(world, anna, 'POST', path, { to: 'billing' })).status).toBe(201);
});

const accept = async () => {
  const answer = await call(world, ben, 'POST', `${offered}/acceptance`, {}, { 'if-match': '"1"' });
  expect(answer.status).toBe(201);
};
const state = async () => TransferAnswer.parse(await (await call(world, anna, 'GET', path)).json()).transfer;
const come = (parts?: Parameters<World['deliver']>[2]) => world.deliver('schedule', look(), parts);
const life = async (key = web) => (await world.environment(key)).life.state;
const lines = async (key = web) => (await world.store.audit(key, 50)).map(({ what }) => what);

test('nobody accepts it: at its end it is withdrawn by itself, once, and it stays', async () => {
  await come();
  expect((await state()).state).toBe('offered');
  world.clock.advance(7 * 86_400 + 5);
  for (let i = 0; i < 3; i++) await come();
  expect(await world.store.transfers.read(web)).toMatchObject({ state: 'over', why: 'expired', version: 2 });
  expect(await life()).toBe('running');
  expect((await world.environment()).leaving).toBeUndefined();
  const said = (await lines()).filter((line) => line.startsWith('it stays'));
  expect(said).toEqual(['it stays with team checkout: nobody of team billing accepted it in time']);
});

test.each(['before', 'after'] as const)(
  'a crash %s the write that deletes it is made good by the next look',
  async (when) => {
    await accept();
    await rolledOut(world);
    world.clock.advance(61);
    await expect(come({ store: crashing(world.store, when) })).rejects.toThrow('crashed');
    expect([await life(), (await state()).state]).toEqual(
      when === 'before' ? ['running', 'accepted'] : ['deleting', 'done'],
    );
    world.clock.advance(61);
    await come();
    expect([await life(), (await state()).state]).toEqual(['deleting', 'done']);
    expect((await lines(heir)).filter((line) => line.startsWith('took the place'))).toHaveLength(1);
    expect((await lines()).filter((line) => line.startsWith('deleted it'))).toHaveLength(1);
  },
);

test('it counts in both quotas until the new one is Ready, and then in one', async () => {
  const held = async (key: typeof web) => Object.keys((await world.store.ledger(key.team)).held);
  await accept();
  await rolledOut(world);
  // As the API had written it.
  const environment = await world.environment();
  const started = await call(world, rita, 'POST', '/environments/checkout/web/stop');
  expect(started.status).toBe(200);
  expect([await held(environment.key), await held(heir)]).toEqual([['web'], ['web']]);
  world.clock.advance(61);
  await come();
  expect(await life()).toBe('deleting');
  expect([await held(environment.key), await held(heir)]).toEqual([[], ['web']]);
});

test('where the new one turns at the same moment nothing is written, and it is looked at again', async () => {
  await accept();
  await rolledOut(world);
  world.clock.advance(61);
  const write = world.store.write.bind(world.store);
  let others = 1;
  world.store.write = async (...args) => {
    if (others-- > 0) await call(world, mia, 'POST', '/environments/billing/web/stop');
    return write(...args);
  };
  // Who finds another version reads and decides again.
  await come();
  expect(others).toBeLessThan(-1);
  expect([await life(), (await state()).state]).toEqual(['running', 'accepted']);
});

test('the new one is deleted before it is Ready: the old one stays, and can be offered anew', async () => {
  await accept();
  expect((await call(world, mia, 'DELETE', '/environments/billing/web')).status).toBe(202);
  world.clock.advance(61);
  await come();
  expect(await state()).toMatchObject({ state: 'over', why: 'new-deleted', endedBy: 'mia' });
  expect(await life()).toBe('running');
  expect((await call(world, anna, 'POST', path, { to: 'billing' })).status).toBe(201);
});

test('the old one is deleted by hand meanwhile: nothing more comes of it, and the new one goes on', async () => {
  await accept();
  expect((await call(world, rita, 'DELETE', '/environments/checkout/web')).status).toBe(202);
  await rolledOut(world);
  world.clock.advance(61);
  await come();
  expect(await state()).toMatchObject({ state: 'over', why: 'old-deleted', endedBy: 'rita' });
  expect([await life(), await life(heir)]).toEqual(['deleting', 'running']);
});

test('working hours are kept while it waits, however often it is looked at', async () => {
  await world.decide((environment, now) => ({
    outcome: 'changed',
    environment: {
      ...environment,
      version: environment.version + 1,
      spec: {
        ...environment.spec,
        workingHours: { timeZone: 'UTC', days: ['mon', 'tue'], from: '08:00', to: '18:00' },
      },
      hours: { lookAt: '2026-01-05T18:00:00.000Z' },
    },
    at: now,
    events: [],
    looks: [],
  }));
  await accept();
  world.clock.advance(9 * 3600);
  await come();
  expect((await world.environment()).leaving?.state).toBe('accepted');
  expect(await life()).toBe('stopped');
});

test('by itself: reconcile sees what is due', async () => {
  await accept();
  await rolledOut(world);
  await world.pass(130);
  expect(await world.store.transfers.read(web)).toMatchObject({ state: 'done' });
  expect(['deleting', 'deleted']).toContain(await life());
  expect(world.dead).toEqual([]);
});
