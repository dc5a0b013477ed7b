import { expect, test } from 'vitest';
import { web } from '../contracts/samples.ts';
import { installation } from './stages.ts';
import { address, deploying, image, ready } from './ways.ts';
import { candidate, crashing, look, scanEvent, told, type World } from './world.ts';

const name = 'web.checkout.schwifty.example';
const owner = `schwifty-owner.${name}`;
const owned = `"heritage=getschwifty,installation=${installation}"`;
const readyEvent = (world: World, at = address) =>
  told({
    type: 'EnvironmentReady',
    environment: web,
    cluster: 'main',
    at: world.clock.now(),
    digest: image,
    address: at,
  });
const records = (world: World) => world.zone.records([name, owner]);

test('the name and its owner are written; twice is once', async () => {
  const world = await ready();
  await world.deliver('dns', readyEvent(world));
  const { version } = await world.environment();
  await world.deliver('dns', readyEvent(world));
  expect(await records(world)).toMatchObject([
    { name: owner, type: 'TXT', values: [owned] },
    { name, type: 'CNAME', values: [address] },
  ]);
  expect((await world.environment()).version).toBe(version);
});

test('an event that comes late: the address of now is what counts', async () => {
  const world = await ready();
  await world.deliver('dns', readyEvent(world, 'an-old-one.elb.example'));
  expect((await world.environment()).dns).toEqual({ name, target: address });
});

test('what is not Ready any more is not pointed at', async () => {
  const world = await deploying();
  await world.deliver('dns', readyEvent(world));
  expect(await records(world)).toEqual([]);
});

test("somebody else's record is left alone, and it is said which and what to do", async () => {
  const world = await ready();
  const foreign = { name, type: 'A', ttl: 300, values: ['192.0.2.7'] } as const;
  await world.zone.change([{ action: 'CREATE', record: foreign }]);
  await world.deliver('dns', readyEvent(world));
  expect(await records(world)).toEqual([foreign]);
  expect(world.dead.map(({ reason }) => reason)).toEqual([
    `A ${name} exists and is not ours (no owner record of ours): delete it by hand, or take another name.`,
  ]);
  expect((await world.environment()).dns).toBeUndefined();
});

test.each(['before', 'after'] as const)('crashed %s the write, with the records changed', async (when) => {
  const world = await ready();
  const store = crashing(world.store, when);
  await expect(world.deliver('dns', readyEvent(world), { store })).rejects.toThrow('crashed');
  await world.deliver('dns', readyEvent(world));
  expect(await records(world)).toHaveLength(2);
  expect((await world.environment()).dns).toEqual({ name, target: address });
});

test('the event was lost: two minutes later a look points the name, and once it points there nobody looks', async () => {
  const world = await ready();
  const asked = () => world.looks.sent.filter(({ stage }) => stage === 'dns');
  world.clock.advance(119);
  await world.reconcile();
  expect(asked()).toEqual([]);
  world.clock.advance(1);
  await world.reconcile();
  expect(asked()).toMatchObject([{ look: look(), delaySeconds: 0 }]);
  await world.deliver('dns', look());
  expect((await world.environment()).dns).toEqual({ name, target: address });
  world.clock.advance(3600);
  await world.reconcile();
  expect(asked()).toHaveLength(1);
});

test("a name that is somebody else's is looked at again ten minutes later, for it may be given up", async () => {
  const world = await ready();
  const foreign = { name, type: 'A', ttl: 300, values: ['192.0.2.7'] } as const;
  await world.zone.change([{ action: 'CREATE', record: foreign }]);
  world.clock.advance(120);
  await world.deliver('dns', look());
  expect(world.dead).toEqual([]);
  expect((await world.environment()).dns).toBeUndefined();
  await world.zone.change([{ action: 'DELETE', record: foreign }]);
  await world.pass(660);
  expect((await world.environment()).dns).toEqual({ name, target: address });
});

test('what it does not take is refused', async () => {
  const world = await ready();
  await world.deliver('dns', scanEvent(candidate, image));
  expect(world.dead[0]?.reason).toBe('The DNS stage takes events of ours and looks, not image.');
});
