/** What people do with an environment that exists, by the API; and that nobody gets more than the team's quota, however many ask at once. */
import { expect, test } from 'vitest';
import { addSeconds, EnvironmentName } from '#core/names.ts';
import { Team } from '#core/team.ts';
import { keyOf, spec, web } from '../contracts/samples.ts';
import { anna, config, rita } from '../lambdas/stages.ts';
import { ready } from '../lambdas/ways.ts';
import { World } from '../lambdas/world.ts';
import { answered, call, refused } from './calls.ts';

const path = '/environments/checkout/web';
const bigger = { ...spec, resources: { memoryMiB: 1024 } };
const worldOf = (quota: object, world = World) =>
  new world({ teams: [Team.parse({ ...config.teams[0], quota })] });

test('fifty requests at once never have more than the quota, and who is refused is told why', async () => {
  const world = worldOf({ environments: 7 });
  const names = Array.from({ length: 50 }, (_, i) => `env-${i}`);
  const answers = await Promise.all(
    names.map((name) => call(world, rita, 'POST', '/environments', { team: 'checkout', name, spec })),
  );
  const made = answers.filter(({ status }) => status === 201);
  expect(answers.map(({ status }) => status).filter((status) => ![201, 409, 503].includes(status))).toEqual(
    [],
  );
  const { held } = await world.store.ledger(web.team);
  expect(Object.keys(held)).toHaveLength(made.length);
  expect(made.length).toBeLessThanOrEqual(7);
  expect(made.length).toBeGreaterThan(0);
  const { listed } = await world.store.list(web.team, undefined, 100);
  expect(listed.map(({ key }) => key.name).sort()).toEqual(Object.keys(held).sort());
});

test('what does not fit is refused with what would, and leaves nothing behind', async () => {
  const world = worldOf({ cpu: 0.3 });
  await call(world, rita, 'POST', '/environments', { team: 'checkout', name: 'web', spec });
  const body = { team: 'checkout', name: 'other', spec };
  expect(await refused(world, rita, 'POST', '/environments', body)).toMatchObject({
    status: 409,
    title: 'Over the quota',
    detail:
      'Team checkout has not enough left: it asks for 0.25 cores, and 0.05 of 0.3 are free. At most 0.05 cores, ' +
      '130816 MiB of memory, 0 GPUs, 500 GiB of volumes would fit, over all its replicas: ask for less, or stop or delete another.',
  });
  expect(world.registry.repositories().filter((name) => name.endsWith('/other'))).toEqual([]);
  expect(await world.store.read(keyOf('checkout', 'other'))).toBeUndefined();
});

test('a volume counts while it is there, grows within the quota, and is never made smaller', async () => {
  const world = await ready(worldOf({ storageGiB: 12 }));
  const change = (sizeGiB?: number) =>
    refused(world, rita, 'PUT', path, {
      spec: sizeGiB === undefined ? spec : { ...spec, volume: { sizeGiB } },
    });
  const given = await answered(world, rita, 'PUT', path, { spec: { ...spec, volume: { sizeGiB: 10 } } });
  expect([given.status, given.environment.builds]).toEqual([200, 1]);
  await answered(world, rita, 'POST', `${path}/stop`);
  expect((await world.store.ledger(web.team)).held).toMatchObject({ web: { cpu: 0, storageGiB: 10 } });
  expect(await change(13)).toMatchObject({ status: 409, title: 'Over the quota' });
  expect(await change(9)).toMatchObject({
    status: 409,
    title: 'Its volume stays',
    detail: "Its volume has 10 GiB, and can't be made smaller. Ask for 10 or more.",
  });
  expect(await change()).toMatchObject({ status: 409, title: 'Its volume stays' });
  const bigger = { ...spec, volume: { sizeGiB: 12 } };
  expect((await answered(world, rita, 'PUT', path, { spec: bigger })).environment.spec.volume?.sizeGiB).toBe(
    12,
  );
});

