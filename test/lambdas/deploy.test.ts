import { expect, test } from 'vitest';
import { mergeApplied } from '#adapters/memory/server-side-apply.ts';
import type { Config } from '#core/config.ts';
import { Rejected, Retryable } from '#core/errors.ts';
import { assess } from '#core/health.ts';
import type { Digest } from '#core/names.ts';
import { beginning } from '#core/release.ts';
import { digestOf, keyOf, mustChange, requested, start, verdict, web } from '../contracts/samples.ts';
import { address, deploying, image, ready } from './ways.ts';
import { buildEvent, candidate, config, crashing, look, told, World } from './world.ts';

const approval = { approver: 'anna', approvedAt: start, policyVersion: '1', waivers: [] };
const promotedEvent = (world: World) =>
  told({ type: 'ImagePromoted', environment: web, cluster: 'main', at: world.clock.now(), digest: image });
const outgoing = async (world: World) =>
  (await world.store.pending(world.clock.now(), 100)).map(({ message }) =>
    message.kind === 'event'
      ? message.event.type
      : message.kind === 'look' && `look in ${message.delaySeconds} s`,
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

const newer = digestOf('newer');
/** The next image is promoted over what is Ready; it never becomes Ready. */
async function failing(world: World, stored = verdict({ digest: image, decidedAt: start })): Promise<World> {
  await ready(world);
  await world.store.keepVerdict(web, { ...stored, decidedAt: world.clock.now() });
  await promoteNewer(world, newer);
  return world;
}
async function promoteNewer(world: World, digest: Digest): Promise<void> {
  const environment = await world.environment();
  const at = world.clock.now();
  await world.store.write({
    outcome: 'changed',
    environment: {
      ...environment,
      release: beginning(environment.release, { digest, approval: { ...approval, approver: 'bob' } }, at, 0),
      version: environment.version + 1,
    },
    at,
    events: [{ type: 'ImagePromoted', digest, environment: web, cluster: 'main', at }],
    looks: [],
  });
}
const running = async (world: World) => assess(await world.cluster.look(web)).digest;

test('a rollout that is not Ready in time goes back to what was; both are told once, and so is the recovery', async () => {
  const world = await failing(new World());
  await world.pass(300);
  expect(await running(world)).toBe(newer);
  expect(await release(world)).toMatchObject({ phase: 'deploying', previous: { digest: image } });
  await world.pass(310);
  expect(await running(world)).toBe(image);
  world.cluster.rollOut(web, world.clock.now(), address);
  await world.pass(200);
  expect(await release(world)).toMatchObject({ phase: 'ready', digest: image, failed: { digest: newer } });
  expect(world.pager.notices.map(({ subject }) => subject)).toEqual([
    '[OPEN] checkout/web: rollout',
    '[RECOVERED] checkout/web: rollout',
  ]);
  expect(world.dead).toEqual([]);
});

test.each<[string, Partial<Config>, RegExp]>([
  [
    'another policy is in force',
    { policy: { ...config.policy, version: '2' } },
    /under policy 1, and 2 is in force/,
  ],
])('a rollout is held where %s', async (_, parts, why) => {
  const world = await failing(new World(parts));
  await world.pass(620);
  expect(await running(world)).toBe(newer);
  expect(await release(world)).toMatchObject({ phase: 'held', digest: newer });
  expect(JSON.stringify(world.pager.notices)).toMatch(why);
});

test('a rollout is held where a new finding blocks what ran before', async () => {
  const world = await failing(new World(), verdict({ digest: image, result: 'block', blocking: 1 }));
  await world.pass(620);
  expect(await release(world)).toMatchObject({ phase: 'held', digest: newer });
});

test('what is promoted during the way back wins', async () => {
  const world = await failing(new World());
  await world.pass(611);
  expect(await release(world)).toMatchObject({ phase: 'rolling-back' });
  const newest = digestOf('newest');
  await promoteNewer(world, newest);
  await world.pass(1);
  expect(await running(world)).toBe(newest);
  expect(await release(world)).toMatchObject({
    phase: 'deploying',
    digest: newest,
    previous: { digest: image },
  });
});

test.each(['before', 'after'] as const)(
  'crashed %s the write of the way back: it is gone once',
  async (when) => {
    const world = await failing(new World());
    await world.pass(604);
    world.clock.advance(20);
    const store = crashing(world.store, when);
    await expect(world.deliver('deploy', look(), { store })).rejects.toThrow('crashed');
    await world.pass(30);
    expect(await release(world)).toMatchObject({ phase: 'rolling-back', digest: image });
    expect(await running(world)).toBe(image);
    expect(world.pager.notices).toHaveLength(1);
  },
);

test('deploys at once, doubled and late, end with what is released', async () => {
  const world = await deploying();
  const old = promotedEvent(world);
  await Promise.all([old, look(), old].map((message) => world.deliver('deploy', message)));
  await promoteNewer(world, newer);
  await Promise.all(
    [old, look(), old, promotedEvent(world)].map((message) => world.deliver('deploy', message)),
  );
  expect(await running(world)).toBe(newer);
  const { applies } = world.cluster;
  await world.deliver('deploy', old);
  expect(world.cluster.applies).toBe(applies);
  expect(world.dead).toEqual([]);
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
