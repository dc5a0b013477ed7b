/** What people look at before they ask or decide: catalog, plan, cost, images, usage; and the decision that says no. */
import { expect, test } from 'vitest';
import {
  CatalogAnswer,
  CostAnswer,
  EnvironmentAnswer,
  ImagesAnswer,
  PlanAnswer,
  ReportAnswer,
  UsageAnswer,
} from '#api/answers.ts';
import { repositoryOf } from '#core/image.ts';
import type { Person } from '#core/roles.ts';
import { Team } from '#core/team.ts';
import type * as z from '#core/zod.ts';
import { complete, digestOf, finding, keyOf, spec, web } from '../contracts/samples.ts';
import { awaitingApproval, image, promoting, ready, scanning } from '../lambdas/ways.ts';
import { anna, candidate, config, rita, scanEvent, World } from '../lambdas/world.ts';
import { call, refused } from './calls.ts';

const sec: Person = { name: 'sec', groups: ['getschwifty-security'] };
const sven = { name: 'sven', groups: ['other-members'] };
const wanted = { team: 'checkout', name: 'web', spec };

async function get<S extends z.ZodMiniType>(
  schema: S,
  world: World,
  path: string,
  person = rita,
): Promise<z.infer<S>> {
  const answer = await call(world, person, 'GET', path);
  expect(answer.status).toBe(200);
  return schema.parse(await answer.json());
}

test('the catalog says what can be asked for, to whoever has a token', async () => {
  expect(await get(CatalogAnswer, new World(), '/catalog', sven)).toMatchObject({
    bases: [
      {
        name: 'debian-12',
        title: 'debian-12',
        image: { digest: digestOf('base') },
      },
    ],
    clusters: [{ name: 'main' }],
    policy: { version: '1' },
  });
});

test('a base of the catalog has what its last scan found; one that is gone says what to do', async () => {
  const pinned = {
    name: 'pinned',
    title: 'Debian, pinned',
    repository: 'base/debian',
    tag: 'any',
    takes: [],
  };
  const bases = [...config.catalog.bases, { ...pinned, digest: digestOf('gone') }];
  const world = new World({ catalog: { ...config.catalog, bases } });
  world.bases.setScan('base/debian', digestOf('base'), complete(world.clock.now(), finding(), finding()));
  const [first, gone] = (await get(CatalogAnswer, world, '/catalog')).bases;
  expect(first?.image?.scan).toEqual({ completedAt: world.clock.now(), findings: { CRITICAL: 2 } });
  expect(gone).toMatchObject({
    title: 'Debian, pinned',
    missing: expect.stringContaining('mirror it there again'),
  });
  expect(gone).not.toHaveProperty('image');
});

test('of a base that vanished nothing is asked for, and nothing is half made', async () => {
  const world = new World();
  world.bases.delete('base/debian', digestOf('base'));
  for (const path of ['/environments', '/environments/plan']) {
    expect(await refused(world, rita, 'POST', path, wanted)).toMatchObject({
      status: 409,
      title: 'The base is gone',
      detail: expect.stringMatching(/base\/debian:bookworm is not in the registry: mirror it there first/),
    });
  }
  expect(await world.store.read(keyOf('checkout', 'web'))).toBeUndefined();
  expect(world.registry.repositories()).toEqual([]);

  const runs = await ready();
  runs.bases.delete('base/debian', digestOf('base'));
  const change = (parts: object) => ({ spec: { ...spec, ...parts } });
  const put = (parts: object) => call(runs, rita, 'PUT', '/environments/checkout/web', change(parts));
  expect((await put({ command: ['sleep', '1'] })).status).toBe(409);
  expect((await put({ replicas: 2 })).status).toBe(200);
});

test('a plan shows what would be built and applied, and nothing is written', async () => {
  const world = new World();
  const answer = await call(world, rita, 'POST', '/environments/plan', wanted);
  expect(answer.status).toBe(200);
  const plan = PlanAnswer.parse(await answer.json());
  expect(plan.dockerfile).toMatch(/^FROM base\/debian@sha256:[0-9a-f]{64} AS base\n/);
  const kinds = plan.objects.map((object) => object['kind']);
  expect(kinds).toEqual(expect.arrayContaining(['Namespace', 'Deployment', 'Service']));
  expect(plan.cost.perMonth.least).toBeGreaterThan(0);
  expect(await world.store.read(keyOf('checkout', 'web'))).toBeUndefined();
  expect(world.bus.told).toEqual([]);
});

test('a plan is refused as the request itself would be', async () => {
  const plan = (body: unknown, person = rita) =>
    refused(new World(), person, 'POST', '/environments/plan', body);
  const onWindows = { ...wanted, spec: { ...spec, base: 'windows' } };
  expect(await plan(onWindows)).toMatchObject({ status: 422, fields: [{ path: 'spec.base' }] });
  expect(await plan({ ...wanted, cluster: 'moon' })).toMatchObject({
    status: 422,
    fields: [{ path: 'cluster' }],
  });
  expect(await plan(wanted, sven)).toMatchObject({ status: 403 });
});

test('what it costs', async () => {
  const path = '/environments/checkout/web/cost';
  const cost = await get(CostAnswer, await ready(), path);
  expect(cost.perHour.least).toBeCloseTo(0.25 * 0.04048 + 0.25 * 0.004445 + 0.0225, 4);
  expect(await refused(new World(), rita, 'GET', path)).toMatchObject({ status: 404 });
});

