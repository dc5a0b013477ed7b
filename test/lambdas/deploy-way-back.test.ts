/** A rollout over another one: not Ready in time, held, overtaken. */
import { expect, test } from 'vitest';
import type { Config } from '#core/config.ts';
import { assess } from '#core/health.ts';
import type { Digest } from '#core/names.ts';
import { beginning } from '#core/release.ts';
import { digestOf, start, verdict, web } from '../contracts/samples.ts';
import { approval, promotedEvent, release } from './deploys.ts';
import { address, deploying, image, ready } from './ways.ts';
import { config, crashing, look, World } from './world.ts';

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
