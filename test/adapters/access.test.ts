/** What the gate and the access service ask over the network: a token's pod, and which keys are good. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HttpAccess } from '#adapters/access-client.ts';
import { TokenReviews } from '#adapters/kubernetes/tokens.ts';
import { accessAudience } from '#core/access.ts';
import { KeyId } from '#core/person-key.ts';
import { certificate } from './certificate.ts';
import { listening } from './servers.ts';

let asked: { path: string; authorization: string | undefined; body: unknown }[];
let answer: { status: number; body: string } | 'silence';
const closers: (() => Promise<void>)[] = [];
beforeEach(() => {
  asked = [];
  answer = { status: 200, body: '{}' };
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
const handle = async (request: IncomingMessage, response: ServerResponse) => {
  const { url = '', headers } = request;
  asked.push({ path: url, authorization: headers.authorization, body: JSON.parse(await text(request)) });
  if (answer !== 'silence') response.writeHead(answer.status).end(answer.body);
};

describe('a token', () => {
  const pair = certificate();
  const ask = async (status: object, code = 201) => {
    answer = { status: code, body: JSON.stringify({ kind: 'TokenReview', status }) };
    const { port, close } = await listening(createHttps(pair, handle));
    closers.push(close);
    const reviews = new TokenReviews({
      endpoint: `https://127.0.0.1:${port}`,
      ca: pair.cert.toString('base64'),
      token: async () => 'own',
    });
    return reviews.namespaceOf('theirs');
  };
  const good = {
    authenticated: true,
    audiences: [accessAudience],
    user: {
      username: 'system:serviceaccount:checkout--web:default',
      extra: { 'authentication.kubernetes.io/pod-name': ['app-1'] },
    },
  };

  test('of a pod, made for the access service, tells its namespace', async () => {
    expect(await ask(good)).toBe('checkout--web');
    expect(asked).toEqual([
      {
        path: '/apis/authentication.k8s.io/v1/tokenreviews',
        authorization: 'Bearer own',
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenReview',
          spec: { token: 'theirs', audiences: [accessAudience] },
        },
      },
    ]);
  });

  test.each<[string, object]>([
    ['that is not good', { authenticated: false, error: 'expired' }],
    ['for the API server', { ...good, audiences: ['https://kubernetes.default.svc'] }],
    ['of which the API server says no audience', { ...good, audiences: undefined }],
    ['of no pod', { ...good, user: { ...good.user, extra: {} } }],
    ['of a person', { ...good, user: { ...good.user, username: 'alice' } }],
    ['of a node', { ...good, user: { ...good.user, username: 'system:node:checkout--web:x' } }],
  ])('%s tells none', async (_, status) => expect(await ask(status)).toBeUndefined());

  test('of which the API server says nothing is no answer', async () => {
    await expect(ask({}, 503)).rejects.toThrow('refused to review a token (503)');
  });
});

describe('the gate asks', () => {
  let folder: string;
  let token: string;
  let access: HttpAccess;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'access-'));
    token = join(folder, 'token');
    const { port, close } = await listening(createHttp(handle));
    closers.push(close);
    access = new HttpAccess({ url: `http://127.0.0.1:${port}`, tokenFile: token, timeoutMs: 200 });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const question = { keys: [] };
  const given = { environment: 'checkout/web', keys: [], at: '2026-03-01T12:00:00.000Z' };

  test('with its token as it is now', async () => {
    answer = { status: 200, body: JSON.stringify(given) };
    for (const each of ['first', 'renewed']) {
      writeFileSync(token, `${each}\n`);
      expect(await access.ask(question)).toEqual(given);
    }
    expect(asked.map(({ path, authorization }) => [path, authorization])).toEqual([
      ['/keys', 'Bearer first'],
      ['/keys', 'Bearer renewed'],
    ]);
  });

  test('to keep who logged in, and wants to hear that it was taken', async () => {
    writeFileSync(token, 'token');
    const beganAt = '2026-03-01T12:00:00.000Z';
    const key = KeyId.parse('k'.repeat(43));
    const sessions = [{ connection: 'a'.repeat(32), key, from: '10.1.2.3:1', beganAt }];
    answer = { status: 200, body: '{"taken":1}' };
    await access.report({ sessions });
    expect(asked).toMatchObject([{ path: '/sessions', authorization: 'Bearer token', body: { sessions } }]);
    for (const bad of [
      { status: 404, body: '{}' },
      { status: 200, body: '{}' },
    ]) {
      answer = bad;
      await expect(access.report({ sessions })).rejects.toThrow(/access service/);
    }
  });

  test.each<[string, typeof answer, RegExp]>([
    ['a refusal', { status: 401, body: '{}' }, /The access service answered 401/],
    ['another shape', { status: 200, body: '{}' }, /access service's answer is not valid/],
    ['no JSON', { status: 200, body: 'x' }, /access service's answer is not JSON/],
    ['silence', 'silence', /timeout/],
  ])('and takes %s for no answer', async (_, bad, message) => {
    writeFileSync(token, 'token');
    answer = bad;
    await expect(access.ask(question)).rejects.toThrow(message);
  });

  test('not at all without a token', async () => {
    await expect(access.ask(question)).rejects.toThrow(/ENOENT/);
    expect(asked).toEqual([]);
  });
});
