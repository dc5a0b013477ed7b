/** `?dryRun=true`: refused as the request itself would be, answered by its plan, and nothing is done. */
import { expect, test } from 'vitest';
import { EnvironmentAnswer, PlanAnswer } from '#api/answers.ts';
import { Spec } from '#core/spec.ts';
import { Team } from '#core/team.ts';
import { digestOf, keyOf, spec, web } from '../contracts/samples.ts';
import { building, ready } from '../lambdas/ways.ts';
import { config, rita, World } from '../lambdas/world.ts';
import { call, refused } from './calls.ts';

const path = '/environments/checkout/web';
const wanted = { team: 'checkout', name: 'new', spec };
const other = Spec.parse({ ...spec, command: ['sleep', '1'] });
const bigger = { ...spec, resources: { memoryMiB: 1024 } };
const sven = { name: 'sven', groups: ['other-members'] };

async function plan(
  world: World,
  method: 'POST' | 'PUT',
  to: string,
  body: object,
  query = '?dryRun=true',
): Promise<PlanAnswer> {
  const answer = await call(world, rita, method, `${to}${query}`, body);
  expect(answer.status).toBe(200);
  return PlanAnswer.parse(await answer.json());
}
/** All that a request might have left. */
const traces = async (world: World) => ({
  environment: await world.store.read(web),
  other: await world.store.read(keyOf('checkout', 'new')),
  ledger: await world.store.ledger(web.team),
  repositories: world.registry.repositories(),
  pending: await world.store.pending(world.clock.now(), 100),
  audit: await world.store.audit(web, 50),
});

test('asking for one: its steps, Dockerfile, objects and cost, and nothing is made', async () => {
  const world = new World();
  const before = await traces(world);
  const { steps, dockerfile, objects, cost } = await plan(world, 'POST', '/environments', wanted);
  expect(steps).toHaveLength(5);
  expect(dockerfile).toMatch(/^FROM base\/debian@sha256:[0-9a-f]{64} AS base\n/);
  expect(objects.map((object) => object['kind'])).toContain('Deployment');
  expect(cost.perMonth.least).toBeGreaterThan(0);
  expect(await traces(world)).toEqual(before);
});

test('a name that is one slip away from a popular one is warned of, in the plan and once it is asked for', async () => {
  const world = new World();
  const slip = { ...wanted, spec: { ...spec, packages: { pip: [{ name: 'reqeusts' }] } } };
  const warned = [
    { path: 'spec.packages.pip.0', message: expect.stringContaining('one letter away from requests') },
  ];
  expect((await plan(world, 'POST', '/environments', slip)).warnings).toEqual(warned);
  expect((await plan(world, 'POST', '/environments/plan', slip, '')).warnings).toEqual(warned);
  const answer = await call(world, rita, 'POST', '/environments', slip);
  expect(EnvironmentAnswer.parse(await answer.json()).warnings).toEqual(warned);
});

test('and then it may be asked for', async () => {
  const world = new World();
  await plan(world, 'POST', '/environments', wanted);
  expect((await call(world, rita, 'POST', '/environments', wanted)).status).toBe(201);
});

test.each([
  ['an image', { ...spec, packages: { pip: [{ name: 'Flask' }] } }, 5, 'the Dockerfile is built on'],
  ['a size', bigger, 1, 'are applied to cluster main at once'],
  ['nothing', spec, 1, 'it is what is asked for already'],
])('a change of %s: what of it would be done, and nothing is', async (_, to, count, says) => {
  const world = await ready();
  const before = await traces(world);
  const { steps } = await plan(world, 'PUT', path, { spec: to });
  expect(steps).toHaveLength(count);
  expect(steps[0]).toContain(says);
  expect(await traces(world)).toEqual(before);
});

test('a base that is gone hinders a change of size no more than the change itself', async () => {
  const world = await ready();
  world.bases.delete('base/debian', digestOf('base'));
  expect((await plan(world, 'PUT', path, { spec: bigger })).steps).toHaveLength(1);
  const refusal = await refused(world, rita, 'PUT', `${path}?dryRun=true`, { spec: other });
  expect(refusal).toMatchObject({ status: 409, title: 'The base is gone' });
});

test('a size where no image runs yet is kept for the rollout', async () => {
  const { steps } = await plan(await building(), 'PUT', path, { spec: bigger });
  expect(steps).toEqual([expect.stringContaining('kept for the next rollout')]);
});

test('what would be refused is refused, and leaves nothing', async () => {
  const small = { teams: [Team.parse({ ...config.teams[0], quota: { memoryMiB: 600 } })] };
  const world = await ready(new World(small));
  const before = await traces(world);
  const create = (body: object, person = rita) =>
    refused(world, person, 'POST', '/environments?dryRun=true', body);
  const change = (body: object, headers = {}, person = rita) =>
    refused(world, person, 'PUT', `${path}?dryRun=true`, body, headers);
  expect(await create({ ...wanted, name: 'web' })).toMatchObject({ status: 409, title: 'It exists' });
  expect(await create({ ...wanted, spec: bigger })).toMatchObject({ status: 409, title: 'Over the quota' });
  expect(await create({ ...wanted, spec: { ...spec, base: 'windows' } })).toMatchObject({ status: 422 });
  expect(await create(wanted, sven)).toMatchObject({ status: 403 });
  expect(await change({ spec: bigger })).toMatchObject({ status: 409, title: 'Over the quota' });
  expect(await change({ spec }, { 'if-match': '"1"' })).toMatchObject({ status: 412 });
  expect(await change({ spec }, { 'if-match': undefined })).toMatchObject({ status: 428 });
  expect(await change({ spec }, {}, sven)).toMatchObject({ status: 403 });
  expect(await traces(world)).toEqual(before);
});

test('a word that is neither true nor false is no dry run: it is refused, and nothing is done', async () => {
  const world = new World();
  const before = await traces(world);
  for (const word of ['yes', '1', 'TRUE', ''])
    expect(await refused(world, rita, 'POST', `/environments?dryRun=${word}`, wanted)).toMatchObject({
      status: 422,
      fields: [{ path: 'dryRun' }],
    });
  expect(await traces(world)).toEqual(before);
});

test('what its clock does stands last, and of what stays so nothing is said', async () => {
  const world = new World();
  const timed = { ...wanted, spec: { ...wanted.spec, ttl: '8h' } };
  const asked = (await plan(world, 'POST', '/environments', timed)).steps;
  expect(asked).toHaveLength(6);
  expect(asked[5]).toContain('deleted when its ttl of 8h is over');
  expect((await call(world, rita, 'POST', '/environments', timed)).status).toBe(201);
  const another = { ...timed.spec, command: ['sleep', '1'] };
  const rebuilt = (await plan(world, 'PUT', '/environments/checkout/new', { spec: another })).steps;
  expect(rebuilt).toEqual(asked.slice(0, 5));
});
