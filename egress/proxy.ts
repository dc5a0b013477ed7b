/**
 * The only way out of a build: an HTTP proxy that lets through what is on a list. It looks names up itself, and of TLS the server that
 * is asked for must be the one that the connection was asked to: no address of somebody's choice is reached, and no other name at the
 * same address. Each host that is refused is said once.
 */
import { lookup } from 'node:dns/promises';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { BlockList, connect, isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { mayReach } from '#core/egress.ts';
import { askedServer } from './client-hello.ts';
import { askIndex, type Index } from './index-way.ts';

export interface Way {
  /** Hosts, as core/egress.ts reads them. */
  readonly allow: readonly string[];
  /** Asked by the proxy itself. */
  readonly indexes?: readonly Index[];
  readonly say: (line: string) => void;
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Of an address that a host has. */
  readonly mayDial?: (address: string) => boolean;
  /** Until a server is reached, and until a client has said whom it asks for. */
  readonly patienceMs?: number;
}

/** Said of a host that is refused: no more of them than anybody reads. */
const mostSaid = 100;
/** As long as a download may stand still. */
const idleMs = 300_000;

/** Whatever a name leads to, not to this machine, and not to where machines are given credentials. */
const never = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
] as const)
  never.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of [
  ['::', 127],
  ['fe80::', 10],
  ['fd00:ec2::', 32],
  ['ff00::', 8],
] as const)
  never.addSubnet(net, prefix, 'ipv6');

export const isElsewhere = (address: string): boolean =>
  !never.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');

class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function makeProxy(way: Way): Server {
  const said = new Set<string>();
  const refused = (place: string, error: unknown): { readonly status: number; readonly text: string } => {
    const text = error instanceof Error ? error.message : String(error);
    if (said.size < mostSaid && !said.has(place)) {
      said.add(place);
      way.say(`${place}: ${text}`);
    }
    return { status: error instanceof Refused ? error.status : 502, text };
  };
  const server = createServer((asked, answer) => {
    forward(way, asked, answer).catch((error: unknown) => {
      const { status, text } = refused(placeOf(asked.url), error);
      if (answer.headersSent) answer.destroy();
      else answer.writeHead(status, { 'content-type': 'text/plain', connection: 'close' }).end(`${text}\n`);
    });
  });
  server.on('connect', (asked: IncomingMessage, client: Duplex, head: Buffer) => {
    client.on('error', () => client.destroy());
    tunnel(way, asked.url ?? '', client, head).catch((error: unknown) => {
      const { status, text } = refused(asked.url ?? '', error);
      client.end(`HTTP/1.1 ${status} Refused\r\ncontent-type: text/plain\r\n\r\n${text}\n`);
    });
  });
  return server;
}

const placeOf = (url = ''): string => (URL.canParse(url) ? new URL(url).host : url.slice(0, 100));

const notListed = (host: string): Refused =>
  new Refused(
    403,
    `builds may not reach ${host}: builds.egress.allow of the configuration says whom they may`,
  );

/** TLS, or what else a listed port speaks: nothing of it is read but whom it asks for. */
async function tunnel(way: Way, place: string, client: Duplex, head: Buffer): Promise<void> {
  const [, host = '', port = ''] = /^([^:\s]+):(\d{1,5})$/.exec(place) ?? [];
  if (!mayReach(way.allow, { host, port: Number(port), usual: 443 })) throw notListed(place);
  const server = await reach(way, host, Number(port));
  const close = () => {
    client.destroy();
    server.destroy();
  };
  for (const end of [client, server]) end.on('error', close).on('close', close);
  client.write('HTTP/1.1 200 Connection established\r\n\r\n');
  const first = await hello(way, host, client, head).catch((error: unknown) => {
    close();
    throw error;
  });
  server.write(first);
  server.setTimeout(idleMs, close);
  client.pipe(server).pipe(client);
}

