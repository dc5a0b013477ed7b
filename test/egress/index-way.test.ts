/** An index that wants a credential, asked through the proxy of a build: who has the credential, and who never sees it. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { credentialOf } from '../../egress/credential.ts';
import { makeProxy } from '../../egress/proxy.ts';
import { certificate } from '../adapters/certificate.ts';
import { listening } from '../adapters/servers.ts';

const authorization = `Basic ${Buffer.from('reader:p4ss').toString('base64')}`;
const alias = 'pip-index.internal';
let closing: (() => Promise<void>)[];
let origin: string;
let port: number;
/** What came to the index. */
let asked: { readonly line: string; readonly headers: IncomingHttpHeaders }[];
let said: string[];

beforeEach(async () => {
  [closing, asked, said] = [[], [], []];
  const pair = certificate();
  const index = await listening(
    createServer(pair, (got, answer) => {
      asked.push({ line: `${got.method} ${got.url}`, headers: got.headers });
      if (got.headers.authorization !== authorization) return answer.writeHead(401).end('who?');
      answer.setHeader('etag', 'x').setHeader('set-cookie', 'session=1');
      if (got.url === '/moved') return answer.writeHead(302, { location: `${origin}/files/a.whl` }).end();
      if (got.url?.startsWith('/files/'))
        return answer.setHeader('content-type', 'application/zip').end(`${origin}/`);
      const page = `<a href="${origin}/files/a.whl#sha256=0">a</a> <a href="../b.whl">b</a>`;
      return answer.setHeader('content-type', 'text/html; charset=utf-8').end(page);
    }),
  );
  closing.push(index.close);
  origin = `https://127.0.0.1:${index.port}`;
  const proxy = await listening(
    makeProxy({
      ...{
        allow: [],
        say: (line) => said.push(line),
        resolve: async () => ['127.0.0.1'],
        mayDial: () => true,
      },
      indexes: [{ alias, origin, authorization, ca: pair.cert }],
    }),
  );
  closing.push(proxy.close);
  ({ port } = proxy);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closing) await close();
});

function ask(path: string, { method = 'GET', headers = {}, host = alias } = {}) {
  return new Promise<{ status: number | undefined; text: string; headers: IncomingHttpHeaders }>(
    (resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port, method, path: `http://${host}${path}`, headers },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (piece) => {
            text += piece;
          });
          answer.on('end', () => resolve({ status: answer.statusCode, text, headers: answer.headers }));
        },
      );
      sent.on('error', reject).end();
    },
  );
}

test('a page is read by the credential, and leads to the build’s own name for the index', async () => {
  const { status, text, headers } = await ask('/simple/flask/');
  expect(status).toBe(200);
  expect(text).toBe(`<a href="http://${alias}/files/a.whl#sha256=0">a</a> <a href="../b.whl">b</a>`);
  expect(headers['content-length']).toBe(String(text.length));
  expect(JSON.stringify(headers)).not.toMatch(/session|Basic/);
});

test('a file comes as it is, and a redirection leads to the index by the same name', async () => {
  expect((await ask('/files/a.whl')).text).toBe(`${origin}/`);
  expect((await ask('/moved')).headers.location).toBe(`http://${alias}/files/a.whl`);
});

test('of what a build says of itself nothing but what is needed is passed on', async () => {
  const headers = { authorization: 'Basic mine', cookie: 'a=b', 'x-evil': '1', 'user-agent': 'pip/26' };
  await ask('/simple/flask/', { headers });
  const [{ headers: came } = { headers: {} as IncomingHttpHeaders }] = asked;
  expect(came).toMatchObject({
    authorization,
    'user-agent': 'pip/26',
    host: origin.slice('https://'.length),
  });
  for (const name of ['cookie', 'x-evil']) expect(came).not.toHaveProperty(name);
});

test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('%s is not passed on: builds read', async (method) => {
  expect(await ask('/simple/', { method })).toMatchObject({ status: 403 });
  expect(asked).toEqual([]);
});

test.each(['pip-index.internal:81', 'npm-index.internal', 'pip-index.internal.evil.test'])(
  '%s is none of its names',
  async (host) => {
    expect(await ask('/simple/', { host })).toMatchObject({ status: 403 });
    expect(asked).toEqual([]);
  },
);

test('a path is one of the index, however it is written', async () => {
  await ask('//evil.test/simple/');
  await ask('/a/../../b');
  expect(asked.map(({ line, headers: { host } }) => `${line} ${host}`)).toEqual([
    `GET //evil.test/simple/ ${origin.slice(8)}`,
    `GET /b ${origin.slice(8)}`,
  ]);
});

test('an index that is another is not told of the credential', async () => {
  const other = certificate();
  const liar = await listening(createServer(other, (_, answer) => answer.end('mine')));
  closing.push(liar.close);
  const proxy = await listening(
    makeProxy({
      ...{
        allow: [],
        say: (line) => said.push(line),
        resolve: async () => ['127.0.0.1'],
        mayDial: () => true,
      },
      indexes: [{ alias, origin: `https://127.0.0.1:${liar.port}`, authorization }],
    }),
  );
  closing.push(proxy.close);
  ({ port } = proxy);
  expect(await ask('/simple/')).toMatchObject({ status: 502 });
  expect(said.join()).toContain(alias);
  expect(said.join()).not.toContain('Basic');
});

test('what a secret holds is said by nobody, whatever it is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'credential-'));
  const program = (text: string) => {
    writeFileSync(join(folder, 'aws'), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, 'aws'), 0o755);
  };
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
  program(`echo '{"username":"reader","password":"p4ss"}'`);
  expect(await credentialOf('arn')).toBe(authorization);
  for (const value of [
    'reader:p4ss-word',
    '{"username":"reader"}',
    '{"username":"a:p4ss-word","password":"p4ss-word"}',
  ]) {
    program(`echo '${value}'`);
    const error = await credentialOf('arn').catch((reason: unknown) => String(reason));
    expect(error).toContain('secret arn is not valid');
    expect(error).not.toContain('p4ss');
  }
  program('echo AccessDeniedException >&2; exit 254');
  await expect(credentialOf('arn')).rejects.toThrow('AccessDenied');
  rmSync(folder, { recursive: true });
});
