/** A volume that is made from a kept snapshot, and a snapshot that nobody wants: late, twice, crashed into, and refused. */
import { beforeEach, describe, expect, test } from 'vitest';
import { SnapshotsAnswer } from '#api/answers.ts';
import { Rejected } from '#core/errors.ts';
import { desiredObjects } from '#core/rollout.ts';
import { Spec } from '#core/spec.ts';
import { workspaceName } from '#core/workspace.ts';
import { call, refused } from '../api/calls.ts';
import { digestOf, keyOf, spec, web } from '../contracts/samples.ts';
import { config } from './stages.ts';
import { anna, crashing, look, rita, World } from './world.ts';

const driver = 'ebs.csi.eks.amazonaws.com';
const volume = { sizeGiB: 3 };
const heir = keyOf('checkout', 'heir');
const path = '/teams/checkout/snapshots';
const [main] = config.clusters;
if (!main) throw new Error('the sample has no cluster');
const parts = {
  ...config,
  environments: [],
  clusters: [{ ...main, volumes: main.volumes.map((one) => ({ ...one, snapshotClass: 'keeps' })) }],
};

let world: World;
const create = (name: string, given: object) =>
  call(world, rita, 'POST', '/environments', { team: 'checkout', name, spec: { ...spec, volume: given } });
const kept = async () => {
  const { snapshots } = SnapshotsAnswer.parse(await (await call(world, rita, 'GET', path)).json());
  return snapshots;
};
const lines = async (key = web) => (await world.store.audit(key, 50)).map(({ what }) => what);

/** As if it had been approved and promoted. */
const released = (key = heir) =>
  world.decide((environment, now) => {
    const approval = { approver: 'anna', approvedAt: now, policyVersion: '1', waivers: [] };
    const image = { digest: digestOf('heir'), pushedAt: now, tags: ['build-1'] };
    return {
      outcome: 'changed',
      environment: {
        ...environment,
        version: environment.version + 1,
        candidate: { phase: 'promoted', image, approval, since: now },
        release: { phase: 'deploying', digest: image.digest, approval, since: now, lookAt: now },
      },
      at: now,
      events: [],
      looks: [],
    };
  }, key);

/** What was on it is kept, and its environment is gone. */
beforeEach(async () => {
  world = new World(parts);
  world.cluster.snapshotClass = { deletionPolicy: 'Retain', driver };
  expect((await create('web', volume)).status).toBe(201);
  await released(web);
  await world.deliver('deploy', look());
  expect((await call(world, rita, 'DELETE', '/environments/checkout/web')).status).toBe(202);
  await world.deliver('deploy', look());
  world.cluster.snapshotTaken(web, driver, 'snap-1');
  await world.pass(400);
  expect((await world.environment()).life.state).toBe('deleted');
});

const snapshot = async () => {
  const [found] = await kept();
  if (!found) throw new Error('nothing is kept');
  return found;
};
const asked = async () => {
  const { name } = await snapshot();
  const answer = await create('heir', { sizeGiB: 4, from: name });
  expect(answer.status).toBe(201);
  await released();
  return name;
};
const come = (given?: Parameters<World['deliver']>[2]) =>
  world.deliver('deploy', { kind: 'look', environment: heir }, given);

test('it is in the list of its team, with what it costs, and in no other', async () => {
  expect(await snapshot()).toMatchObject({
    of: web,
    sizeGiB: 4,
    handle: 'snap-1',
    perMonth: 0.2,
    state: 'kept',
  });
  expect(await refused(world, { name: 'sven', groups: [] }, 'GET', path)).toMatchObject({ status: 403 });
});

test('of a volume that a slow call made anew, once its namespace was seen gone, nothing is kept', async () => {
  expect((await create('heir', volume)).status).toBe(201);
  await released();
  expect((await call(world, rita, 'DELETE', '/environments/checkout/heir')).status).toBe(202);
  await come();
  expect((await world.environment(heir)).life).toMatchObject({ left: ['name', 'repositories'] });
  const made = desiredObjects({
    key: heir,
    spec: Spec.parse({ ...spec, volume }),
    image: 'image',
    digest: digestOf('heir'),
    kubernetesVersion: main.kubernetesVersion,
    drainSeconds: main.drainSeconds,
    storageClass: 'getschwifty-gp3',
    loadBalancerScheme: 'internal',
  });
  await world.cluster.apply(made);
  await come();
  expect((await world.cluster.snapshots(heir)).snapshots).toEqual([]);
  expect((await world.cluster.look(heir)).objects).toEqual([]);
});

