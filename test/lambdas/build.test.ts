import { expect, test, vi } from 'vitest';
import { Builds } from '#core/builds.ts';
import { judged } from '#core/candidate.ts';
import { Retryable } from '#core/errors.ts';
import { deletionAsked } from '#core/lifecycle.ts';
import { Packages } from '#core/packages.ts';
import { complete, digestOf, finding, keyOf, requested, spec, verdict, web } from '../contracts/samples.ts';
import { building, image, scanning } from './ways.ts';
import {
  buildEvent,
  candidate,
  config,
  crashing,
  look,
  pushEvent,
  rita,
  scanEvent,
  told,
  World,
} from './world.ts';

const requestedEvent = { type: 'EnvironmentRequested', environment: web, cluster: 'main', build: 1 } as const;
const asked = (world: World) => told({ ...requestedEvent, at: world.clock.now() });
const buildId = (world: World): string => [...world.builder.builds.keys()].at(-1) ?? '';

test('a request starts a build of the generated Dockerfile on the base at its digest', async () => {
  const world = await building();
  await world.deliver('build', asked(world));
  const [started] = [...world.builder.builds.values()];
  expect(started).toMatchObject({ key: web, number: 1 });
  expect(started?.context['Dockerfile']).toContain(`base/debian@${digestOf('base')}`);
  expect(started?.context['files/app.py']).toBe('print("hello")');
  expect((await world.environment()).candidate).toMatchObject({ build: { id: buildId(world) } });
});

test('what it resolves is kept by what it is built of, and so for the next build of the same', async () => {
  const world = await building();
  await world.deliver('build', asked(world));
  const [started] = [...world.builder.builds.values()];
  const { builtOf } = await world.environment();
  expect(started?.lock).toBe(`lock-${builtOf?.content.slice(0, 32)}`);
  const [from] = started?.made?.from ?? [];
  expect(from?.uri).toContain(`base/debian@${digestOf('base')}`);
  expect(started?.made).toMatchObject({ environment: 'checkout/web', content: builtOf?.content });
});

test('the same request twice starts one build', async () => {
  const world = await building();
  const event = asked(world);
  await world.deliver('build', event);
  const { version } = await world.environment();
  await world.deliver('build', event);
  expect(world.builder.builds.size).toBe(1);
  expect((await world.environment()).version).toBe(version);
});

test.each(['before', 'after'] as const)('crashed %s its id was written: one build', async (when) => {
  const world = await building();
  const event = asked(world);
  await expect(world.deliver('build', event, { store: crashing(world.store, when) })).rejects.toThrow(
    'crashed',
  );
  await world.deliver('build', event);
  expect(world.builder.builds.size).toBe(1);
  expect((await world.environment()).candidate).toMatchObject({ build: { id: buildId(world) } });
});

test('its repositories are there before its build is, whoever fails in between', async () => {
  const world = await building();
  const start = vi.spyOn(world.builder, 'start').mockRejectedValueOnce(new Retryable('throttled'));
  await expect(world.deliver('build', asked(world))).rejects.toThrow('throttled');
  const made = ['candidate/checkout/web', 'cache/checkout/web', 'release/checkout/web'];
  expect(world.registry.repositories()).toEqual(made);
  await world.deliver('build', asked(world));
  expect(world.registry.repositories()).toEqual(made);
  expect(start).toHaveBeenCalledTimes(2);
});

test('late news of what is being deleted makes and builds nothing', async () => {
  const world = await building();
  const event = asked(world);
  await world.decide((environment, now) => deletionAsked(environment, rita, now));
  await world.deliver('build', event);
  expect(world.registry.repositories()).toEqual([]);
  expect(world.builder.builds.size).toBe(0);
});

test('what a call makes that lasts longer than its deletion is found by the second look', async () => {
  const world = await building(new World({ environments: [] }));
  const { make } = world.registry;
  vi.spyOn(world.registry, 'make').mockImplementationOnce(async (key) => {
    await world.decide((environment, now) => deletionAsked(environment, rita, now));
    await world.pass(60);
    expect((await world.environment()).life).toMatchObject({ state: 'deleting', swept: true });
    await make.call(world.registry, key);
    expect(world.registry.repositories()).toHaveLength(3);
  });
  await world.deliver('build', asked(world));
  await world.pass(180);
  expect((await world.environment()).life.state).toBe('deleted');
  expect(world.registry.repositories()).toEqual([]);
});

test('an environment that is not there is nothing to do', async () => {
  const world = new World();
  await world.deliver('build', asked(world));
  expect(world.builder.builds.size).toBe(0);
  expect(world.dead).toEqual([]);
});

test('a name that became private after it was asked for is not built', async () => {
  const packages = Packages.parse({ pip: [{ name: 'acme-tools' }] });
  const world = new World();
  await world.store.write(requested({ spec: { ...spec, packages } }, world.clock.now()));
  const builds = Builds.parse({ indexes: { pip: { private: ['acme-'] } } });
  await world.deliver('build', asked(world), { config: { ...config, builds } });
  expect((await world.environment()).candidate).toMatchObject({
    phase: 'build-failed',
    reason: expect.stringContaining('acme-tools is a private name'),
  });
  expect(world.builder.builds.size).toBe(0);
});

const [base] = config.catalog.bases;
if (!base) throw new Error('the sample has no base');

