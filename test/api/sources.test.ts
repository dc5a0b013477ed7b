/** Asking for an image of the registry or for a Git repository: refused where it can't be built, planned where it can. */
import { expect, test } from 'vitest';
import { PlanAnswer } from '#api/answers.ts';
import { digestOf, keyOf } from '../contracts/samples.ts';
import { config, rita, World } from '../lambdas/world.ts';
import { call, refused } from './calls.ts';

const image = `image/nginx@${digestOf('nginx')}`;
const git = { url: 'https://git.example/acme/shop', commit: 'a'.repeat(40), folder: 'api' };
const wanted = (spec: object) => ({ team: 'checkout', name: 'web', spec });
const world = () => new World({ catalog: { ...config.catalog, git: ['https://git.example/acme/'] } });
const paths = ['/environments', '/environments?dryRun=true', '/environments/plan'];

async function planned(spec: object, of = world()) {
  const answer = await call(of, rita, 'POST', '/environments/plan', wanted(spec));
  expect(answer.status).toBe(200);
  return PlanAnswer.parse(await answer.json());
}

test.each(paths)('%s: an image that is not in the registry is asked for in vain', async (path) => {
  const of = world();
  expect(await refused(of, rita, 'POST', path, wanted({ image }))).toMatchObject({
    status: 409,
    title: 'No such image',
    detail: `${image} is not in the registry: push it there first, and name the digest that it has there.`,
  });
  expect(await of.store.read(keyOf('checkout', 'web'))).toBeUndefined();
});

test.each(paths)('%s: a repository that nobody let in is refused by its field', async (path) => {
  const elsewhere = { ...git, url: 'https://git.example/other/shop' };
  expect(await refused(world(), rita, 'POST', path, wanted({ git: elsewhere }))).toMatchObject({
    status: 422,
    fields: [{ path: 'spec.git.url', message: expect.stringContaining('https://git.example/acme/') }],
  });
});

test('two sources are refused by the field that is too much', async () => {
  expect(await refused(world(), rita, 'POST', '/environments', wanted({ image, git }))).toMatchObject({
    status: 422,
    fields: [{ path: 'spec.git', message: 'image is given already: one of base, image, git' }],
  });
});

test('a plan says what is taken as it is', async () => {
  const of = world();
  of.bases.push('image/nginx', digestOf('nginx'), 'any');
  const plan = await planned({ image }, of);
  expect(plan.steps.slice(0, 2)).toEqual([
    `${image} is taken as it is, with labels, port and user`,
    'the image is pushed to candidate/checkout/web, scanned and judged',
  ]);
  expect(plan.dockerfile).toMatch(new RegExp(`^FROM ${image}\n`));
});

test('a plan says what is fetched, and does not pretend to know it', async () => {
  const plan = await planned({ git });
  expect(plan.steps[0]).toBe(`Dockerfile of ${git.url} at aaaaaaaaaaaa, folder api is built as it is`);
  expect(plan.dockerfile).toBe(`# Dockerfile of ${git.url} at aaaaaaaaaaaa, folder api\n`);
});

test('both are asked for, and another commit is another build', async () => {
  const of = world();
  const made = await call(of, rita, 'POST', '/environments', wanted({ git }));
  expect(made.status).toBe(201);
  const path = '/environments/checkout/web';
  const other = { spec: { git: { ...git, commit: 'b'.repeat(40) } } };
  expect((await call(of, rita, 'PUT', path, other)).status).toBe(200);
  expect((await of.environment()).builds).toBe(2);
  of.bases.push('image/nginx', digestOf('nginx'), 'any');
  expect((await call(of, rita, 'PUT', path, { spec: { image } })).status).toBe(200);
  expect((await of.environment()).builds).toBe(3);
});
