import { expect, test } from 'vitest';
import { outboxEntry } from '#adapters/aws/items.ts';
import { environmentId } from '#core/names.ts';
import { drain as drainAll } from '#lambdas/outbox/drain.ts';
import { send } from '#lambdas/outbox/send.ts';
import { keyOf, requested, start } from '../contracts/samples.ts';
import { deploying } from './ways.ts';
import { look, World } from './world.ts';

const names = ['one', 'two', 'three'];
async function threeWritten() {
  const world = new World();
  for (const name of names) await world.store.write(requested({ key: keyOf('checkout', name) }));
  return world;
}
const drain = async (world: World) =>
  send({ ...world, outbox: world.store }, await world.store.pending(world.clock.now(), 100));
const pending = async (world: World) =>
  (await world.store.pending(world.clock.now(), 100)).map(({ environment }) => environment.name);

test('all is told in its order, and settled', async () => {
  const world = await threeWritten();
  expect(await drain(world)).toEqual([]);
  expect(world.bus.told.map(({ environment }) => environment.name)).toEqual(names);
  expect(await pending(world)).toEqual([]);
});

test('one entry that the bus does not take stays pending, the others are settled', async () => {
  const world = await threeWritten();
  world.bus.refuse = (event) =>
    event.environment.name === 'two' ? 'ThrottlingException: slow down' : undefined;
  const unsent = await drain(world);
  expect(unsent).toMatchObject([
    { entry: { environment: { name: 'two' } }, reason: 'ThrottlingException: slow down' },
  ]);
  expect(await pending(world)).toEqual(['two']);
  world.bus.refuse = () => undefined;
  expect(await drain(world)).toEqual([]);
  expect(world.bus.told.map(({ environment }) => environment.name)).toEqual(['one', 'three', 'two']);
});

test('a look whose queue does not answer stays pending, the events go out', async () => {
  const world = await deploying();
  await world.deliver('deploy', look());
  world.clock.advance(120);
  await world.deliver('deploy', look());
  await world.store.write(requested({ key: keyOf('checkout', 'shop') }, world.clock.now()));
  world.looks.before = () => {
    throw new Error('no route to the queue');
  };
  const unsent = await drain(world);
  expect(unsent).toMatchObject([
    { entry: { message: { kind: 'look' } }, reason: 'Error: no route to the queue' },
  ]);
  expect(world.bus.told.map(({ type }) => type)).toEqual(['EnvironmentRequested']);
  expect(await pending(world)).toEqual(['web']);
});

test('what was sent and could not be settled is named, so that it comes again', async () => {
  const world = await threeWritten();
  const settle = world.store.settle.bind(world.store);
  world.store.settle = async (entry) => {
    if (entry.environment.name === 'three') throw new Error('throttled');
    await settle(entry);
  };
  const unsent = await drain(world);
  expect(unsent.map(({ reason }) => reason)).toEqual(['sent, but not settled: Error: throttled']);
  expect(await pending(world)).toEqual(['three']);
});

test('nothing to send', async () => {
  const world = new World();
  expect(await send({ ...world, outbox: world.store }, [])).toEqual([]);
  expect(world.clock.now()).toBe(start);
});

/** As the table hands it over: written by a newer version, or by hand. */
const poison = (name: string, id = '0000000001-0') => ({
  pk: `OUTBOX#checkout/${name}`,
  sk: id,
  environment: { team: 'checkout', name },
  message: { kind: 'letter' },
});

test('an entry that can not be read is reported with its reason and set aside; the others go out', async () => {
  const world = await threeWritten();
  world.store.plant(poison('odd'), start);
  const reports: string[] = [];
  const report = async ({ id }: { id: string }, reason: string) => void reports.push(`${id}: ${reason}`);
  const entries = await world.store.pending(world.clock.now(), 100);
  expect(await send({ ...world, outbox: world.store, report }, entries)).toEqual([]);
  expect(reports).toEqual([expect.stringMatching(/^0000000001-0: message.kind: /)]);
  expect(world.bus.told).toHaveLength(3);
  expect(await pending(world)).toEqual([]);
});

test('an entry whose report fails stays pending, and is named', async () => {
  const world = await threeWritten();
  world.store.plant(poison('odd'), start);
  const report = () => Promise.reject(new Error('no route to the DLQ'));
  const entries = await world.store.pending(world.clock.now(), 100);
  const unsent = await send({ ...world, outbox: world.store, report }, entries);
  expect(unsent.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/can't be read .*and was not set aside: Error: no route to the DLQ/),
  ]);
  expect(await pending(world)).toEqual(['odd']);
});

test('the key of an entry that somebody wrote by hand is kept as it is', () => {
  const { environment, id, message } = outboxEntry({ pk: 'OUTBOX#Some/thing/else', sk: 'x' });
  expect([environmentId(environment), id, message.kind]).toEqual(['Some/thing/else', 'x', 'unreadable']);
});

test('draining sends what is pending and what was set aside and can be read by now, and names the rest', async () => {
  const world = await threeWritten();
  const deps = { ...world, outbox: world.store };
  const [one] = await world.store.pending(world.clock.now(), 1);
  if (!one) throw new Error('nothing is pending');
  await world.store.setAside(one, 'an older version could not read it');
  world.store.untold = async () => one;
  world.store.plant(poison('odd'), start);
  const answer = await drainAll(deps, {
    kind: 'drain',
    entries: [{ environment: one.environment, id: one.id }],
  });
  expect(answer).toEqual({
    sent: 3,
    unsent: [
      { environment: 'checkout/odd', id: '0000000001-0', reason: expect.stringMatching(/can't be read/) },
    ],
  });
  expect(await drainAll(deps, { kind: 'drain', entries: [] })).toMatchObject({ sent: 0, unsent: [{}] });
});
