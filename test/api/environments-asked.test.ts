/** What may be asked for of an environment, over the API: a refusal names each field that is wrong, and says what to do. */
import { expect, test } from 'vitest';
import { Builds } from '#core/builds.ts';
import { spec } from '../contracts/samples.ts';
import { rita, World } from '../lambdas/world.ts';
import { call, refused } from './calls.ts';

const environments = '/environments';
const wanted = { team: 'checkout', name: 'web', spec };

test('422: every field that is wrong is named', async () => {
  const problem = await refused(new World(), rita, 'POST', environments, {
    team: 'Checkout',
    name: 'web',
    spec: {
      base: 'debian-12',
      packages: { apt: [{ name: '--allow-unauthenticated' }], pip: [{ name: 'x; rm', version: '1' }] },
      files: { '../etc/passwd': '' },
      command: [],
      resources: { cpu: -1, memoryMiB: 'much' },
      owner: 'me',
    },
    colour: 'green',
  });
  expect(problem.status).toBe(422);
  expect(problem.fields?.map(({ path }) => path).sort()).toEqual([
    '',
    'spec',
    'spec.command',
    'spec.files.../etc/passwd',
    'spec.packages.apt.0.name',
    'spec.packages.pip.0.name',
    'spec.resources.cpu',
    'spec.resources.memoryMiB',
    'team',
  ]);
  for (const { message } of problem.fields ?? []) expect(message).not.toBe('Invalid input');
  expect(problem.detail).toContain(
    'team: lower-case letters, digits and single hyphens, beginning with a letter',
  );
});

test.each([['null'], ['[]'], ['"text"']])('422: a body of the wrong shape: %s', async (body) => {
  const problem = await refused(new World(), rita, 'POST', environments, body);
  expect(problem).toMatchObject({ status: 422, detail: expect.stringMatching(/^the body: /) });
});

test('422: a base that the catalog does not have, packages that the base does not take', async () => {
  const unknown = { ...wanted, spec: { ...spec, base: 'windows' } };
  expect(await refused(new World(), rita, 'POST', environments, unknown)).toMatchObject({
    status: 422,
    fields: [{ path: 'spec.base', message: 'no base is called windows; the catalog has debian-12' }],
  });
  const packages = { ...spec.packages, apt: [{ name: 'curl' }] };
  expect(
    await refused(new World(), rita, 'POST', environments, { ...wanted, spec: { ...spec, packages } }),
  ).toMatchObject({
    status: 422,
    fields: [{ path: 'spec.packages.apt', message: 'debian-12 takes no apt packages' }],
  });
});

test('422: a private name while no index has it; it is let through where one does', async () => {
  const privately = { private: ['acme-'] };
  const ask = { ...wanted, spec: { ...spec, packages: { pip: [{ name: 'acme-tools' }] } } };
  const world = (pip: object) =>
    new World({ builds: Builds.parse({ indexes: { pip: { ...privately, ...pip } } }) });
  expect(await refused(world({}), rita, 'POST', environments, ask)).toMatchObject({
    status: 422,
    fields: [
      { path: 'spec.packages.pip.0', message: expect.stringContaining('acme-tools is a private name') },
    ],
  });
  const own = world({ url: 'https://packages.acme.example/simple/' });
  expect((await call(own, rita, 'POST', environments, ask)).status).toBe(201);
});

test('422: a cluster that is not there, or another than the configuration has it in', async () => {
  const config = {
    clusters: ['main', 'second'].map((name) => ({
      name,
      kubernetesVersion: '1.36',
      drainSeconds: 5,
      loadBalancerScheme: 'internal' as const,
      certificates: {},
      volumes: [],
    })),
  };
  const ask = (body: object) => refused(new World(config), rita, 'POST', environments, body);
  expect(await ask({ ...wanted, name: 'other', cluster: 'third' })).toMatchObject({
    status: 422,
    fields: [{ path: 'cluster', message: 'no cluster is called third; there is main, second' }],
  });
  expect(await ask({ ...wanted, cluster: 'second' })).toMatchObject({
    status: 422,
    fields: [
      {
        path: 'cluster',
        message: 'the configuration has checkout/web in cluster main, not in second',
      },
    ],
  });
});

const open = {
  name: 'main',
  kubernetesVersion: '1.36',
  drainSeconds: 5,
  loadBalancerScheme: 'internet-facing' as const,
  certificates: {},
  volumes: [],
};

