/** An index that wants a credential, asked through the proxy of a build: who has the credential, and who never sees it. */
import { type IncomingHttpHeaders, request } from 'node:http';
import { createServer } from 'node:https';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Index } from '../../egress/index-way.ts';
import { makeProxy } from '../../egress/proxy.ts';
import { certificate } from '../adapters/certificate.ts';
import { listening } from '../adapters/servers.ts';

const authorization = `Basic ${Buffer.from('reader:p4ss').toString('base64')}`;
const alias = 'pip-index.internal';
let closing: (() => Promise<void>)[];
let origin: string;
/** Where the index has its files, at an address of its own. */
let files: Awaited<ReturnType<typeof fileServer>>;
let port: number;
/** Of whom its certificate is. */
let indexCa: Buffer;
/** What came to the index. */
let asked: { readonly line: string; readonly headers: IncomingHttpHeaders }[];
let said: string[];

async function fileServer() {
  const pair = certificate('127.0.0.2');
  const came: IncomingHttpHeaders[] = [];
  const server = createServer(pair, (got, answer) => {
    came.push(got.headers);
    const host = got.headers.host ?? '';
    if (got.url === '/round') answer.writeHead(307, { location: `https://${host}/round` }).end();
    else answer.setHeader('content-type', 'application/json').end(`${got.method} ${got.url} ${origin}/`);
  });
  const { port, close } = await listening(server, '127.0.0.2');
  closing.push(close);
  return { host: `127.0.0.2:${port}`, cert: pair.cert, came };
}

/** What is asked from here on is asked of it. */
async function proxyTo(index: Index): Promise<void> {
  const proxy = await listening(
    makeProxy({
      allow: [],
      say: (line) => said.push(line),
      resolve: async (host) => [host],
      mayDial: () => true,
      indexes: [index],
    }),
  );
  closing.push(proxy.close);
  ({ port } = proxy);
}

beforeEach(async () => {
  [closing, asked, said] = [[], [], []];
  const pair = certificate();
  const index = await listening(
    createServer(pair, (got, answer) => {
      asked.push({ line: `${got.method} ${got.url}`, headers: got.headers });
      if (got.headers.authorization !== authorization) return answer.writeHead(401).end('who?');
      answer.setHeader('etag', 'x').setHeader('set-cookie', 'session=1');
      if (got.url === '/kept')
        return answer.writeHead(302, { location: `https://${files.host}/a?X-Amz=1` }).end();
      if (got.url === '/away') return answer.writeHead(302, { location: 'https://evil.test/a' }).end();
      if (got.url === '/round')
        return answer.writeHead(302, { location: `https://${files.host}/round` }).end();
      if (got.url === '/moved') return answer.writeHead(302, { location: `${origin}/files/a.whl` }).end();
      if (got.url?.startsWith('/files/'))
        return answer.setHeader('content-type', 'application/zip').end(`${origin}/`);
      const page = `<a href="${origin}/files/a.whl#sha256=0">a</a> <a href="../b.whl">b</a>`;
      return answer.setHeader('content-type', 'text/html; charset=utf-8').end(page);
    }),
  );
  closing.push(index.close);
  origin = `https://127.0.0.1:${index.port}`;
  files = await fileServer();
  indexCa = pair.cert;
  const ca = Buffer.concat([pair.cert, files.cert]);
  const own = { origin, authorization: async () => authorization, ca, files: [files.host] };
  await proxyTo({ alias, ...own });
});
afterEach(async () => {
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

test('a file that the index keeps elsewhere is fetched there, without the credential, and comes as it is', async () => {
  const { status, text, headers } = await ask('/kept', { headers: { 'user-agent': 'npm/11' } });
  expect({ status, text }).toEqual({ status: 200, text: `GET /a?X-Amz=1 ${origin}/` });
  expect(headers).not.toHaveProperty('location');
  expect(files.came).toEqual([{ host: files.host, 'user-agent': 'npm/11', connection: 'close' }]);
});

test('where it leads anywhere else the build is told so, and goes by its own ways', async () => {
  expect(await ask('/away')).toMatchObject({ status: 302, headers: { location: 'https://evil.test/a' } });
  expect(files.came).toEqual([]);
});

test('files that lead to each other are given up', async () => {
  expect(await ask('/round')).toMatchObject({ status: 307 });
  expect(files.came).toHaveLength(3);
});

test('an index whose credential can not be had is not asked, and the next request is tried again', async () => {
  let isThere = false;
  await proxyTo({
    ...{ alias, origin, ca: indexCa },
    authorization: async () => {
      if (!isThere) throw new Error('ended, and not renewed');
      return authorization;
    },
  });
  expect(await ask('/simple/flask/')).toMatchObject({ status: 502 });
  expect(asked).toEqual([]);
  isThere = true;
  expect(await ask('/simple/flask/')).toMatchObject({ status: 200 });
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
  const itself = `https://127.0.0.1:${liar.port}`;
  await proxyTo({ alias, origin: itself, authorization: async () => authorization });
  expect(await ask('/simple/')).toMatchObject({ status: 502 });
  expect(said.join()).toContain(alias);
  expect(said.join()).not.toContain('Basic');
});
