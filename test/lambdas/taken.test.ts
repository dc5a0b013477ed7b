/** A spec that was released before is asked for again: what each stage makes of that, and what it never skips. */
import { expect, test } from 'vitest';
import { PlanAnswer } from '#api/answers.ts';
import { shortDigest } from '#core/image.ts';
import { Spec } from '#core/spec.ts';
import { call } from '../api/calls.ts';
import { complete, digestOf, finding, spec, web } from '../contracts/samples.ts';
import { anna, candidate, config, crashing, look, rita, scanEvent, World } from './world.ts';

const other = Spec.parse({ ...spec, command: ['sleep', '1'] });
const ask = (world: World, wanted: Spec) =>
  call(world, rita, 'PUT', '/environments/checkout/web', { spec: wanted });

const steps = async (world: World, wanted: Spec) => {
  const answer = await call(world, rita, 'PUT', '/environments/checkout/web?dryRun=true', { spec: wanted });
  expect(answer.status).toBe(200);
  return PlanAnswer.parse(await answer.json()).steps;
};

/** Built, passed, approved, Ready. */
async function ready(world = new World(), digest = digestOf('first')) {
  await call(world, rita, 'POST', '/environments', { team: 'checkout', name: 'web', spec });
  await world.pass(1);
  world.pushBuild(digest);
  await passes(world, digest);
  await call(world, anna, 'POST', '/environments/checkout/web/approvals', { digest });
  await world.pass(1);
  world.cluster.rollOut(web, world.clock.now(), 'lb-1.elb.example');
  await world.pass(6);
  expect((await world.environment()).release).toMatchObject({ phase: 'ready', digest });
  return world;
}

async function passes(
  world: World,
  digest: ReturnType<typeof digestOf>,
  ...found: ReturnType<typeof finding>[]
) {
  world.registry.setScan(candidate, digest, complete(world.clock.now(), ...found));
  world.emit(scanEvent(candidate, digest));
  await world.pass(1);
}

test('it is Ready again with no build and no new approval; the build of the spec in between comes to nothing', async () => {
  const world = await ready();
  expect((await ask(world, other)).status).toBe(200);
  await world.pass(1);
  expect(world.builder.builds.size).toBe(2);

  expect((await ask(world, spec)).status).toBe(200);
  await world.pass(1);
  world.cluster.rollOut(web, world.clock.now(), 'lb-1.elb.example');
  await world.pass(6);
  expect(world.builder.builds.size).toBe(2);
  const again = await world.environment();
  expect(again).toMatchObject({
    builds: 3,
    candidate: { phase: 'promoted', approval: { approver: 'anna' } },
    release: { phase: 'ready', digest: digestOf('first') },
  });

  world.pushBuild(digestOf('other'));
  await passes(world, digestOf('other'));
  expect((await world.environment()).candidate).toEqual(again.candidate);
  expect(world.dead).toEqual([]);
});

test('a dry run says that it would be taken, and nothing is done', async () => {
  const world = await ready();
  await ask(world, other);
  await world.pass(1);
  const before = await world.environment();
  expect(await steps(world, spec)).toEqual([
    expect.stringContaining(`nothing is built: ${shortDigest(digestOf('first'))} is made of the same`),
    expect.stringContaining('is copied to'),
    expect.stringContaining('are applied to cluster main'),
  ]);
  expect(await world.environment()).toEqual(before);
});

test.each<[string, (world: World) => void]>([
  ['its base is another by now', (world) => world.bases.push('base/debian', digestOf('newer'), 'bookworm')],
  ['another epoch runs', (world) => world.clock.advance(7 * 86_400)],
])('a dry run says that it would be built where %s', async (_, turn) => {
  const world = await ready();
  await ask(world, other);
  await world.pass(1);
  turn(world);
  expect(await steps(world, spec)).toHaveLength(5);
});

test.each<[string, (world: World) => void, string]>([
  [
    'has a finding now',
    (world) => world.registry.setScan(candidate, digestOf('first'), complete(world.clock.now(), finding())),
    'the verdict is now block',
  ],
  [
    'is gone',
    (world) => world.registry.delete(candidate, digestOf('first')),
    'was deleted from the candidate repository',
  ],
])('an image that %s is built anew, with nothing of the cache', async (_, turn, why) => {
  const world = await ready();
  await ask(world, other);
  await world.pass(1);
  turn(world);
  await ask(world, spec);
  await world.pass(1);
  const builds = [...world.builder.builds.values()];
  expect(builds.map(({ number, withoutCache }) => ({ number, withoutCache }))).toEqual([
    { number: 1, withoutCache: undefined },
    { number: 2, withoutCache: undefined },
    { number: 4, withoutCache: true },
  ]);
  const told = (await world.store.audit(web, 10)).map(({ what }) => what);
  expect(told.find((what) => what.includes('not promoted again'))).toContain(why);
});

test.each<[string, Partial<typeof config>]>([
  ['policy', { policy: { ...config.policy, version: '2' } }],
  ['epoch', { builds: { ...config.builds, epochDays: 1 } }],
])('under another %s than it was approved in, it is not released', async (_, parts) => {
  const world = await ready();
  await ask(world, other);
  await world.pass(1);
  const changed = Object.assign(new World({ ...config, ...parts }), {
    store: world.store,
    registry: world.registry,
    builder: world.builder,
    clock: world.clock,
  });
  await call(changed, rita, 'PUT', '/environments/checkout/web', { spec });
  await changed.pass(2);
  expect((await changed.environment()).candidate.phase).toBe('building');
  expect([...changed.builder.builds.values()].at(-1)?.context['Dockerfile']).toContain("'Jinja2==2.10'");
});

test.each(['before', 'after'] as const)('crashed %s it was written, told twice: taken once', async (when) => {
  const world = await ready();
  await ask(world, other);
  await world.pass(1);
  await ask(world, spec);
  const event = look();
  const parts = { store: crashing(world.store, when) };
  await expect(world.deliver('build', event, parts)).rejects.toThrow('crashed');
  await world.deliver('build', event);
  await world.deliver('build', event);
  expect((await world.environment()).candidate.phase).toBe('promoting');
  expect(world.builder.builds.size).toBe(2);
  const told = (await world.store.audit(web, 20)).filter(({ what }) => what.includes('is spared'));
  expect(told).toHaveLength(1);
});

test('a rebuild is a build, whatever was released', async () => {
  const world = await ready();
  await call(world, rita, 'POST', '/environments/checkout/web/builds', { useCache: true });
  await world.pass(1);
  expect(world.builder.builds.size).toBe(2);
});