test.each([
  [{ sizeGiB: 1, class: 'io2' }, 'no class of volumes is called io2; the cluster has gp3'],
  [
    { sizeGiB: 1, access: 'ReadWriteMany' },
    'volumes of class gp3 are ReadWriteOnce; ReadWriteMany has no class',
  ],
])('422: a volume that the cluster has not: %j', async (volume, message) => {
  const world = await ready();
  const wanted = { ...spec, volume };
  const fields = [{ path: 'spec.volume', message }];
  const other = { team: 'checkout', name: 'other', spec: wanted };
  expect(await refused(world, rita, 'PUT', path, { spec: wanted })).toMatchObject({ status: 422, fields });
  for (const asked of ['/environments', '/environments/plan'])
    expect(await refused(world, rita, 'POST', asked, other)).toMatchObject({ status: 422, fields });
});

test('a ttl is extended from now on, and its end never comes sooner', async () => {
  const world = await ready();
  expect(await refused(world, rita, 'POST', `${path}/extension`, {})).toMatchObject({
    status: 409,
    title: 'It has no end',
  });
  const timed = await answered(world, rita, 'PUT', path, { spec: { ...spec, ttl: '8h' } });
  expect(timed.environment.release.phase).toBe('ready');
  const begun = timed.environment.expiry?.at ?? '';
  world.clock.advance(3600);
  const extended = await answered(world, rita, 'POST', `${path}/extension`, {});
  expect(extended.environment.expiry?.at).toBe(addSeconds(begun, 3600));
  expect(extended.history.at(-1)).toMatchObject({
    actor: 'rita',
    what: expect.stringContaining('extended it'),
  });
  const longer = await answered(world, rita, 'POST', `${path}/extension`, { ttl: '2d' });
  expect(longer.environment.expiry?.at).toBe(addSeconds(world.clock.now(), 2 * 86_400));
  expect(await refused(world, rita, 'POST', `${path}/extension`, { ttl: '1h' })).toMatchObject({
    status: 409,
    title: 'It would end sooner',
  });
});

test.each([
  [{ ttl: 'soon' }, 'spec.ttl'],
  [{ ttl: '400d' }, 'spec.ttl'],
  [{ workingHours: { timeZone: 'Mars/Olympus', from: '08:00', to: '18:00' } }, 'spec.workingHours.timeZone'],
  [{ workingHours: { timeZone: 'UTC', from: '18:00', to: '08:00' } }, 'spec.workingHours.to'],
])('422: times that are none: %j', async (times, field) => {
  const world = await ready();
  expect(await refused(world, rita, 'PUT', path, { spec: { ...spec, ...times } })).toMatchObject({
    status: 422,
    fields: [{ path: field }],
  });
  const extension = await refused(world, rita, 'POST', `${path}/extension`, { ttl: 'soon' });
  expect(extension).toMatchObject({ status: 422, fields: [{ path: 'ttl' }] });
});

test('more than is left is refused to what exists as well, and less never', async () => {
  const world = await ready(worldOf({ memoryMiB: 600 }));
  expect(await refused(world, rita, 'PUT', path, { spec: bigger })).toMatchObject({
    title: 'Over the quota',
  });
  const less = { ...spec, resources: { memoryMiB: 64 } };
  expect((await call(world, rita, 'PUT', path, { spec: less })).status).toBe(200);
});

test('a change that changes nothing is answered, and nothing is written', async () => {
  const world = await ready();
  const before = await world.environment(web);
  expect((await answered(world, rita, 'PUT', path, { spec })).status).toBe(200);
  expect(await world.environment(web)).toEqual(before);
});

test('a change of what is not in the catalog names the field', async () => {
  expect(
    await refused(await ready(), rita, 'PUT', path, { spec: { ...spec, base: 'windows' } }),
  ).toMatchObject({
    status: 422,
    fields: [{ path: 'spec.base' }],
  });
});

test('a stop frees its quota and ends its pods; a start takes both again', async () => {
  const world = await ready();
  expect((await answered(world, rita, 'POST', `${path}/stop`)).environment).toMatchObject({
    life: { state: 'stopped' },
    release: { phase: 'stopping' },
  });
  expect((await world.store.ledger(web.team)).held).toEqual({
    web: { cpu: 0, memoryMiB: 0, gpu: 0, environments: 1, storageGiB: 0 },
  });
  await world.pass(120);
  expect((await world.environment(web)).release.phase).toBe('stopped');
  expect((await world.cluster.look(web)).pods).toEqual([]);
  const images = await (await call(world, rita, 'GET', `${path}/images`)).json();
  expect(images).toMatchObject({ images: [{ is: ['newest', 'stopped'] }] });
  const started = await answered(world, rita, 'POST', `${path}/start`);
  expect(started.environment).toMatchObject({ life: { state: 'running' }, release: { phase: 'deploying' } });
  await world.pass(5);
  expect(world.cluster.isToRun(web)).toBe(true);
});

