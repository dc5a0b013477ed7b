/** What each stage takes away of an environment that was deleted: once, late, twice, crashed into, and of a call that was slow. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { LiveObject } from '#core/drift.ts';
import type { Environment } from '#core/environment.ts';
import { Rejected } from '#core/errors.ts';
import { next } from '#core/machine.ts';
import * as z from '#core/zod.ts';
import { digestOf, spec, web } from '../contracts/samples.ts';
import { config, rita } from './stages.ts';
import { address, ready } from './ways.ts';
import { crashing, look, scanEvent, told, World } from './world.ts';

const name = 'web.checkout.schwifty.example';
const repositories = ['candidate/checkout/web', 'cache/checkout/web', 'release/checkout/web'];
const deletedEvent = (world: World) =>
  told({ type: 'EnvironmentDeleted', environment: web, cluster: 'main', at: world.clock.now() });

const inCluster = async (world: World) => (await world.cluster.look(web)).objects.length;
const stages = [
  { stage: 'deploy', part: 'cluster', left: inCluster },
  { stage: 'dns', part: 'name', left: async (world: World) => world.zone.names().length },
  {
    stage: 'remove',
    part: 'repositories',
    left: async (world: World) => world.registry.repositories().length,
  },
] as const;

const leftOf = ({ life }: Environment) => (life.state === 'deleting' ? life.left : []);

/** It runs, is named, and was deleted a moment ago; nobody has heard of it yet. */
let world: World;
beforeEach(async () => {
  world = await ready(new World({ environments: [] }));
  await world.registry.make(web);
  await world.deliver('dns', look());
  await world.decide((environment, now) => next(environment, { kind: 'deletion-asked', person: rita }, now));
});

describe.each(stages)('$stage', ({ stage, part, left }) => {
  test('takes its part away and says so; twice is once', async () => {
    expect(await left(world)).toBeGreaterThan(0);
    await world.deliver(stage, deletedEvent(world));
    // A namespace is seen gone at the look after the one that removed it.
    world.clock.advance(60);
    await world.deliver(stage, look());
    expect(await left(world)).toBe(0);
    const { version, ...environment } = await world.environment();
    expect(leftOf({ version, ...environment })).not.toContain(part);
    await world.deliver(stage, deletedEvent(world));
    expect((await world.environment()).version).toBe(version);
  });

  test.each(['before', 'after'] as const)('crashed %s its write, it finds out', async (when) => {
    const store = crashing(world.store, when);
    world.clock.advance(60);
    const crashed = world.deliver(stage, look(), { store });
    await expect(crashed).rejects.toThrow('crashed');
    await world.deliver(stage, look());
    world.clock.advance(60);
    await world.deliver(stage, look());
    expect(await left(world)).toBe(0);
    expect(leftOf(await world.environment())).not.toContain(part);
  });

  test('an old message takes nothing from the environment that has the name since', async () => {
    const old = deletedEvent(world);
    await world.pass(400);
    expect((await world.environment()).life.state).toBe('deleted');
    const request = { key: web, cluster: 'main', requester: 'rita', spec };
    await world.registry.make(web);
    await world.decide((environment, now) => next(environment, { kind: 'requested', request }, now));
    const { version } = await world.environment();
    await world.deliver(stage, old);
    await world.deliver(stage, look());
    expect(world.registry.repositories()).toEqual(repositories);
    expect((await world.environment()).version).toBe(version);
  });

  test('an event of another kind is refused, with the reason', async () => {
    await world.deliver(stage, scanEvent('candidate/checkout/web', digestOf('x')));
    expect(world.dead).toMatchObject([{ stage, reason: expect.stringContaining('takes') }]);
  });
});

test('what a slow deployer makes anew after the namespace was gone is found, and goes', async () => {
  const before = await ready(new World({ environments: [] }));
  const slow = (await before.cluster.look(web)).objects;
  expect(slow.length).toBeGreaterThan(0);
  await world.pass(30);
  expect(await inCluster(world)).toBe(0);
  const home = slow.find(({ kind }) => kind === 'Namespace');
  if (!home) throw new Error('there is no namespace');
  await world.cluster.apply([
    { ...home, metadata: { name: home.metadata.name, labels: home.metadata.labels ?? {} } },
  ]);
  expect(await inCluster(world)).toBe(1);
  await world.pass(370);
  expect(await inCluster(world)).toBe(0);
  expect((await world.environment()).life.state).toBe('deleted');
});

const linesOf = async () => (await world.store.audit(web, 20)).map(({ what }) => what);
const refusal =
  'its namespace stays for now, the cluster refuses its removal: admission webhook "keeper" denied the request';
const refuse = () => {
  world.cluster.beforeRemoval = ({ kind }) => {
    if (kind === 'Namespace') throw new Rejected('admission webhook "keeper" denied the request');
  };
};

test('a namespace whose removal the cluster refuses is told of once, no dead letter, and goes when it may', async () => {
  refuse();
  await world.deliver('deploy', deletedEvent(world));
  await world.pass(300);
  expect(world.dead).toEqual([]);
  expect((await linesOf()).filter((line) => line === refusal)).toHaveLength(1);
  expect(leftOf(await world.environment())).toEqual(['cluster']);
  world.cluster.beforeRemoval = () => undefined;
  await world.pass(400);
  expect((await world.environment()).life.state).toBe('deleted');
  expect((await linesOf()).filter((line) => line?.includes('refuses'))).toHaveLength(1);
});

