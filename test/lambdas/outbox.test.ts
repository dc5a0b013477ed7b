import { expect, test } from 'vitest';
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