/** What the client says first, once it asks for that host. */
async function hello(way: Way, host: string, client: Duplex, head: Buffer): Promise<Buffer> {
  let bytes = head;
  const limit = setTimeout(() => client.destroy(), way.patienceMs ?? 10_000);
  try {
    for (;;) {
      const asked = askedServer(bytes);
      if (asked.kind === 'name' && asked.name === host.toLowerCase()) return bytes;
      if (asked.kind === 'name') throw new Refused(403, `it asked for ${asked.name} there: builds may not`);
      if (asked.kind === 'none')
        throw new Refused(403, 'it speaks no TLS that names its server: builds must');
      bytes = Buffer.concat([bytes, await nextOf(client)]);
    }
  } finally {
    clearTimeout(limit);
  }
}

function nextOf(client: Duplex): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const gone = () => {
      client.off('data', came);
      reject(new Error('it went without a word'));
    };
    const came = (piece: Buffer) => {
      client.pause();
      client.off('close', gone).off('end', gone);
      resolve(piece);
    };
    client.once('close', gone).once('end', gone).once('data', came).resume();
  });
}

const hopByHop = /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host)$/i;

/** Plain HTTP: to the host of the address, whatever its headers say. */
async function forward(way: Way, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  const url = URL.canParse(asked.url ?? '') ? new URL(asked.url ?? '') : undefined;
  if (url?.protocol !== 'http:') throw new Refused(400, 'this is a proxy: it takes http:// and CONNECT');
  const index = way.indexes?.find(({ alias }) => alias === url.hostname && url.port === '');
  if (index) return forIndex(way, index, url, asked, answer);
  const [host, port] = [url.hostname, Number(url.port || 80)];
  if (!mayReach(way.allow, { host, port, usual: 80 })) throw notListed(url.host);
  const socket = await reach(way, host, port);
  const given = Object.entries(asked.headers).filter(([name]) => !hopByHop.test(name));
  const headers = { ...Object.fromEntries(given), host: url.host, connection: 'close' };
  const sent = request({
    createConnection: () => socket,
    method: asked.method,
    path: `${url.pathname}${url.search}`,
    headers,
    setHost: false,
  });
  sent.setTimeout(idleMs, () => sent.destroy(new Error('it said nothing for long')));
  answer.on('close', () => socket.destroy());
  asked.pipe(sent);
  await new Promise<void>((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (response) => {
      const kept = Object.entries(response.headers).filter(([name]) => !hopByHop.test(name));
      answer.writeHead(response.statusCode ?? 502, Object.fromEntries(kept));
      response.on('error', reject);
      response.pipe(answer).on('finish', resolve);
    });
  });
}

async function forIndex(
  way: Way,
  index: Index,
  url: URL,
  asked: IncomingMessage,
  answer: ServerResponse,
): Promise<void> {
  if (asked.method !== 'GET' && asked.method !== 'HEAD')
    throw new Refused(403, `builds may read ${url.host}, and not ${asked.method} there`);
  await askIndex({ index, url, asked, answer, dial: (host, port) => reach(way, host, port) });
}

/** @returns a connection to the host, at an address that may be one of a host's. */
async function reach(
  { resolve = addressesOf, mayDial = isElsewhere, patienceMs = 10_000 }: Way,
  host: string,
  port: number,
): Promise<Socket> {
  const addresses = (await resolve(host)).filter(mayDial);
  if (addresses.length === 0) throw new Refused(403, `${host} leads to no address that a build may reach`);
  let last: unknown;
  for (const address of addresses.slice(0, 4)) {
    try {
      return await connected(address, port, patienceMs);
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

const addressesOf = async (host: string): Promise<string[]> =>
  (await lookup(host, { all: true })).map(({ address }) => address);

function connected(address: string, port: number, patienceMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port });
    socket.setTimeout(patienceMs, () => socket.destroy(new Error(`${address} did not answer`)));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