describe('its volume', () => {
  const volume = { sizeGiB: 3, class: 'gp3', access: 'ReadWriteOnce' as const };
  const [main] = config.clusters;
  if (!main) throw new Error('the sample has no cluster');
  const withSnapshots = {
    ...config,
    environments: [],
    clusters: [{ ...main, volumes: main.volumes.map((one) => ({ ...one, snapshotClass: 'keeps' })) }],
  };
  const deleted = async (given = new World({ environments: [] })) => {
    world = await ready(given);
    await world.decide((environment, now) =>
      next(environment, { kind: 'changed', spec: { ...spec, volume }, person: rita }, now),
    );
    await world.pass(5);
    await world.decide((environment, now) =>
      next(environment, { kind: 'deletion-asked', person: rita }, now),
    );
  };

  test('goes where its class has no snapshots, and that is written before it is done', async () => {
    await deleted();
    await world.deliver('deploy', deletedEvent(world));
    expect(await inCluster(world)).toBeGreaterThan(0);
    const told = 'its volume of 3 GiB goes with all that is on it: class gp3 has no snapshots';
    expect(await linesOf()).toContain(told);
    await world.pass(400);
    expect((await world.environment()).life.state).toBe('deleted');
    expect((await linesOf()).filter((line) => line === told)).toHaveLength(1);
  });

  test('is kept as a snapshot, for which the namespace waits', async () => {
    await deleted(new World(withSnapshots));
    world.cluster.snapshotClass = { deletionPolicy: 'Retain', driver: 'ebs.csi.eks.amazonaws.com' };
    await world.pass(300);
    const snapshots = (await world.cluster.snapshots(web)).snapshots;
    expect(snapshots).toHaveLength(1);
    expect(leftOf(await world.environment())).toEqual(['cluster']);
    world.cluster.snapshotTaken(web, 'ebs.csi.eks.amazonaws.com', 'snap-1');
    const creationTime = '2026-01-05T11:07:00Z';
    const said = (object: LiveObject) => ({
      ...object,
      status: { ...z.looseObject({}).parse(object['status']), creationTime },
    });
    world.cluster.edit(web, 'VolumeSnapshot', said, snapshots[0]?.metadata.name);
    await world.pass(400);
    expect((await world.environment()).life.state).toBe('deleted');
    const [kept] = await world.store.snapshots.list(web.team);
    expect(kept).toMatchObject({ of: web, handle: 'snap-1', sizeGiB: 4, cluster: 'main', version: 1 });
    expect(kept?.takenAt).toBe('2026-01-05T11:07:00.000Z');
    expect(await linesOf()).toContain(
      `its volume of 3 GiB stays as snapshot ${kept?.name} (snap-1 of ebs.csi.eks.amazonaws.com)`,
    );
  });

  test('stays while the cluster refuses its snapshot, which is told and no dead letter', async () => {
    await deleted(new World(withSnapshots));
    world.cluster.snapshotClass = { deletionPolicy: 'Retain', driver: 'ebs.csi.eks.amazonaws.com' };
    world.cluster.before = ({ kind }) => {
      if (kind === 'VolumeSnapshot') throw new Rejected('admission webhook "quota" denied the request');
    };
    await world.deliver('deploy', deletedEvent(world));
    await world.pass(200);
    const told =
      'its volume of 3 GiB waits for its snapshot: the cluster refuses it: admission webhook "quota" denied the request';
    expect((await linesOf()).filter((line) => line === told)).toHaveLength(1);
    expect(await inCluster(world)).toBeGreaterThan(0);
    world.cluster.before = () => undefined;
    await world.pass(100);
    world.cluster.snapshotTaken(web, 'ebs.csi.eks.amazonaws.com', 'snap-1');
    await world.pass(400);
    expect((await world.environment()).life.state).toBe('deleted');
    expect(await world.store.snapshots.list(web.team)).toHaveLength(1);
  });

  test('goes with its namespace, whose removal the cluster refuses for a while: each is told once', async () => {
    await deleted();
    refuse();
    await world.pass(300);
    const goes = 'its volume of 3 GiB goes with all that is on it: class gp3 has no snapshots';
    expect((await linesOf()).filter((line) => line?.includes(goes))).toEqual([goes, `${goes}; ${refusal}`]);
    world.cluster.beforeRemoval = () => undefined;
    await world.pass(400);
    expect((await world.environment()).life.state).toBe('deleted');
    expect((await linesOf()).filter((line) => line?.includes(goes))).toHaveLength(2);
  });

  test('stays where the cluster can make no snapshot, and what to do is said once', async () => {
    await deleted(new World(withSnapshots));
    await world.pass(600);
    expect(leftOf(await world.environment())).toEqual(['cluster']);
    expect((await linesOf()).filter((line) => line?.includes('waits for its snapshot'))).toHaveLength(1);
  });
});

test('a namespace that takes its time is looked at until it is gone', async () => {
  const terminating = { deletionTimestamp: world.clock.now() };
  world.cluster.edit(
    web,
    'Namespace',
    (object) => ({ ...object, metadata: { ...object.metadata, ...terminating } }),
    'checkout--web',
  );
  await world.pass(200);
  expect(leftOf(await world.environment())).toEqual(['cluster']);
});

test("records that are somebody else's stay, and that is said", async () => {
  const strange = { name: `schwifty-owner.${name}`, type: 'TXT' as const, ttl: 60, values: ['"theirs"'] };
  const [ours] = await world.zone.records([strange.name]);
  if (!ours) throw new Error('no owner');
  await world.zone.change([
    { action: 'DELETE', record: ours },
    { action: 'CREATE', record: strange },
  ]);
  await world.deliver('dns', deletedEvent(world));
  expect(await world.zone.records([name])).toMatchObject([{ values: [address] }]);
  const lines = (await world.store.audit(web, 5)).map(({ what }) => what);
  expect(lines.at(-1)).toBe(`its name ${name} stays: its records are not ours ("theirs")`);
});