test('unwanted while its environment is still going, it stands in the way of nothing', async () => {
  expect((await create('heir', volume)).status).toBe(201);
  await released();
  await come();
  expect((await call(world, rita, 'DELETE', '/environments/checkout/heir')).status).toBe(202);
  await come();
  world.cluster.snapshotTaken(heir, driver, 'snap-2');
  world.clock.advance(61);
  await come();
  // It is kept, and its namespace is there still.
  const second = (await kept()).find(({ of }) => of.name === 'heir');
  expect(second).toMatchObject({ state: 'kept', handle: 'snap-2' });
  expect((await world.environment(heir)).life).toMatchObject({ state: 'deleting' });
  expect((await call(world, rita, 'DELETE', `${path}/${second?.name}`)).status).toBe(202);
  await world.pass(700);
  expect((await world.environment(heir)).life).toMatchObject({ state: 'deleted' });
  expect((await kept()).map(({ of }) => of.name)).toEqual(['web']);
  expect(world.cluster.snapshotContents.names()).toHaveLength(1);
});

describe('an environment is made from it', () => {
  test('its handle is brought to the namespace, and that its volume was made from it is said once', async () => {
    const name = await asked();
    await come();
    expect(world.cluster.snapshotContents.names()).toHaveLength(2);
    const claim = (await world.cluster.look(heir)).objects.find(
      ({ kind }) => kind === 'PersistentVolumeClaim',
    );
    expect(claim).toMatchObject({
      spec: { dataSource: { kind: 'VolumeSnapshot', name: `${workspaceName}-from` } },
    });
    expect((await world.environment(heir)).filled).toBeUndefined();
    world.cluster.rollOut(heir, world.clock.now(), 'lb');
    for (let i = 0; i < 3; i++) {
      world.clock.advance(61);
      await come();
    }
    expect((await world.environment(heir)).filled).toBe(name);
    const said = (await lines(heir)).filter((line) => line.includes('was made from'));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(`its volume was made from snapshot ${name}`);
  });

  test.each(['before', 'after'] as const)('crashed %s its write, it is made good', async (when) => {
    const name = await asked();
    await expect(come({ store: crashing(world.store, when) })).rejects.toThrow('crashed');
    world.clock.advance(61);
    await come();
    world.cluster.rollOut(heir, world.clock.now(), 'lb');
    world.clock.advance(61);
    await come();
    expect(await world.environment(heir)).toMatchObject({ filled: name, release: { phase: 'ready' } });
  });

  test('where the cluster refuses what names it, that is tried at each look', async () => {
    const name = await asked();
    world.cluster.before = ({ kind }) => {
      if (kind === 'VolumeSnapshotContent') throw new Error('not now');
    };
    await expect(come()).rejects.toThrow('not now');
    expect(world.cluster.snapshotContents.names()).toHaveLength(1);
    world.cluster.before = () => undefined;
    world.clock.advance(61);
    await come();
    expect(world.cluster.snapshotContents.names()).toHaveLength(2);
    expect(name).toMatch(/^web-\d{14}$/);
  });

  test('where the cluster will not have what names it, that is its problem, and no dead letter', async () => {
    await asked();
    world.cluster.before = ({ kind }) => {
      if (kind === 'VolumeSnapshotContent') throw new Rejected('admission webhook denied the request');
    };
    await come();
    await world.pass(700);
    expect(await world.environment(heir)).toMatchObject({
      release: { phase: 'held', reason: expect.stringContaining('admission webhook denied the request') },
    });
    world.cluster.before = () => undefined;
    world.clock.advance(61);
    await come();
    expect(world.cluster.snapshotContents.names()).toHaveLength(2);
  });

  test('another driver’s cluster says so, and nothing is made there', async () => {
    await asked();
    world.cluster.snapshotClass = { deletionPolicy: 'Retain', driver: 'efs.csi.aws.com' };
    await come();
    expect(world.cluster.snapshotContents.names()).toHaveLength(1);
    await world.pass(700);
    expect(await world.environment(heir)).toMatchObject({
      release: { phase: 'held', reason: expect.stringContaining('Ask for it in cluster main') },
    });
  });

  test('deleted, it leaves a snapshot of its own, and the one that it was made from', async () => {
    await asked();
    await come();
    expect((await call(world, rita, 'DELETE', '/environments/checkout/heir')).status).toBe(202);
    await world.pass(400);
    expect((await world.environment(heir)).life.state).toBe('deleted');
    // Nobody ever used its own volume.
    expect(await kept()).toHaveLength(1);
    expect(world.cluster.snapshotContents.names()).toEqual(['snapcontent-snap-1']);
    expect(world.cluster.snapshotContents.dropped).toEqual([]);
  });

  test.each([
    [{ sizeGiB: 4, from: 'web-20200101000000' }, /keeps no snapshot called/],
    [{ sizeGiB: 4, from: 'snap-1' }, /the name of a snapshot/],
    [{ sizeGiB: 3 }, /has 4 GiB: ask for 4 or more/],
  ])('%j is refused, and nothing is made', async (wanted, why) => {
    const { name } = await snapshot();
    const problem = await refused(world, rita, 'POST', '/environments', {
      team: 'checkout',
      name: 'heir',
      spec: { ...spec, volume: { from: name, ...wanted } },
    });
    expect(problem).toMatchObject({ status: 422, fields: [{ path: 'spec.volume.from' }] });
    expect(problem.fields?.[0]?.message).toMatch(why);
    expect(await world.store.read(heir)).toBeUndefined();
  });

  test("another team's is no snapshot of one's own", async () => {
    const { name } = await snapshot();
    expect(await world.store.snapshots.read(keyOf('billing', 'web').team, name)).toBeUndefined();
  });
});

