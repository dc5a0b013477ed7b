/** What a watcher says to the deployer: a hint, told twice, late, untrue or by whoever may not. */
import { expect, test } from 'vitest';
import { requested, web } from '../contracts/samples.ts';
import { outgoing, release } from './deploys.ts';
import { image, ready } from './ways.ts';
import { crashing, look, World } from './world.ts';

const seen = (parts: object = {}) => ({
  kind: 'seen',
  environment: web,
  cluster: 'main',
  facts: ['oom'],
  ...parts,
});

test('what a watcher saw is looked at, also when the next look is not due', async () => {
  const world = await ready();
  world.clock.advance(10);
  world.cluster.oomKill(web, world.clock.now());
  await world.deliver('deploy', look());
  expect(await outgoing(world)).toEqual([]);
  await world.deliver('deploy', seen());
  expect(await outgoing(world)).toContain('IncidentOpened');
});

test('a sight is a hint: told twice, late or untrue, what counts is what is found', async () => {
  const world = await ready();
  world.clock.advance(10);
  await world.deliver('deploy', seen({ facts: ['oom', 'ready', 'end'] }));
  expect(await release(world)).toMatchObject({ phase: 'ready' });
  expect(await outgoing(world)).not.toContain('IncidentOpened');
  world.cluster.oomKill(web, world.clock.now());
  await Promise.all([world.deliver('deploy', seen()), world.deliver('deploy', seen())]);
  await world.deliver('deploy', seen());
  expect((await outgoing(world)).filter((what) => what === 'IncidentOpened')).toHaveLength(1);
  expect(world.dead).toEqual([]);
});

test('a sight of an environment that is not, or of which nothing runs, is nothing', async () => {
  const world = new World();
  await world.deliver('deploy', seen());
  await world.store.write(requested());
  await world.deliver('deploy', seen());
  expect(world.cluster.applies).toBe(0);
  expect(world.dead).toEqual([]);
});

test('a watcher that is alive asks for nothing', async () => {
  const world = await ready();
  const before = await world.environment();
  await world.deliver('deploy', { kind: 'alive', cluster: 'main' });
  expect(await world.environment()).toEqual(before);
});

test.each([
  ['of another cluster', seen({ cluster: 'other' }), /speaks for cluster other, this is main/],
  ['alive elsewhere', { kind: 'alive', cluster: 'other' }, /speaks for cluster other, this is main/],
  ['of facts that nobody knows', seen({ facts: ['pwned'] }), /message is not valid: facts.0/],
  ['of more than facts', seen({ digest: image }), /message is not valid/],
  ['of no environment', seen({ environment: { team: 'UPPER', name: 'web' } }), /environment.team/],
  ['of a kind that nobody knows', { kind: 'heard', environment: web }, /message is not valid: kind/],
])('a message %s is refused with its reason, and nothing is looked at', async (_, message, reason) => {
  const world = await ready();
  const before = await world.environment();
  await world.deliver('deploy', message);
  expect(world.dead).toEqual([{ stage: 'deploy', reason: expect.stringMatching(reason) }]);
  expect(await world.environment()).toEqual(before);
});

test.each(['before', 'after'] as const)('crashed %s the write of a sight: told once', async (when) => {
  const world = await ready();
  world.clock.advance(10);
  world.cluster.oomKill(web, world.clock.now());
  const store = crashing(world.store, when);
  await expect(world.deliver('deploy', seen(), { store })).rejects.toThrow('crashed');
  await world.deliver('deploy', seen());
  expect((await outgoing(world)).filter((what) => what === 'IncidentOpened')).toHaveLength(1);
});
