/** The deployer: what is released is applied, looked at, and told of; what others changed is put back. */
import { expect, test } from 'vitest';
import { mergeApplied } from '#adapters/memory/server-side-apply.ts';
import { Rejected, Retryable } from '#core/errors.ts';
import { assess } from '#core/health.ts';
import { digestOf, keyOf, mustChange, requested, web } from '../contracts/samples.ts';
import { approval, outgoing, promotedEvent, release } from './deploys.ts';
import { address, deploying, image, ready } from './ways.ts';
import { buildEvent, candidate, crashing, look, World } from './world.ts';

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
    phase: 'held',
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
    approval,
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

test('an old promotion told late brings the newest digest', async () => {
  const newer = digestOf('newer');
  const world = await deploying();
  const late = promotedEvent(world);
  const environment = await world.environment();
  const release = {
    phase: 'deploying',
    digest: newer,
    approval,
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

const audit = async (world: World) => (await world.store.audit(web, 50)).map(({ what }) => what);

test('what others changed of ours is put back at the next look and told once; what is theirs is left', async () => {
  const world = await ready();
  world.cluster.edit(web, 'Deployment', (object) => mergeApplied(object, { spec: { replicas: 4 } }));
  world.cluster.edit(web, 'ResourceQuota', (object) =>
    mergeApplied(object, { spec: { hard: { pods: '99' } } }),
  );
  world.clock.advance(60);
  await world.deliver('deploy', look());
  const line = 'put back ResourceQuota app (spec.hard.pods)';
  expect(await audit(world)).toContain(line);
  const { objects } = await world.cluster.look(web);
  expect(objects.find(({ kind }) => kind === 'Deployment')).toMatchObject({ spec: { replicas: 4 } });
  expect(objects.find(({ kind }) => kind === 'ResourceQuota')).toMatchObject({
    spec: { hard: { pods: '3' } },
  });
  const { applies } = world.cluster;
  await world.pass(200);
  expect(world.cluster.applies).toBe(applies);
  expect((await audit(world)).filter((what) => what === line)).toHaveLength(1);
});

test('somebody who changes it each time is told of once', async () => {
  const world = await ready();
  for (let i = 0; i < 3; i++) {
    world.cluster.edit(web, 'Service', (object) => mergeApplied(object, { spec: { selector: { a: 'b' } } }));
    world.clock.advance(60);
    await world.deliver('deploy', look());
  }
  expect((await audit(world)).filter((what) => what.startsWith('put back'))).toHaveLength(1);
});

test('a cluster that is busy fails the look alone: nothing is written, and no time of the rollout passes', async () => {
  const world = await deploying();
  world.cluster.before = () => {
    throw new Retryable('The cluster refused to apply Namespace checkout--web (429): slow down');
  };
  const { version } = await world.environment();
  await expect(world.deliver('deploy', promotedEvent(world))).rejects.toThrow(Retryable);
  expect((await world.environment()).version).toBe(version);
  world.clock.advance(3600);
  world.cluster.before = () => undefined;
  await world.deliver('deploy', look());
  expect(await release(world)).toMatchObject({ phase: 'deploying', digest: image });
});
