/** The program itself, against an API on this machine: what it prints, where, and how it ends. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { digestOf, requested, start } from '../contracts/samples.ts';
import { type Api, environmentAnswer as answer, apiOnThisMachine, schwifty as run } from './program.ts';

const digest = digestOf('image');
let api: Api;
beforeAll(async () => {
  api = await apiOnThisMachine();
});
afterAll(() => api.close());
beforeEach(() => api.reset(200, answer));
const schwifty = (args: string[], settings: Record<string, string> = {}) => run(api, args, settings);

test('status prints the environment in words, or as the API answers it', async () => {
  const words = await schwifty(['status', 'checkout/web']);
  expect(words).toMatchObject({
    code: 0,
    err: '',
    out: expect.stringContaining('checkout/web in cluster main'),
  });
  expect(api.asked).toMatchObject([{ line: 'GET /stage/environments/checkout/web', token: 'Bearer token' }]);
  const json = await schwifty(['--json', 'status', 'checkout/web']);
  expect(JSON.parse(json.out)).toEqual(answer);
});

test('approve takes the newest image, or the one that is named', async () => {
  await schwifty(['approve', 'checkout/web']);
  const other = digestOf('other');
  await schwifty(['approve', 'checkout/web', '--digest', other]);
  expect(api.asked.filter(({ line }) => line.startsWith('POST'))).toMatchObject([
    { line: 'POST /stage/environments/checkout/web/approvals', body: JSON.stringify({ digest }) },
    { body: JSON.stringify({ digest: other }) },
  ]);
});

test('without an image there is nothing to approve', async () => {
  api.reply = () => ({
    status: 200,
    body: JSON.stringify({ ...answer, environment: requested().environment }),
  });
  expect(await schwifty(['approve', 'checkout/web'])).toMatchObject({
    code: 1,
    err: 'checkout/web has no image to decide on: it is building.\n',
  });
});

test('a refusal is printed with its reason, and ends with 2', async () => {
  const problem = {
    type: 'about:blank',
    title: 'Your own request',
    status: 403,
    detail: 'rita asked for it.',
  };
  api.reply = () => ({ status: 403, body: JSON.stringify(problem) });
  expect(await schwifty(['approve', 'checkout/web', '--digest', digest])).toEqual({
    code: 2,
    out: '',
    err: 'Your own request (403): rita asked for it.\n',
  });
});

test('what the gateway itself refuses', async () => {
  api.reply = () => ({ status: 401, body: '{"message":"Unauthorized"}' });
  expect(await schwifty(['status', 'checkout/web'])).toMatchObject({
    code: 2,
    err: 'The gateway refused (401): {"message":"Unauthorized"}\n',
  });
});

test.each([
  ['no settings', { SCHWIFTY_API: '' }, /^Set SCHWIFTY_API to the address of the API and SCHWIFTY_TOKEN to /],
  ['nobody there', { SCHWIFTY_API: 'http://127.0.0.1:1' }, /^http:\/\/127.0.0.1:1 did not answer: /],
])('%s', async (_, settings, message) => {
  const { code, err } = await schwifty(['status', 'checkout/web'], settings);
  expect(code).toBe(1);
  expect(err).toMatch(message);
  expect(err.trim().split('\n')).toHaveLength(1);
});

test.each([['<html>'], ['{}']])('an address that is another site: %s', async (body) => {
  api.reply = () => ({ status: 200, body });
  const { code, err } = await schwifty(['status', 'checkout/web']);
  expect(code).toBe(1);
  expect(err).toMatch(
    /answered GET \/environments\/checkout\/web with no environment\. Is it the address of the API/,
  );
});

test('a key is sent as it stands in its file, and revoked by its fingerprint as by its id', async () => {
  const id = 'Yq28xSCp_fu2yRU9AdrsUx74W9s2RMTbjt9aqZNkP-A';
  const fingerprint = 'SHA256:Yq28xSCp/fu2yRU9AdrsUx74W9s2RMTbjt9aqZNkP+A';
  const key = { id, person: 'rita', type: 'ssh-ed25519', fingerprint, comment: 'laptop', addedAt: start };
  api.reset(200, { ...key, state: 'good' });
  const file = join(import.meta.dirname, 'keys.test.ts');
  const added = await schwifty(['key', 'add', 'checkout', file]);
  expect(added).toMatchObject({ code: 0, err: '', out: expect.stringContaining(fingerprint) });
  expect(JSON.parse(api.asked[0]?.body ?? '')).toEqual({ key: readFileSync(file, 'utf8') });
  await schwifty(['key', 'revoke', 'checkout', fingerprint]);
  await schwifty(['key', 'revoke', 'checkout', id]);
  expect(api.asked.map(({ line }) => line)).toEqual([
    'POST /stage/teams/checkout/keys',
    `DELETE /stage/teams/checkout/keys/${id}`,
    `DELETE /stage/teams/checkout/keys/${id}`,
  ]);
});
