import { expect, test } from 'vitest';
import { Rejected, Retryable } from '#core/errors.ts';
import { assess } from '#core/health.ts';
import { digestOf, keyOf, mustChange, requested, web } from '../contracts/samples.ts';
import { address, deploying, image, ready } from './ways.ts';
import { buildEvent, candidate, crashing, look, told, World } from './world.ts';

const promotedEvent = (world: World) =>
  told({ type: 'ImagePromoted', environment: web, cluster: 'main', at: world.clock.now(), digest: image });
const outgoing = async (world: World) =>
  (await world.store.pending(world.clock.now(), 100)).map(({ message }) =>
    message.kind === 'event' ? message.event.type : `look in ${message.delaySeconds} s`,
  );
const release = async (world: World) => (await world.environment()).release;

test('a promotion is applied, and looked at again in five seconds', async () => {
  const world = await deploying();
  await world.deliver('deploy', promotedEvent(world));
  expect(assess(await world.cluster.look(web)).digest).toBe(image);
  expect(await outgoing(world)).toEqual(['look in 5 s']);
});

test('told twice: applied once', async () => {
  const world = await deploying();
  await world.deliver('deploy', promotedEvent(world));
  await world.deliver('deploy', promotedEvent(world));
  expect(world.cluster.applies).toBe(1);
});

test('two looks at once become one chain', async () => {
  const world = await deploying();
  await world.deliver('deploy', promotedEvent(world));
  for (const entry of await world.store.pending(world.clock.now(), 100)) await world.store.settle(entry);
  world.clock.advance(5);
  await Promise.all([world.deliver('deploy', look()), world.deliver('deploy', look())]);
  await world.deliver('deploy', look());
  expect(await outgoing(world)).toEqual(['look in 5 s']);
});

test('Ready pods and an address: told once, with the address', async () => {
  const world = await deploying();
  await world.deliver('deploy', promotedEvent(world));
  world.cluster.rollOut(web, world.clock.now(), address);
  world.clock.advance(5);
  await world.deliver('deploy', look());
  await world.deliver('deploy', look());
  expect(await release(world)).toMatchObject({ phase: 'ready', digest: image, address });
  expect(await outgoing(world)).toEqual(['look in 5 s', 'EnvironmentReady']);
});

test.each(['before', 'after'] as const)(
  'crashed %s the write: EnvironmentReady is told once',
  async (when) => {
    const world = await deploying();
    await world.deliver('deploy', promotedEvent(world));
    world.cluster.rollOut(web, world.clock.now(), address);
    world.clock.advance(5);
    const store = crashing(world.store, when);
    await expect(world.deliver('deploy', look(), { store })).rejects.toThrow('crashed');
    await world.deliver('deploy', look());
    expect((await outgoing(world)).filter((what) => what === 'EnvironmentReady')).toHaveLength(1);
  },
);

test('crashed between the objects: what is missing is applied at the next look', async () => {
  const world = await deploying();
  world.cluster.before = ({ kind }) => {
    if (kind === 'Service') throw new Retryable('The Kubernetes API did not answer');
  };
  await expect(world.deliver('deploy', promotedEvent(world))).rejects.toThrow(Retryable);
  world.cluster.before = () => undefined;
  await world.deliver('deploy', promotedEvent(world));
  expect((await world.cluster.look(web)).service).toBeDefined();
});

test('objects that the cluster refuses are seen at the environment, and an incident when the time is over', async () => {
  const world = await deploying();
  world.cluster.before = ({ kind }) => {
    if (kind === 'Deployment')
      throw new Rejected('The cluster refused to apply Deployment app (422): too small');
  };
  await world.pass(1);
  await world.deliver('deploy', promotedEvent(world));
  await world.pass(620);
  expect(await release(world)).toMatchObject({
    phase: 'unready',
    reason: expect.stringContaining('(422): too small'),
  });
  expect(world.pager.notices.map(({ subject }) => subject)).toEqual(['[OPEN] checkout/web: rollout']);
  expect(world.dead).toEqual([]);
  world.cluster.before = () => undefined;
  await world.pass(20);
  world.cluster.rollOut(web, world.clock.now(), address);
  await world.pass(150);
  expect(await release(world)).toMatchObject({ phase: 'ready' });
  expect(world.pager.notices.at(-1)?.subject).toBe('[RECOVERED] checkout/web: rollout');
});

test('an OOM is told once for as long as Kubernetes shows it, a second one renews it', async () => {
  const world = await ready();
  world.clock.advance(60);
  world.cluster.oomKill(web, world.clock.now());
  world.cluster.restart(web, world.clock.now());
  await world.deliver('deploy', look());
  world.clock.advance(15);
  await world.deliver('deploy', look());
  expect((await outgoing(world)).filter((what) => what === 'IncidentOpened')).toHaveLength(1);
  const [opened] = (await world.environment()).incidents;
  world.cluster.oomKill(web, world.clock.now());
  world.cluster.restart(web, world.clock.now());
  world.clock.advance(15);
  await world.deliver('deploy', look());
  const [renewed] = (await world.environment()).incidents;
  expect(renewed).toMatchObject({ id: opened?.id, openedAt: opened?.openedAt });
  expect(renewed?.lastSeenAt).not.toBe(opened?.lastSeenAt);
});

test('the wrong cluster is refused, not deployed to', async () => {
  const world = new World();
  const shop = keyOf('checkout', 'shop');
  const { environment } = mustChange(requested({ key: shop, cluster: 'other' }));
  const release = {
    phase: 'deploying',
    digest: image,
    since: world.clock.now(),
    deadline: world.clock.now(),
    lookAt: world.clock.now(),
  } as const;
  await world.store.write({ ...requested({ key: shop }), environment: { ...environment, release } });
  await world.deliver('deploy', look(shop));
  expect(world.dead.map(({ reason }) => reason)).toEqual([
    'checkout/shop lives in cluster other, this is main.',
  ]);
  expect(world.cluster.applies).toBe(0);
});

test('nothing released, nothing to do; what it does not take is refused', async () => {
  const world = new World();
  await world.deliver('deploy', look());
  await world.store.write(requested());
  await world.deliver('deploy', look());
  await world.deliver('deploy', buildEvent('FAILED', 'b-1', candidate));
  expect(world.cluster.applies).toBe(0);
  expect(world.dead.map(({ reason }) => reason)).toEqual([
    "The deployer takes promotions, looks and sights, not build: is a rule's pattern too wide?",
  ]);
});

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

test('an old promotion told late brings the newest digest', async () => {
  const newer = digestOf('newer');
  const world = await deploying();
  const late = promotedEvent(world);
  const environment = await world.environment();
  const release = {
    phase: 'deploying',
    digest: newer,
    since: world.clock.now(),
    deadline: world.clock.now(),
    lookAt: world.clock.now(),
  } as const;
  await world.store.write({
    outcome: 'changed',
    environment: { ...environment, release, version: environment.version + 1 },
    at: world.clock.now(),
    events: [],
    looks: [],
  });
  await world.deliver('deploy', late);
  expect(assess(await world.cluster.look(web)).digest).toBe(newer);
});