test('what blocks now is not started', async () => {
  const world = await ready();
  await call(world, rita, 'POST', `${path}/stop`);
  await world.pass(120);
  const { release } = await world.environment(web);
  if (release.phase !== 'stopped') throw new Error(release.phase);
  const known = await world.store.verdict(web, release.digest);
  if (!known) throw new Error('there is no verdict');
  await world.store.keepVerdict(web, {
    ...known,
    result: 'block',
    blocking: 1,
    decidedAt: world.clock.now(),
  });
  expect(await refused(world, rita, 'POST', `${path}/start`)).toMatchObject({
    title: 'Its approval is void',
  });
});

test('a rebuild leaves the cache out unless it is asked for', async () => {
  const world = await ready();
  const { environment, status } = await answered(world, rita, 'POST', `${path}/builds`, {});
  expect(status).toBe(201);
  expect(environment.candidate).toMatchObject({ phase: 'building', build: { withoutCache: true } });
});

test('deleted: the name answers 404, its repositories are gone, and it may be asked for again', async () => {
  const world = new World({ environments: [] });
  const body = { team: 'checkout', name: 'web', spec };
  await call(world, rita, 'POST', '/environments', body);
  await world.pass(5);
  expect(world.registry.repositories()).toEqual([
    'candidate/checkout/web',
    'cache/checkout/web',
    'release/checkout/web',
  ]);
  expect((await answered(world, rita, 'DELETE', path)).status).toBe(202);
  expect(await refused(world, anna, 'DELETE', path)).toMatchObject({ title: 'It is being deleted' });
  expect((await world.store.ledger(web.team)).held).toEqual({});
  await world.pass(400);
  for (const below of ['', '/images', '/cost'])
    expect(await refused(world, rita, 'GET', `${path}${below}`)).toMatchObject({ status: 404 });
  expect(world.registry.repositories()).toEqual([]);
  expect((await world.store.list(web.team, undefined, 10)).listed).toEqual([]);
  const anew = await answered(world, anna, 'POST', '/environments', body);
  expect([anew.status, anew.environment.requester, anew.environment.builds]).toEqual([201, 'anna', 2]);
  expect(EnvironmentName.parse('web')).toBe(anew.environment.key.name);
});

test('a deletion that is under way is refused to whoever decides on its image, and is no failure', async () => {
  const world = await ready();
  const { release } = await world.environment(web);
  if (release.phase !== 'ready') throw new Error(release.phase);
  const { digest } = release;
  await call(world, rita, 'DELETE', path);
  for (const [below, body] of [
    ['approvals', { digest }],
    ['rejections', { digest, reason: 'its licence' }],
  ] as const)
    expect(await refused(world, anna, 'POST', `${path}/${below}`, body)).toMatchObject({
      status: 409,
      title: 'It is being deleted',
    });
});

test('deleted while it runs: namespace and name go, what the configuration lists stays and is said', async () => {
  const world = await ready();
  await call(world, rita, 'DELETE', path);
  await world.pass(400);
  expect((await world.cluster.look(web)).objects).toEqual([]);
  expect(world.zone.names()).toEqual([]);
  const lines = (await world.store.audit(web, 20)).map(({ what }) => what).join('\n');
  expect(lines).toContain('its images stay: the configuration lists it, and its stack keeps them');
  expect(lines).toContain('all of it is gone');
});

test.each([
  ['PUT', '', { spec }],
  ['DELETE', '', undefined],
  ['POST', '/stop', undefined],
] as const)('%s %s names the version that it is made on', async (method, below, body) => {
  const world = await ready();
  const send = (ifMatch: string | undefined) =>
    refused(world, rita, method, `${path}${below}`, body, { 'if-match': ifMatch });
  expect(await send(undefined)).toMatchObject({ status: 428 });
  expect(await send('"1"')).toMatchObject({ status: 412, title: 'Changed meanwhile' });
});
