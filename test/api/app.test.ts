/** The API by its statuses: what is answered to whom, and that a refusal says what to do. */
import '../lambdas/quiet.ts';
import { expect, test } from 'vitest';
import { EnvironmentAnswer, Problem } from '#api/schemas.ts';
import { judged } from '#core/candidate.ts';
import { Retryable } from '#core/errors.ts';
import { digestOf, finding, spec, verdict, web } from '../contracts/samples.ts';
import { awaitingApproval, image, promoting, ready, scanning } from '../lambdas/ways.ts';
import { anna, candidate, config, rita, scanEvent, World } from '../lambdas/world.ts';

const stranger = { name: 'sven', groups: ['other-members'] };
const environments = '/environments';
const approvals = '/environments/checkout/web/approvals';
const wanted = { team: 'checkout', name: 'web', spec };

async function call(world: World, person: typeof rita, method: 'GET' | 'POST', path: string, body?: unknown) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await world
    .api(person)
    .request(path, body === undefined ? { method } : { method, body: text });
  return answer;
}
async function refused(...asked: Parameters<typeof call>) {
  const answer = await call(...asked);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  const problem = Problem.parse(await answer.json());
  expect(problem.status).toBe(answer.status);
  return problem;
}
async function answered(...asked: Parameters<typeof call>) {
  const answer = await call(...asked);
  return { status: answer.status, ...EnvironmentAnswer.parse(await answer.json()) };
}

test('health needs nobody', async () => {
  const answer = await call(new World(), stranger, 'GET', '/health');
  expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }]);
});

test('201: an environment is stored and told, and where to read it', async () => {
  const world = new World();
  const answer = await call(world, rita, 'POST', environments, wanted);
  expect(answer.status).toBe(201);
  expect(answer.headers.get('location')).toBe('/environments/checkout/web');
  expect(EnvironmentAnswer.parse(await answer.json())).toMatchObject({
    phase: 'building',
    environment: { requester: 'rita', cluster: 'main', version: 1 },
    history: [{ actor: 'rita', what: 'asked for the environment' }],
  });
});

