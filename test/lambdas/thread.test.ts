/** The main thread from the request to the recovery, every stage and every message in between, on memory adapters. */
import { expect, test } from 'vitest';
import { releaseTag } from '#core/image.ts';
import { call } from '../api/calls.ts';
import { complete, digestOf, finding, spec, web } from '../contracts/samples.ts';
import { anna, candidate, look, pushEvent, release, rita, scanEvent, World } from './world.ts';

const post = (world: World, person: typeof rita, path: string, body: unknown) =>
  call(world, person, 'POST', path, body);

/** A new environment that was built; `first` is its image. */
async function built(world: World, first = digestOf('first')) {
  const created = await post(world, rita, '/environments', { team: 'checkout', name: 'web', spec });
  expect(created.status).toBe(201);
  await world.pass(1);
  world.pushBuild(first);
  await world.pass(1);
  return first;
}

/** The scan of an image ends, and ECR says so. */
async function scanned(
  world: World,
  digest: ReturnType<typeof digestOf>,
  ...findings: ReturnType<typeof finding>[]
) {
  world.registry.setScan(candidate, digest, complete(world.clock.now(), ...findings));
  world.emit(scanEvent(candidate, digest));
  await world.pass(1);
}

async function ready(world: World) {
  const digest = await built(world);
  await scanned(world, digest);
  expect((await post(world, anna, '/environments/checkout/web/approvals', { digest })).status).toBe(201);
  await world.pass(1);
  world.cluster.rollOut(web, world.clock.now(), 'lb-1.elb.example');
  await world.pass(6);
  expect((await world.environment()).release.phase).toBe('ready');
  return digest;
}

test('request, block, remediation, approval, promotion, rollout, name, OOM, incident, recovery', async () => {
  const world = new World();
  const first = await built(world);
  expect((await world.environment()).candidate.phase).toBe('scanning');

  await scanned(world, first, finding());
  expect((await world.environment()).candidate).toMatchObject({ phase: 'building', build: { number: 2 } });
  const rebuild = [...world.builder.builds.values()].at(-1);
  expect(rebuild?.context['Dockerfile']).toContain("'jinja2==2.10.1'");
  expect(rebuild?.context['Dockerfile']).not.toContain("2.10'");

  const fixed = digestOf('fixed');
  world.pushBuild(fixed);
  await world.pass(1);
  await scanned(world, fixed, finding({ id: 'CVE-1', severity: 'LOW', fix: 'no' }));
  expect((await world.environment()).candidate.phase).toBe('awaiting-approval');

  const approvals = '/environments/checkout/web/approvals';
  expect((await post(world, rita, approvals, { digest: fixed })).status).toBe(403);
  expect((await post(world, anna, approvals, { digest: fixed })).status).toBe(201);
  await world.pass(1);
  expect(await world.registry.imageByTag(release, releaseTag(fixed))).toMatchObject({ digest: fixed });
  expect((await world.environment()).release.phase).toBe('deploying');

  world.cluster.rollOut(web, world.clock.now(), 'lb-1.elb.example');
  await world.pass(6);
  expect((await world.environment()).release).toMatchObject({ phase: 'ready', digest: fixed });
  expect(await world.zone.records(['web.checkout.schwifty.example'])).toMatchObject([
    { type: 'CNAME', values: ['lb-1.elb.example'] },
  ]);

  world.cluster.oomKill(web, world.clock.now());
  await world.pass(5);
  world.cluster.restart(web, world.clock.now());
  // A look a minute at what is well, made when reconcile comes by: two minutes at most.
  await world.pass(115);
  expect(world.pager.notices.map(({ subject }) => subject)).toEqual(['[OPEN] checkout/web: oom']);
  await world.pass(25);
  expect(world.pager.notices.map(({ subject }) => subject)).toEqual([
    '[OPEN] checkout/web: oom',
    '[RECOVERED] checkout/web: oom',
  ]);
  expect((await world.environment()).incidents).toEqual([]);
  expect(world.dead).toEqual([]);
});

test('every event of AWS lost: reconcile brings it to the same end', async () => {
  const world = new World();
  await post(world, rita, '/environments', { team: 'checkout', name: 'web', spec });
  await world.pass(1);
  const digest = digestOf('first');
  const [id] = [...world.builder.builds.keys()];
  world.registry.push(candidate, digest, 'build-1');
  world.builder.end(id ?? '');
  await world.pass(200);
  expect((await world.environment()).candidate.phase).toBe('scanning');
  world.registry.setScan(candidate, digest, complete(world.clock.now()));
  await world.pass(130);
  expect((await world.environment()).candidate.phase).toBe('awaiting-approval');
});

test('what runs goes on while a new image is blocked beside it', async () => {
  const world = new World();
  const digest = await ready(world);
  const other = digestOf('other');
  world.registry.push(candidate, other, 'by-hand');
  world.emit(pushEvent(candidate, other, 'by-hand'));
  await world.pass(1);
  await scanned(world, other, finding());
  const environment = await world.environment();
  expect(environment.candidate).toMatchObject({ phase: 'blocked', image: { digest: other } });
  expect(environment.release).toMatchObject({ phase: 'ready', digest });
  world.cluster.rollOut(web, world.clock.now(), 'lb-2.elb.example');
  await world.pass(125);
  expect((await world.environment()).dns?.target).toBe('lb-2.elb.example');
});

test('a quiet hour: looks go on, nothing is applied, told or paged', async () => {
  const world = new World();
  await ready(world);
  const before = { applies: world.cluster.applies, told: world.bus.told.length };
  await world.pass(3600);
  expect({ applies: world.cluster.applies, told: world.bus.told.length }).toEqual(before);
  expect(world.pager.notices).toEqual([]);
  expect(world.looks.sent.length).toBeLessThan(100);
});

test('looks that come many at once become one chain', async () => {
  const world = new World();
  const digest = await built(world);
  await scanned(world, digest);
  await post(world, anna, '/environments/checkout/web/approvals', { digest });
  await world.pass(1);
  const before = world.looks.sent.length;
  for (let i = 0; i < 5; i++) await world.deliver('deploy', look());
  await world.pass(60);
  // One look each five seconds while it is rolled out; reconcile finds it looked after.
  expect(world.looks.sent.length - before).toBeLessThanOrEqual(13);
});
