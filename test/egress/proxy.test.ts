/** The only way out of a build, against servers of this machine: what it lets through, and what it does not. */
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { createServer as createSecure } from 'node:https';
import { connect, createServer as createPlain, type Socket } from 'node:net';
import { connect as secure } from 'node:tls';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { isElsewhere, makeProxy, type Way } from '../../egress/proxy.ts';
import { certificate } from '../adapters/certificate.ts';
import { listening } from '../adapters/servers.ts';

let pair: ReturnType<typeof certificate>;
beforeAll(() => {
  pair = certificate();
});
let closing: (() => Promise<void>)[];
let said: string[];
beforeEach(() => {
  closing = [];
  said = [];
});
afterEach(async () => {
  for (const close of closing) await close();
});

async function open(server: Parameters<typeof listening>[0]): Promise<number> {
  const { port, close } = await listening(server);
  closing.push(close);
  return port;
}
/** Every name leads to this machine, which is where the servers of a test are. */
const proxy = (allow: readonly string[], way: Partial<Way> = {}) =>
  open(
    makeProxy({
      ...{ allow, say: (line) => said.push(line), resolve: async () => ['127.0.0.1'], mayDial: () => true },
      ...way,
    }),
  );

interface Got {
  readonly status: number | undefined;
  readonly text: string;
  readonly headers?: IncomingHttpHeaders;
}

/** By plain HTTP. */
function get(port: number, url: string, headers: Record<string, string> = {}, body = ''): Promise<Got> {
  return new Promise((resolve, reject) => {
    const method = body === '' ? 'GET' : 'POST';
    const sent = request({ host: '127.0.0.1', port, path: url, method, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece) => {
        text += piece;
      });
      answer.on('end', () => resolve({ status: answer.statusCode, text, headers: answer.headers }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** @returns the tunnel, or what was answered in its place. */
function tunnel(
  port: number,
  place: string,
): Promise<{ readonly status: number | undefined; readonly socket: Socket }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method: 'CONNECT', path: place });
    sent.on('connect', (answer, socket) => resolve({ status: answer.statusCode, socket }));
    sent.on('error', reject);
    sent.end();
  });
}

/** All that comes of a connection, to its end. */
const allOf = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    socket.on('data', (piece: Buffer) => {
      text += piece.toString();
    });
    socket.on('error', () => undefined).on('close', () => resolve(text));
  });