test.each([
  ['left the catalog', [], 'the base debian-12 is no longer in the catalog: ask for another one'],
  [
    'lost its digest',
    [{ ...base, digest: digestOf('gone') }],
    `base/debian@${digestOf('gone')} is not in the registry: mirror it there again, or name another digest in the catalog`,
  ],
  [
    'was never mirrored',
    [{ ...base, tag: 'sid' }],
    'base/debian:sid is not in the registry: mirror it there first',
  ],
])('a base that %s ends the build, with what to do', async (_, bases, reason) => {
  const world = await building();
  await world.deliver('build', asked(world), {
    config: { ...config, catalog: { ...config.catalog, bases } },
  });
  expect((await world.environment()).candidate).toMatchObject({ phase: 'build-failed', reason });
  expect(world.dead).toEqual([]);
});

test('a fix that the base has no manager for ends the build, with what to do', async () => {
  const world = await scanning();
  const fixes = [{ manager: 'apt' as const, package: 'openssl', version: '3.0.17-1~deb12u2' }];
  await world.decide((environment, now) => {
    const stored = { digest: image, pushedAt: now, tags: ['build-1'] };
    const reasons = [{ rule: 'severity' as const, finding: finding({ ecosystem: 'os' }) }];
    const blocked = verdict({ digest: image, result: 'block', blocking: 1, reasons, fixes, decidedAt: now });
    return judged(environment, stored, blocked, config.policy, now);
  });
  expect((await world.environment()).candidate).toMatchObject({ phase: 'building', build: { fixes } });
  const event = { type: 'RemediationRequested', environment: web, cluster: 'main', build: 2, fixes } as const;
  const bases = [{ ...base, takes: ['pip' as const] }];
  await world.deliver('build', told({ ...event, at: world.clock.now() }), {
    config: { ...config, catalog: { ...config.catalog, bases } },
  });
  const reason = 'debian-12 takes no system packages: mirror it anew with the fixes';
  expect((await world.environment()).candidate).toMatchObject({ phase: 'build-failed', reason });
});

test('a failed build is told with its reason; the event that comes twice or late changes nothing more', async () => {
  const world = await building();
  await world.deliver('build', asked(world));
  const failed = buildEvent('FAILED', buildId(world), candidate);
  world.builder.end(buildId(world), 'FAILED in BUILD: exit status 1.');
  await world.deliver('build', failed);
  const { version, candidate: after } = await world.environment();
  expect(after).toMatchObject({ phase: 'build-failed', reason: 'FAILED in BUILD: exit status 1.' });
  await world.deliver('build', failed);
  expect((await world.environment()).version).toBe(version);
});

test('a failure event of a build that CodeBuild calls running is not believed', async () => {
  const world = await building();
  await world.deliver('build', asked(world));
  await world.deliver('build', buildEvent('FAILED', 'another', candidate));
  expect((await world.environment()).candidate.phase).toBe('building');
});

test('the failure that comes before the start was written starts no second build', async () => {
  const world = await building();
  await world.deliver('build', buildEvent('FAILED', 'b-1', candidate));
  await world.deliver('build', asked(world));
  expect(world.builder.builds.size).toBe(1);
});

test('a look before its time asks nothing; a due one finds what the push event did not tell', async () => {
  const world = await building();
  await world.deliver('build', asked(world));
  world.registry.push(candidate, image, 'build-1');
  world.builder.end(buildId(world));
  await world.deliver('build', look());
  expect((await world.environment()).candidate.phase).toBe('building');
  world.clock.advance(120);
  await world.deliver('build', look());
  expect((await world.environment()).candidate).toMatchObject({
    phase: 'scanning',
    image: { digest: image },
  });
});

test('a build that succeeded and pushed nothing has failed', async () => {
  const world = await building();
  await world.deliver('build', asked(world));
  world.builder.end(buildId(world));
  world.clock.advance(120);
  await world.deliver('build', look());
  expect((await world.environment()).candidate).toMatchObject({
    reason: 'the build succeeded and pushed nothing',
  });
});

test('news of an older build while the newer one runs', async () => {
  const world = await scanning();
  world.registry.setScan(candidate, image, complete(world.clock.now(), finding()));
  await world.deliver('gate', scanEvent(candidate, image));
  await world.deliver('build', asked(world));
  expect((await world.environment()).candidate).toMatchObject({ phase: 'building', build: { number: 2 } });
  await world.deliver('build', asked(world));
  await world.deliver('build', buildEvent('FAILED', 'build:checkout/web:1', candidate));
  expect((await world.environment()).candidate.phase).toBe('building');
});

test('what it does not take is refused', async () => {
  const world = await building();
  await world.deliver('build', pushEvent(candidate, image, 'build-1'));
  await world.deliver('build', buildEvent('FAILED', 'b-1', 'release/checkout/web'));
  await world.deliver('build', buildEvent('NO_SUCH_STATUS', 'b-1', candidate));
  const [image_, repository, status] = world.dead.map(({ reason }) => reason);
  expect(image_).toContain('takes builds, requests and looks, not image');
  expect(repository).toBe('Build b-1 pushes to "release/checkout/web", which is no candidate repository.');
  expect(status).toContain('build-status');
});

test('looks at another environment are its own', async () => {
  const world = await building();
  await world.deliver('build', look(keyOf('checkout', 'shop')));
  expect(world.builder.builds.size).toBe(0);
});
