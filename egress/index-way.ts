/**
 * An index that wants a credential, asked in a build's place: what runs in the build asks the proxy for it by a name of its own, without
 * TLS and without a credential; the proxy asks the index with both. Only what reads is passed on. Where the index says its own address,
 * in pages and redirections, the build's name for it is said. Where it leads to a file that it keeps elsewhere, the proxy goes there.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { Socket } from 'node:net';
import { connect } from 'node:tls';
import { mayReach } from '#core/egress.ts';

export interface Index {
  /** The name that builds have for it. */
  readonly alias: string;
  /** `https://host:port` */
  readonly origin: string;
  /** For its Authorization header. */
  readonly authorization: () => Promise<string>;
  /** Hosts of its files, as core/egress.ts reads them. */
  readonly files?: readonly string[];
  /** Of whom its certificate may be, beside those that the machine trusts. */
  readonly ca?: Buffer | undefined;
}

/** A page of what is asked for most has some megabytes. */
const longestPage = 64 * 1024 * 1024;
const isPage = (type = ''): boolean => /^(?:text\/html|application\/(?:[\w.-]+\+)?json)\b/.test(type);
/** All that an index needs to know of who asks. */
const passed = ['accept', 'user-agent', 'range', 'if-none-match', 'if-modified-since'];
const dropped =
  /^(?:connection|keep-alive|transfer-encoding|content-length|content-encoding|set-cookie|etag)$/i;

/** A bucket may lead to its own region's address. */
const mostHops = 3;

interface Asking {
  readonly index: Index;
  readonly url: URL;
  readonly asked: IncomingMessage;
  readonly answer: ServerResponse;
  /** A connection to a host. */
  readonly dial: (host: string, port: number) => Promise<Socket>;
}

/** `path` is not looked at as an address: with two slashes it would be another host's. */
interface Place {
  readonly origin: string;
  readonly path: string;
}

export async function askIndex(asking: Asking): Promise<void> {
  const { index, url, asked, answer } = asking;
  const place = { origin: index.origin, path: `${url.pathname}${url.search}` };
  let response = await ask(asking, place, { authorization: await index.authorization() });
  let file = fileBehind(index, response);
  const isFile = file !== undefined;
  for (let hop = 0; file !== undefined && hop < mostHops; hop++) {
    response.destroy();
    // Whoever keeps the file is told of no credential: the address is one by itself.
    response = await ask(asking, file, {});
    file = fileBehind(index, response);
  }
  await passOn(index, response, answer, { isHead: asked.method === 'HEAD', isFile });
}

async function ask(
  { index, asked, answer, dial }: Asking,
  { origin, path }: Place,
  own: Readonly<Record<string, string>>,
): Promise<IncomingMessage> {
  const { hostname, host, port } = new URL(origin);
  const given = passed.flatMap((name) => {
    const value = asked.headers[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const socket = await dial(hostname, Number(port || 443));
  const secure = connect({ socket, servername: hostname, ...(index.ca && { ca: index.ca }) });
  const sent = request({
    createConnection: () => secure,
    method: asked.method,
    path,
    headers: { ...Object.fromEntries(given), host, ...own, connection: 'close' },
    setHost: false,
  });
  sent.setTimeout(300_000, () => sent.destroy(new Error('the index said nothing for long')));
  answer.on('close', () => socket.destroy());
  return new Promise<IncomingMessage>((resolve, reject) => {
    secure.on('error', reject);
    sent.on('error', reject).on('response', resolve).end();
  });
}

/** Where it leads, if that is where its files are. Elsewhere the build may go by itself, if anywhere. */
function fileBehind({ files = [] }: Index, { statusCode = 0, headers }: IncomingMessage): Place | undefined {
  const { location = '' } = headers;
  if (statusCode < 300 || statusCode > 399 || !URL.canParse(location)) return undefined;
  const { protocol, hostname, port, origin, pathname, search } = new URL(location);
  const isThere = mayReach(files, { host: hostname, port: Number(port || 443), usual: 443 });
  return protocol === 'https:' && isThere ? { origin, path: `${pathname}${search}` } : undefined;
}

async function passOn(
  index: Index,
  response: IncomingMessage,
  answer: ServerResponse,
  { isHead, isFile }: { readonly isHead: boolean; readonly isFile: boolean },
): Promise<void> {
  const status = response.statusCode ?? 502;
  const kept = Object.entries(response.headers).filter(([name]) => !dropped.test(name));
  const headers = Object.fromEntries(kept);
  const { location } = response.headers;
  if (location !== undefined) headers['location'] = named(index, location);
  if (isPage(response.headers['content-type']) && !isHead && !isFile) {
    const page = named(index, (await whole(response)).toString('utf8'));
    answer.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(page) }).end(page);
    return;
  }
  const length = response.headers['content-length'];
  answer.writeHead(status, { ...headers, ...(length !== undefined && { 'content-length': length }) });
  await new Promise<void>((resolve, reject) => {
    response.on('error', reject).pipe(answer).on('finish', resolve).on('error', reject);
  });
}

/** Its own address is the build's name for it. */
const named = ({ origin, alias }: Index, text: string): string =>
  text.replaceAll(`${origin}/`, `http://${alias}/`).replaceAll(`${origin}:443/`, `http://${alias}/`);

async function whole(response: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of response) {
    const bytes = Buffer.from(piece);
    length += bytes.length;
    if (length > longestPage) throw new Error(`a page of the index has more than ${longestPage} bytes`);
    pieces.push(bytes);
  }
  return Buffer.concat(pieces);
}
