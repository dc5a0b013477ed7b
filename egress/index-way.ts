/**
 * An index that wants a credential, asked in a build's place: what runs in the build asks the proxy for it by a name of its own, without
 * TLS and without a credential; the proxy asks the index with both. Only what reads is passed on. Where the index says its own address,
 * in pages and redirections, the build's name for it is said.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { Socket } from 'node:net';
import { connect } from 'node:tls';

export interface Index {
  /** The name that builds have for it. */
  readonly alias: string;
  /** `https://host:port` */
  readonly origin: string;
  /** For its Authorization header. */
  readonly authorization: string;
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

interface Asking {
  readonly index: Index;
  readonly url: URL;
  readonly asked: IncomingMessage;
  readonly answer: ServerResponse;
  /** To the index's host. */
  readonly socket: Socket;
}

export async function askIndex({ index, url, asked, answer, socket }: Asking): Promise<void> {
  const { hostname, host } = new URL(index.origin);
  const given = passed.flatMap((name) => {
    const value = asked.headers[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const secure = connect({ socket, servername: hostname, ...(index.ca && { ca: index.ca }) });
  const sent = request({
    createConnection: () => secure,
    method: asked.method,
    path: `${url.pathname}${url.search}`,
    headers: { ...Object.fromEntries(given), host, authorization: index.authorization, connection: 'close' },
    setHost: false,
  });
  sent.setTimeout(300_000, () => sent.destroy(new Error('the index said nothing for long')));
  answer.on('close', () => socket.destroy());
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    secure.on('error', reject);
    sent.on('error', reject).on('response', resolve).end();
  });
  await passOn(index, response, answer, asked.method === 'HEAD');
}

async function passOn(
  index: Index,
  response: IncomingMessage,
  answer: ServerResponse,
  isHead: boolean,
): Promise<void> {
  const status = response.statusCode ?? 502;
  const kept = Object.entries(response.headers).filter(([name]) => !dropped.test(name));
  const headers = Object.fromEntries(kept);
  const { location } = response.headers;
  if (location !== undefined) headers['location'] = named(index, location);
  if (isPage(response.headers['content-type']) && !isHead) {
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