test('422: a cluster that the internet reaches, while nobody says from where', async () => {
  const ask = (access: object) => ({ ...wanted, spec: { ...spec, access } });
  const world = new World({ clusters: [open] });
  const post = (access: object) => refused(world, rita, 'POST', environments, ask(access));
  const message =
    'cluster main is reached from the internet: say from where, as ["203.0.113.0/24"]; ["0.0.0.0/0"] is everybody';
  expect(await post({})).toMatchObject({
    status: 422,
    fields: [{ path: 'spec.access.sourceRanges', message }],
  });
  expect(await post({ sourceRanges: ['203.0.113.7/24'] })).toMatchObject({
    status: 422,
    fields: [{ path: 'spec.access.sourceRanges.0' }],
  });
  const given = { sourceRanges: ['203.0.113.0/24'] };
  expect((await call(world, rita, 'POST', environments, ask(given))).status).toBe(201);
  // Taken back, it would be everybody's.
  expect(
    await refused(world, rita, 'PUT', `${environments}/checkout/web`, { spec: { ...spec, access: {} } }),
  ).toMatchObject({ status: 422, fields: [{ path: 'spec.access.sourceRanges', message }] });
});

test('422: what the registry, the cluster, the catalog and the snapshots say is said at once', async () => {
  const bad = {
    ...spec,
    base: 'windows',
    volume: { sizeGiB: 1, class: 'io2', from: 'shop-20260105100000' },
    access: { scheme: 'internet-facing' },
  };
  const world = new World();
  const fields = ['spec.volume', 'spec.access.scheme', 'spec.volume.from', 'spec.base'];
  const problem = await refused(world, rita, 'POST', environments, { ...wanted, spec: bad });
  expect(problem.status).toBe(422);
  expect(problem.fields?.map(({ path }) => path)).toEqual(fields);
  for (const path of fields) expect(problem.detail).toContain(`${path}: `);
  const elsewhere = { ...wanted, cluster: 'moon', spec: { ...spec, base: 'windows' } };
  expect(await refused(world, rita, 'POST', `${environments}/plan`, elsewhere)).toMatchObject({
    fields: [{ path: 'cluster' }, { path: 'spec.base' }],
  });
  await call(world, rita, 'POST', environments, wanted);
  const changed = { ...bad, volume: { sizeGiB: 1, class: 'io2' } };
  expect(await refused(world, rita, 'PUT', `${environments}/checkout/web`, { spec: changed })).toMatchObject({
    fields: [{ path: 'spec.volume' }, { path: 'spec.access.scheme' }, { path: 'spec.base' }],
  });
});

test('422: what is wrong with the query is said with what is wrong with the body', async () => {
  const body = { ...wanted, spec: { ...spec, port: 80 } };
  expect(
    await refused(new World(), rita, 'POST', `${environments}?dryRun=maybe&colour=green`, body),
  ).toMatchObject({
    status: 422,
    fields: [{ path: 'dryRun' }, { path: '' }, { path: 'spec.port' }],
    detail: expect.stringMatching(/dryRun: .*the query: .*spec\.port: /),
  });
});

test('422: a range that is wider than the team allows, when it is asked for and when it is changed', async () => {
  const world = new World({ clusters: [open] });
  const teams = world.config.teams.map((team) => ({ ...team, widestSourceRange: 8 }));
  const bound = new World({ clusters: [open], teams });
  const asking = (sourceRanges: string[]) => ({ ...spec, access: { sourceRanges } });
  const wide = { status: 422, fields: [{ path: 'spec.access.sourceRanges.1' }] };
  const all = asking(['203.0.113.0/24', '0.0.0.0/0']);
  expect(await refused(bound, rita, 'POST', environments, { ...wanted, spec: all })).toMatchObject(wide);
  const some = { ...wanted, spec: asking(['203.0.113.0/24']) };
  expect((await call(bound, rita, 'POST', environments, some)).status).toBe(201);
  const path = `${environments}/checkout/web`;
  expect(await refused(bound, rita, 'PUT', path, { spec: all })).toMatchObject(wide);
  expect((await call(world, rita, 'POST', environments, { ...wanted, spec: all })).status).toBe(201);
});

test('a spec says internal where the cluster would face the internet, and not the other way round', async () => {
  const planned = async (world: World, access: object) =>
    call(world, rita, 'POST', `${environments}/plan`, { ...wanted, spec: { ...spec, access } });
  const facing = new World({ clusters: [open] });
  const answer = await planned(facing, { scheme: 'internal' });
  expect(answer.status).toBe(200);
  expect(JSON.stringify(await answer.json())).toContain(
    '"service.beta.kubernetes.io/aws-load-balancer-scheme":"internal"',
  );
  const wider = { scheme: 'internet-facing', sourceRanges: ['203.0.113.0/24'] };
  expect((await planned(facing, wider)).status).toBe(200);
  const problem = await refused(new World(), rita, 'POST', environments, {
    ...wanted,
    spec: { ...spec, access: wider },
  });
  expect(problem).toMatchObject({ status: 422, fields: [{ path: 'spec.access.scheme' }] });
});

test('201: an environment that the configuration does not name gets repositories of its own', async () => {
  const world = new World();
  expect((await call(world, rita, 'POST', environments, { ...wanted, name: 'other' })).status).toBe(201);
  expect(await refused(world, rita, 'POST', environments, { ...wanted, cluster: 'moon' })).toMatchObject({
    status: 422,
    fields: [{ path: 'cluster' }],
  });
});
