/** Builds of what is no base: an image that stands in the registry, and a repository with a Dockerfile of its own. */
import { expect, test } from 'vitest';
import { request } from '#core/build.ts';
import { judged, pushed } from '#core/candidate.ts';
import { changed, rebuildAsked } from '#core/lifecycle.ts';
import { Spec } from '#core/spec.ts';
import { digestOf, finding, mustChange, verdict, web } from '../contracts/samples.ts';
import { config, look, told, World } from './world.ts';

const event = { type: 'EnvironmentRequested', environment: web, cluster: 'main', build: 1 } as const;
const image = `image/nginx@${digestOf('nginx')}`;
const git = { url: 'https://git.example/acme/shop', commit: 'a'.repeat(40), folder: 'api' };
const letting = { ...config, catalog: { ...config.catalog, git: ['https://git.example/acme/'] } };

async function asked(parts: object, given = letting): Promise<World> {
  const world = new World(given);
  const wanted = { key: web, cluster: 'main', requester: 'rita', spec: Spec.parse(parts) };
  await world.store.write(mustChange(request(wanted, world.clock.now())));
  return world;
}
const built = (world: World) => world.deliver('build', told({ ...event, at: world.clock.now() }));

test('an image is built upon, by its digest', async () => {
  const world = await asked({ image });
  world.builder.addBase('image/nginx', 'any', digestOf('nginx'));
  await built(world);
  const [started] = [...world.builder.builds.values()];
  expect(started?.context['Dockerfile']).toMatch(new RegExp(`^FROM [^ ]+/${image}\nLABEL `));
  expect(started?.git).toBeUndefined();
});

test('an image that is not there ends the build, with what to do', async () => {
  const world = await asked({ image });
  await built(world);
  expect((await world.environment()).candidate).toMatchObject({
    phase: 'build-failed',
    reason: `${image} is not in the registry: push it there again`,
  });
});

test('a repository is built by its Dockerfile, once, however often it is asked for', async () => {
  const world = await asked({ git });
  await built(world);
  await built(world);
  await world.deliver('build', look(web));
  const started = [...world.builder.builds.values()];
  expect(started.map((build) => build.git)).toEqual([{ ...git, dockerfile: 'Dockerfile' }]);
  expect(Object.keys(started[0]?.context ?? {})).toEqual(['source.json']);
});

test('a repository that may no longer be built from ends the build, with what may be', async () => {
  const world = await asked(
    { git },
    { ...config, catalog: { ...config.catalog, git: ['https://git.example/other/'] } },
  );
  await built(world);
  expect(world.builder.builds.size).toBe(0);
  expect((await world.environment()).candidate).toMatchObject({
    phase: 'build-failed',
    reason:
      'it must begin with https://git.example/other/: catalog.git of the configuration says what may be built',
  });
});

test('what blocks in it is not rebuilt, though it has a fix: its source is where that is done', async () => {
  const world = await asked({ git });
  await built(world);
  const pushed = { digest: digestOf('image'), pushedAt: world.clock.now(), tags: ['build-1'] };
  const fixes = [{ manager: 'apt' as const, package: 'openssl', version: '3.0.17-1~deb12u2' }];
  await world.decide((environment, now) => {
    const reasons = [{ rule: 'severity' as const, finding: finding({ ecosystem: 'os' }) }];
    const found = { digest: pushed.digest, result: 'block' as const, blocking: 1, reasons, fixes };
    return judged(environment, pushed, verdict({ ...found, decidedAt: now }), config.policy, now);
  });
  expect((await world.environment()).candidate).toMatchObject({
    phase: 'blocked',
    why: expect.stringContaining('fix it at its source, and change the spec to what is fixed'),
  });
});

const spared = (world: World) => [...world.builder.builds.values()].map(({ withoutCache }) => withoutCache);

/** The newest build ends with its image, and the next one is asked for. */
async function pushedAndRebuilt(world: World): Promise<void> {
  world.clock.advance(60);
  const { builds } = await world.environment();
  const image = {
    digest: digestOf(`image-${builds}`),
    pushedAt: world.clock.now(),
    tags: [`build-${builds}`],
  };
  await world.decide((environment, now) => pushed(environment, image, now));
  await rebuilt(world);
}

async function rebuilt(world: World): Promise<void> {
  const rita = { name: 'rita', groups: ['platform'] };
  await world.decide((environment, now) => rebuildAsked(environment, rita, true, now));
  await built(world);
}

test("a repository's cache is of the running epoch: the first build of each takes none", async () => {
  const world = await asked({ git });
  await built(world);
  await pushedAndRebuilt(world);
  world.clock.advance(7 * 86_400);
  await pushedAndRebuilt(world);
  await pushedAndRebuilt(world);
  expect(spared(world)).toEqual([true, undefined, true, undefined]);
});

test('a build that left no image left the cache of before: the next one of the epoch takes none either', async () => {
  const world = await asked({ git });
  await built(world);
  await rebuilt(world);
  await pushedAndRebuilt(world);
  expect(spared(world)).toEqual([true, true, undefined]);
});

test('what another source left in the cache is of no epoch of the repository', async () => {
  const world = await asked({ image });
  world.builder.addBase('image/nginx', 'any', digestOf('nginx'));
  await built(world);
  await world.decide((environment, now) => {
    const candidate = { digest: digestOf('image-1'), pushedAt: now, tags: ['build-1'] };
    return pushed(environment, candidate, now);
  });
  const rita = { name: 'rita', groups: ['platform'] };
  await world.decide((environment, now) => changed(environment, Spec.parse({ git }), rita, now));
  await built(world);
  expect(spared(world)).toEqual([undefined, true]);
});

const secret = (name: string) => `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}-AbCdEf`;
const accessOf = (team: string) => ({
  ...letting,
  teams: config.teams.map((each) => ({
    ...each,
    git:
      each.name === team
        ? [
            { prefix: 'https://git.example/acme/', secret: secret('all') },
            { prefix: 'https://git.example/acme/shop/', secret: secret('below') },
            { prefix: 'https://git.example/other/', secret: secret('other') },
          ]
        : [],
  })),
});

test("a private repository is fetched by its team's own secret, of which the build is told the name", async () => {
  const world = await asked({ git }, accessOf('checkout'));
  await built(world);
  expect([...world.builder.builds.values()][0]).toMatchObject({ gitSecret: secret('all') });
  const below = { ...git, url: 'https://git.example/acme/shop/api' };
  const other = await asked({ git: below }, accessOf('checkout'));
  await built(other);
  expect([...other.builder.builds.values()][0]).toMatchObject({ gitSecret: secret('below') });
});

test("another team's secret is none for it", async () => {
  const world = await asked({ git }, accessOf('nobody'));
  await built(world);
  expect([...world.builder.builds.values()][0]?.gitSecret).toBeUndefined();
});

test('nothing is built of a team that is not configured: it has no role to build as', async () => {
  const world = await asked({ image }, { ...letting, teams: [] });
  world.builder.addBase('image/nginx', 'any', digestOf('nginx'));
  await built(world);
  expect((await world.environment()).candidate).toMatchObject({
    phase: 'build-failed',
    reason: 'no team is called checkout: have it configured again, and deployed',
  });
  expect(world.builder.builds.size).toBe(0);
});