test('images: the newest and what runs, each once, with its verdict', async () => {
  const path = '/environments/checkout/web/images';
  expect(await get(ImagesAnswer, await awaitingApproval(), path)).toMatchObject({
    images: [{ digest: image, is: ['newest'], verdict: { result: 'pass' } }],
  });
  expect(await get(ImagesAnswer, await ready(), path)).toMatchObject({
    images: [{ digest: image, is: ['newest', 'running'] }],
  });
});

test('a report: the verdict, and a link to all findings that holds for some minutes', async () => {
  const world = await scanning();
  const found = [finding({ fix: 'no' }), finding({ id: 'CVE-1', severity: 'LOW' })];
  world.registry.setScan(candidate, image, complete(world.clock.now(), ...found));
  await world.deliver('gate', scanEvent(candidate, image));
  const path = `/environments/checkout/web/images/${image}/report`;
  const answer = await call(world, sec, 'GET', path);
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
  const { verdict, url, expiresAt } = ReportAnswer.parse(await answer.json());
  expect(verdict).toMatchObject({ result: 'block', digest: image });
  expect(Date.parse(expiresAt) - Date.parse(world.clock.now())).toBe(300_000);
  expect(world.reports.kept.get(url)).toMatchObject({ verdict, findings: found });
});

test('a report has what is attached to the image, of the candidate, or of what was released of it', async () => {
  const world = await ready();
  const path = `/environments/checkout/web/images/${image}/report`;
  const attached = async () => (await get(ReportAnswer, world, path)).attached;
  expect(await attached()).toEqual([]);
  const sbom = { type: 'application/vnd.cyclonedx+json', digest: digestOf('sbom'), url: 'https://x.test/1' };
  const signature = { type: 'application/vnd.sig', digest: digestOf('signature') };
  world.registry.attach(candidate, image, sbom);
  world.registry.push(repositoryOf('release', web), image, 'r-1');
  world.registry.attach(repositoryOf('release', web), image, signature);
  expect(await attached()).toEqual([sbom]);
  world.registry.delete(candidate, image);
  expect(await attached()).toEqual([signature]);
});

test.each([
  [digestOf('other'), 'The gate judged no sha256:'],
  ['latest', 'latest is no digest: a digest: sha256: and 64 hexadecimal digits'],
  ['..%2f..%2fsecret', '../../secret is no digest'],
])('404: no report of %s', async (digest, detail) => {
  const path = `/environments/checkout/web/images/${digest}/report`;
  expect(await refused(await awaitingApproval(), rita, 'GET', path)).toMatchObject({
    status: 404,
    detail: expect.stringContaining(detail),
  });
});

test('usage adds up what a team asks for, against its quota; what is over it is refused by the same sum', async () => {
  const teams = [Team.parse({ ...config.teams[0], quota: { cpu: 1, environments: 2 } })];
  const world = new World({ teams });
  const twice = { ...spec, replicas: { min: 1, max: 2 } };
  const ask = (name: string) =>
    call(world, rita, 'POST', '/environments', { team: 'checkout', name, spec: twice });
  for (const name of ['web', 'shop']) expect((await ask(name)).status).toBe(201);
  expect((await ask('third')).status).toBe(409);
  expect(await get(UsageAnswer, world, '/teams/checkout/usage')).toMatchObject({
    team: 'checkout',
    quota: { cpu: 1, environments: 2 },
    used: { cpu: 1, memoryMiB: 1024, environments: 2 },
    left: { cpu: 0, environments: 0 },
  });
  expect(await refused(world, sven, 'GET', '/teams/checkout/usage')).toMatchObject({ status: 403 });
});

const rejections = '/environments/checkout/web/rejections';
test('an image is rejected with a reason, by an approver or by security', async () => {
  for (const person of [anna, sec]) {
    const world = await awaitingApproval();
    const answer = await call(world, person, 'POST', rejections, { digest: image, reason: 'its licence' });
    expect(answer.status).toBe(201);
    const { environment, history } = EnvironmentAnswer.parse(await answer.json());
    expect(environment.candidate).toMatchObject({
      phase: 'refused',
      reason: `rejected by ${person.name}: its licence`,
    });
    expect(history.at(-1)).toMatchObject({ actor: person.name });
    await world.pass(700);
    expect((await world.environment()).candidate.phase).toBe('refused');
  }
});

test('403, 409, 422: who may not reject, what is approved, and without a reason', async () => {
  const body = { digest: image, reason: 'its licence' };
  const reject = (world: World, person = sec, asked: object = body) =>
    refused(world, person, 'POST', rejections, asked);
  expect(await reject(await awaitingApproval(), rita)).toMatchObject({ status: 403 });
  expect(await reject(await promoting())).toMatchObject({ status: 409, title: 'Approved already' });
  for (const reason of ['', 'a\nb', undefined])
    expect(await reject(await awaitingApproval(), sec, { digest: image, reason })).toMatchObject({
      status: 422,
      fields: expect.arrayContaining([expect.objectContaining({ path: 'reason' })]),
    });
});

test('security sees what is of any team, and asks for nothing', async () => {
  const world = await awaitingApproval();
  const seen = await get(EnvironmentAnswer, world, '/environments/checkout/web', sec);
  expect(seen.phase).toBe('awaiting-approval');
  const approvals = '/environments/checkout/web/approvals';
  expect(await refused(world, sec, 'POST', '/environments', wanted)).toMatchObject({ status: 403 });
  expect(await refused(world, sec, 'POST', approvals, { digest: image })).toMatchObject({ status: 403 });
});