test('409: an environment that exists is not asked for again, also by two at once', async () => {
  const world = new World();
  const answers = await Promise.all([
    call(world, rita, 'POST', environments, wanted),
    call(world, anna, 'POST', environments, wanted),
  ]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  expect(await refused(world, rita, 'POST', environments, wanted)).toMatchObject({
    status: 409,
    title: 'It exists',
    detail: 'checkout/web exists already: GET /environments/checkout/web.',
  });
});

test('403: a stranger neither asks for environments, nor reads them, nor approves', async () => {
  const world = await awaitingApproval();
  const detail = 'sven is in neither checkout-members nor checkout-approvers.';
  expect(await refused(world, stranger, 'POST', environments, wanted)).toMatchObject({ status: 403, detail });
  expect(await refused(world, stranger, 'GET', '/environments/checkout/web')).toMatchObject({
    status: 403,
    detail,
  });
  expect(await refused(world, stranger, 'POST', approvals, { digest: image })).toMatchObject({
    status: 403,
    title: 'Not an approver',
  });
});

test.each([['{"team":'], [''], ['team=checkout']])('400: a body that is not JSON: %s', async (body) => {
  expect(await refused(new World(), rita, 'POST', environments, body)).toMatchObject({
    status: 400,
    title: 'Not JSON',
    detail: 'The body is not JSON. Send an object with content-type application/json.',
  });
});

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

test('422: an environment without repositories', async () => {
  const problem = await refused(new World(), rita, 'POST', environments, { ...wanted, name: 'other' });
  expect(problem).toMatchObject({ status: 422, detail: expect.stringContaining('checkout/other') });
});

test.each([
  ['GET', '/nowhere', 'There is no GET /nowhere.'],
  ['GET', '/environments/checkout/web', 'checkout/web was not asked for yet: POST /environments.'],
  ['GET', '/environments/other/web', 'There is no team other.'],
  ['GET', '/environments/NOT/web', "NOT/web is no environment's name."],
  ['POST', '/environments/checkout/web', 'There is no POST /environments/checkout/web.'],
] as const)('404: %s %s', async (method, path, detail) => {
  const body = method === 'POST' ? {} : undefined;
  expect(await refused(new World(), rita, method, path, body)).toMatchObject({ status: 404, detail });
});

test('404: an approval in an environment that nobody asked for', async () => {
  expect(await refused(new World(), anna, 'POST', approvals, { digest: image })).toMatchObject({
    status: 404,
  });
});

test('201: an approval is stored with its approver, and told', async () => {
  const world = await awaitingApproval();
  expect(await answered(world, anna, 'POST', approvals, { digest: image })).toMatchObject({
    status: 201,
    phase: 'promoting',
    environment: { candidate: { approval: { approver: 'anna', policyVersion: '1', waivers: [] } } },
  });
  expect(world.store.approvals).toEqual([
    { environment: web, digest: image, approver: 'anna', at: world.clock.now() },
  ]);
});

test('403: one may not approve, and one may not approve what one asked for', async () => {
  const world = await awaitingApproval();
  expect(await refused(world, rita, 'POST', approvals, { digest: image })).toMatchObject({
    status: 403,
    title: 'Not an approver',
    detail: 'Only members of checkout-approvers approve images of team checkout.',
  });
  const both = { ...rita, groups: anna.groups };
  expect(await refused(world, both, 'POST', approvals, { digest: image })).toMatchObject({
    status: 403,
    title: 'Your own request',
  });
  expect(world.store.approvals).toEqual([]);
});

test('201: the requester approves where the team lets them', async () => {
  const teams = config.teams.map((team) => ({ ...team, requesterMayApprove: true }));
  const world = await awaitingApproval(new World({ teams }));
  const both = { ...rita, groups: anna.groups };
  expect((await call(world, both, 'POST', approvals, { digest: image })).status).toBe(201);
});

test('409: approved twice, and by two at once', async () => {
  const world = await awaitingApproval();
  const answers = await Promise.all([
    call(world, anna, 'POST', approvals, { digest: image }),
    call(world, { ...anna, name: 'alex' }, 'POST', approvals, { digest: image }),
  ]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  expect(world.store.approvals).toHaveLength(1);
  expect(await refused(await promoting(), anna, 'POST', approvals, { digest: image })).toMatchObject({
    status: 409,
    title: 'Approved already',
    detail: expect.stringMatching(/^anna approved sha256:[0-9a-f]{12} at 20/),
  });
});

test('409: the verdict turned, whether the environment knows it yet or not', async () => {
  const world = await awaitingApproval();
  await world.store.keepVerdict(
    web,
    verdict({ digest: image, result: 'block', decidedAt: world.clock.now() }),
  );
  expect(await refused(world, anna, 'POST', approvals, { digest: image })).toMatchObject({
    status: 409,
    title: 'The verdict turned',
  });

  const told = await awaitingApproval();
  told.registry.setScan(candidate, image, {
    status: 'complete',
    completedAt: told.clock.now(),
    findings: [finding({ fix: 'no' })],
  });
  await told.deliver('gate', scanEvent(candidate, image));
  expect(await refused(told, anna, 'POST', approvals, { digest: image })).toMatchObject({
    status: 409,
    title: 'Not waiting for approval',
    detail: expect.stringContaining('CVE-2019-10906 CRITICAL'),
  });
});

test('409: the policy changed since the verdict', async () => {
  const world = await awaitingApproval(new World({ policy: { ...config.policy, version: '2' } }));
  expect(await refused(world, anna, 'POST', approvals, { digest: image })).toMatchObject({
    status: 409,
    title: 'The policy or its waivers changed',
  });
});

test('409: another digest than the newest image', async () => {
  const world = await awaitingApproval();
  const other = digestOf('other');
  expect(await refused(world, anna, 'POST', approvals, { digest: other })).toMatchObject({
    status: 409,
    title: 'Another image',
    detail: `${other.slice(0, 19)} is not the newest image: that is ${image.slice(0, 19)}.`,
  });
});

test('409: what is not judged yet', async () => {
  expect(await refused(await scanning(), anna, 'POST', approvals, { digest: image })).toMatchObject({
    status: 409,
    detail: 'The newest image is scanning.',
  });
});

test.each([[{}], [{ digest: 'latest' }], [{ digest: image, force: true }]])(
  '422: an approval of %o',
  async (body) => {
    expect(await refused(await awaitingApproval(), anna, 'POST', approvals, body)).toMatchObject({
      status: 422,
    });
  },
);

test('409: somebody wrote between the reading and the writing', async () => {
  const world = await awaitingApproval();
  const stored = world.store.verdict.bind(world.store);
  world.store.verdict = async (...asked) => {
    const found = await stored(...asked);
    world.store.verdict = stored;
    const turned = verdict({ digest: image, result: 'block', blocking: 1, decidedAt: world.clock.now() });
    const known = { digest: image, pushedAt: world.clock.now(), tags: [] };
    await world.decide((environment, now) => judged(environment, known, turned, config.policy, now));
    return found;
  };
  expect(await refused(world, anna, 'POST', approvals, { digest: image })).toMatchObject({
    status: 409,
    title: 'Changed meanwhile',
  });
  expect(world.store.approvals).toEqual([]);
});

test("503: what may pass is to be tried again; a bug is nobody's to see", async () => {
  const world = await awaitingApproval();
  world.store.write = () => Promise.reject(new Retryable('The change was not written: ThrottlingError'));
  expect(await refused(world, anna, 'POST', approvals, { digest: image })).toMatchObject({ status: 503 });
  world.store.write = () => Promise.reject(new Error('secret detail'));
  await expect(call(world, anna, 'POST', approvals, { digest: image })).rejects.toThrow('secret detail');
});

test('200: a person reads what runs, its verdict and its history', async () => {
  const answer = await answered(await ready(), rita, 'GET', '/environments/checkout/web');
  expect(answer).toMatchObject({ status: 200, phase: 'ready', verdict: { result: 'pass' } });
  expect(answer.history.at(-1)).toMatchObject({
    actor: 'deploy',
    what: 'deploying → ready, EnvironmentReady',
  });
});