async function securely(port: number, place: string, servername: string): Promise<string> {
  const { socket } = await tunnel(port, place);
  const client = secure({ socket, servername, rejectUnauthorized: false });
  client.write('GET /big HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  return allOf(client);
}

const big = 'x'.repeat(1_000_000);
const secureServer = () =>
  open(createSecure({ key: pair.key, cert: pair.cert }, (_, answer) => answer.end(big)));

test('by TLS whom it lists is reached, whole', async () => {
  const server = await secureServer();
  const answer = await securely(await proxy([`pypi.test:${server}`]), `pypi.test:${server}`, 'pypi.test');
  expect(answer).toContain('200 OK');
  expect(answer.length).toBeGreaterThan(big.length);
  expect(said).toEqual([]);
});

test('another name at the same address is not, nor one that is not said', async () => {
  const server = await secureServer();
  const place = `pypi.test:${server}`;
  const port = await proxy([place]);
  expect(await securely(port, place, 'evil.test')).toBe('');
  expect(said).toEqual([`${place}: it asked for evil.test there: builds may not`]);
  const { socket } = await tunnel(port, place);
  const silent = secure({ socket, rejectUnauthorized: false });
  expect(await allOf(silent)).toBe('');
});

test('what is no TLS is ended before its server heard a word', async () => {
  let heard = '';
  const server = createPlain((socket) => socket.on('data', (piece) => (heard += piece.toString())));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const place = `pypi.test:${typeof address === 'object' ? address?.port : 0}`;
  const { status, socket } = await tunnel(await proxy([place]), place);
  expect(status).toBe(200);
  socket.write('SSH-2.0-evil\r\n');
  expect(await allOf(socket)).toBe('');
  expect(heard).toBe('');
  server.close();
});

test('one that says nothing is ended', async () => {
  const server = await secureServer();
  const place = `pypi.test:${server}`;
  const { socket } = await tunnel(await proxy([place], { patienceMs: 50 }), place);
  expect(await allOf(socket)).toBe('');
});

test.each([
  'evil.test:443',
  'pypi.test:22',
  'pypi.test.evil.test:443',
  '1.1.1.1:443',
  'pypi.test',
  '',
  ':443',
])('to «%s» there is no way, and that is said once', async (place) => {
  const port = await proxy(['pypi.test']);
  for (const _ of [1, 2]) {
    const { status } = await tunnel(port, place).catch(() => ({ status: 403 }));
    expect(status).toBe(403);
  }
  expect(said.length).toBeLessThanOrEqual(1);
  if (place === 'evil.test:443')
    expect(said).toEqual([
      'evil.test:443: builds may not reach evil.test:443: builds.egress.allow of the configuration says whom they may',
    ]);
});

test('plain HTTP is led to the host of its address, whatever its headers say', async () => {
  const asked: (string | undefined)[] = [];
  const server = await open(
    createServer((request, answer) => {
      asked.push(request.method, request.url, request.headers.host, request.headers['proxy-authorization']);
      request.pipe(answer.setHeader('x-own', 'yes').writeHead(201));
    }),
  );
  const port = await proxy([`deb.test:${server}`]);
  const headers = { host: 'evil.test', 'proxy-authorization': 'secret' };
  const got = await get(port, `http://deb.test:${server}/dists?x=1`, headers, 'a body');
  expect(got).toMatchObject({ status: 201, text: 'a body', headers: { 'x-own': 'yes' } });
  expect(asked).toEqual(['POST', '/dists?x=1', `deb.test:${server}`, undefined]);
});

test('plain HTTP to whom it does not list is refused with the reason, and so is what is no proxy’s to do', async () => {
  const port = await proxy(['deb.test']);
  expect(await get(port, 'http://evil.test/x')).toMatchObject({
    status: 403,
    text: expect.stringContaining('builds may not reach evil.test'),
  });
  expect(await get(port, 'http://deb.test:81/')).toMatchObject({ status: 403 });
  expect(await get(port, '/')).toMatchObject({ status: 400 });
  expect(await get(port, 'https://deb.test/')).toMatchObject({ status: 400 });
  expect(await get(port, 'http://user:word@evil.test/')).toMatchObject({ status: 403 });
});

test.each([
  '127.0.0.1',
  '169.254.169.254',
  '169.254.170.2',
  '0.0.0.0',
  '::1',
  'fe80::1',
  'fd00:ec2::254',
  '::ffff:127.0.0.1',
])('a listed name that leads to %s leads nowhere', async (address) => {
  const port = await proxy(['pypi.test'], { resolve: async () => [address], mayDial: isElsewhere });
  expect(await get(port, 'http://pypi.test/')).toMatchObject({
    status: 403,
    text: expect.stringContaining('leads to no address that a build may reach'),
  });
});

test('an index at a private address is one', () => {
  for (const address of ['10.0.0.8', '172.16.3.4', '192.168.1.1', '151.101.0.223', '2a04:4e42::223'])
    expect(isElsewhere(address), address).toBe(true);
});

test('a server that is not there, or a name that is none, is the answer and not the end of the proxy', async () => {
  const port = await proxy(['gone.test:9']);
  expect(await get(port, 'http://gone.test:9/')).toMatchObject({ status: 502 });
  expect((await tunnel(port, 'gone.test:9')).status).toBe(502);
  const unknown = await proxy(['gone.test'], {
    resolve: async () => {
      throw new Error('getaddrinfo ENOTFOUND gone.test');
    },
  });
  expect(await get(unknown, 'http://gone.test/')).toMatchObject({
    status: 502,
    text: expect.stringMatching(/ENOTFOUND/),
  });
  expect(await get(port, 'http://gone.test:9/')).toMatchObject({ status: 502 });
});

test('one who goes in between ends nothing but its own', async () => {
  const server = await secureServer();
  const place = `pypi.test:${server}`;
  const port = await proxy([place]);
  const { socket } = await tunnel(port, place);
  socket.destroy();
  connect({ host: '127.0.0.1', port })
    .on('error', () => undefined)
    .destroy();
  expect(await securely(port, place, 'pypi.test')).toContain('200 OK');
});