describe('nobody wants it', () => {
  const drop = async () => call(world, rita, 'DELETE', `${path}/${(await snapshot()).name}`);

  test('it is taken away, its environment says so, and twice is once', async () => {
    const { name } = await snapshot();
    expect((await drop()).status).toBe(202);
    expect((await drop()).status).toBe(202);
    expect(await kept()).toMatchObject([{ state: 'unwanted', by: 'rita' }]);
    await world.pass(70);
    expect(world.cluster.snapshotContents.dropped).toEqual(['snap-1']);
    expect(await kept()).toEqual([]);
    expect((await lines()).filter((line) => line.includes(name)).slice(-2)).toEqual([
      `deleted its snapshot ${name}`,
      `its snapshot ${name} is gone`,
    ]);
    expect(await refused(world, rita, 'DELETE', `${path}/${name}`)).toMatchObject({ status: 404 });
  });

  test.each(['before', 'after'] as const)('crashed %s its write, the deployer finds out', async (when) => {
    await drop();
    await expect(world.deliver('deploy', look(), { store: crashing(world.store, when) })).rejects.toThrow(
      'crashed',
    );
    await world.deliver('deploy', look());
    expect([world.cluster.snapshotContents.dropped, await kept()]).toEqual([['snap-1'], []]);
  });

  test('not while an environment is to be made from it, and not by who may not', async () => {
    const name = await asked();
    const problem = await refused(world, anna, 'DELETE', `${path}/${name}`);
    expect(problem).toMatchObject({ status: 409, title: 'It is needed' });
    const security = { name: 'sec', groups: ['getschwifty-security'] };
    expect(await refused(world, security, 'DELETE', `${path}/${name}`)).toMatchObject({ status: 403 });
    await come();
    world.cluster.rollOut(heir, world.clock.now(), 'lb');
    world.clock.advance(61);
    await come();
    expect((await drop()).status).toBe(202);
  });

  test('deleted at the same instant as it is used: one of both is refused', async () => {
    const { name } = await snapshot();
    const write = world.store.write.bind(world.store);
    let others = 1;
    world.store.write = async (...args) => {
      if (others-- === 1) await drop();
      return write(...args);
    };
    const problem = await refused(world, rita, 'POST', '/environments', {
      team: 'checkout',
      name: 'heir',
      spec: { ...spec, volume: { sizeGiB: 4, from: name } },
    });
    expect(problem.status).toBe(422);
    expect(await world.store.read(heir)).toBeUndefined();
  });
});

test('a spec that names one is the same when it comes again', () => {
  const given = { ...spec, volume: { sizeGiB: 4, from: 'web-20260105100000' } };
  expect(Spec.parse(Spec.parse(given)).volume).toMatchObject(given.volume);
});
