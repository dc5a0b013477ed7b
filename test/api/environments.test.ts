/** Environments by the API's statuses: what is answered to whom, and that a refusal says what to do. */
import { expect, test } from 'vitest';
import { EnvironmentAnswer } from '#api/answers.ts';
import { change } from '#core/decision.ts';
import { spec, start } from '../contracts/samples.ts';
import { awaitingApproval, image, ready } from '../lambdas/ways.ts';
import { anna, rita, World } from '../lambdas/world.ts';
import { answered, call, refused } from './calls.ts';

const stranger = { name: 'sven', groups: ['other-members'] };
const environments = '/environments';
const approvals = '/environments/checkout/web/approvals';
const wanted = { team: 'checkout', name: 'web', spec };

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

test('its address is said once it has a name, by TLS where its team has a certificate', async () => {
  const url = async (certificates: Record<string, string>) => {
    const cluster = { name: 'main', kubernetesVersion: '1.36', drainSeconds: 5, certificates, volumes: [] };
    const world = new World({ clusters: [{ ...cluster, loadBalancerScheme: 'internal' }] });
    await call(world, rita, 'POST', environments, wanted);
    const read = async () =>
      EnvironmentAnswer.parse(await (await call(world, rita, 'GET', '/environments/checkout/web')).json());
    const { environment, url: before } = await read();
    expect(before).toBeUndefined();
    const dns = { name: 'web.checkout.schwifty.example', target: 'a.elb.us-east-1.amazonaws.com' };
    const named = { at: start, actor: 'dns', what: 'named', events: [] };
    await world.store.write(change(environment, { dns }, named));
    return (await read()).url;
  };
  const certificate = 'arn:aws:acm:us-east-1:000000000000:certificate/11111111-2222-3333-4444-555555555555';
  expect(await url({ checkout: certificate })).toBe('https://web.checkout.schwifty.example');
  expect(await url({ search: certificate })).toBe('http://web.checkout.schwifty.example');
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
  const groups = 'checkout-members, checkout-approvers';
  expect(await refused(world, stranger, 'POST', environments, wanted)).toMatchObject({
    status: 403,
    detail: `sven may not ask for environments of team checkout: that is for ${groups}.`,
  });
  expect(await refused(world, stranger, 'GET', '/environments/checkout/web')).toMatchObject({
    status: 403,
    detail: `sven may not see the environments of team checkout: that is for ${groups}, getschwifty-security.`,
  });
  expect(await refused(world, stranger, 'POST', approvals, { digest: image })).toMatchObject({
    status: 403,
    title: 'Not allowed',
  });
});

test.each([['{"team":'], [''], ['team=checkout']])('400: a body that is not JSON: %s', async (body) => {
  expect(await refused(new World(), rita, 'POST', environments, body)).toMatchObject({
    status: 400,
    title: 'Not JSON',
    detail: 'The body is not JSON. Send an object with content-type application/json.',
  });
});

test.each([
  ['GET', '/nowhere', 'There is no GET /nowhere.'],
  [
    'GET',
    '/environments/checkout/web',
    'checkout/web was not asked for yet, or is deleted: POST /environments.',
  ],
  ['GET', '/environments/other/web', 'There is no team other.'],
  [
    'GET',
    '/environments/NOT/web',
    'NOT is no team: lower-case letters, digits and single hyphens, beginning with a letter',
  ],
] as const)('404: %s %s', async (method, path, detail) => {
  expect(await refused(new World(), rita, method, path)).toMatchObject({ status: 404, detail });
});

test('an answer has the version as its ETag', async () => {
  const world = await ready();
  const answer = await call(world, rita, 'GET', '/environments/checkout/web');
  expect(answer.headers.get('etag')).toBe(`"${(await world.environment()).version}"`);
});

test('413: more than two megabytes are not even parsed', async () => {
  const body = `{"team": "${'x'.repeat(2 * 1024 * 1024)}"`;
  expect(await refused(new World(), rita, 'POST', environments, body)).toMatchObject({ status: 413 });
});

test('405: a method that the path does not have', async () => {
  const answer = await call(new World(), rita, 'POST', '/environments/checkout/web', {});
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, PUT, DELETE']);
  expect(await answer.json()).toMatchObject({
    status: 405,
    detail: '/environments/checkout/web takes GET, PUT, DELETE, not POST.',
  });
});

test('500: what nobody foresaw is told to whoever runs it, and not to whoever calls', async () => {
  const failures: unknown[] = [];
  const world = new World();
  world.store.read = () => Promise.reject(new Error('secret detail'));
  const answer = await world.api(rita, (error) => failures.push(error)).request('/environments/checkout/web');
  expect(answer.status).toBe(500);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(await answer.text()).not.toContain('secret');
  expect(failures).toEqual([new Error('secret detail')]);
});

test('200: a person reads what runs, its verdict and its history', async () => {
  const answer = await answered(await ready(), rita, 'GET', '/environments/checkout/web');
  expect(answer).toMatchObject({ status: 200, phase: 'ready', verdict: { result: 'pass' } });
  expect(answer.history.at(-1)).toMatchObject({
    actor: 'deploy',
    what: 'deploying → ready, EnvironmentReady',
  });
});
