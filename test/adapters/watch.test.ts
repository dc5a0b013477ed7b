/** The watch of a Kubernetes API, against an HTTPS server that breaks off, forgets, refuses and talks nonsense. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type WatchListener, watch } from '#adapters/kubernetes/watch.ts';
import { listening } from './servers.ts';

type Answer = (query: URLSearchParams, response: ServerResponse) => void;

let endpoint: string;
let ca: string;
let close: () => Promise<void>;
/** One for each call, the last for all that follow. */
let answers: Answer[];
let asked: { query: URLSearchParams; headers: IncomingMessage['headers'] }[];
let said: string[];
let failures: string[];
let stopping: AbortController;
let ended: Promise<void> | undefined;
/** Of the test at hand: a call that another one made, and broke off, may arrive late. */
let path = '/0/pods';

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=kubernetes', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const args = ['req', '-x509', ...curve, '-nodes', '-keyout', key, '-out', cert, ...subject];
  execFileSync('openssl', args, { stdio: 'pipe' });
  ca = readFileSync(cert, 'utf8');
  const server = createServer({ key: readFileSync(key), cert: ca }, ({ url = '', headers }, response) => {
    const { pathname, searchParams: query } = new URL(url, 'https://127.0.0.1');
    if (pathname !== path) return void response.destroy();
    asked.push({ query, headers });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(query, response);
  });
  rmSync(folder, { recursive: true });
  const opened = await listening(server);
  close = opened.close;
  endpoint = `https://127.0.0.1:${opened.port}`;
});
afterAll(() => close());
beforeEach(() => {
  [answers, asked, said, failures] = [[], [], [], []];
  stopping = new AbortController();
  path = `/${Number(path.split('/')[1]) + 1}/pods`;
});
afterEach(async () => {
  stopping.abort();
  await ended;
});

/** However busy the machine is. */
const soon = (check: () => void) => vi.waitFor(check, { timeout: 15_000 });
const nameOf = (object: unknown) => /"name":"([^"]*)"/.exec(JSON.stringify(object))?.[1] ?? '?';
const listener: WatchListener = {
  listing: () => void said.push('listing'),
  listed: () => void said.push('listed'),
  there: (object) => void said.push(`there ${nameOf(object)}`),
  gone: (object) => void said.push(`gone ${nameOf(object)}`),
  heard: () => undefined,
  failed: (error) => void failures.push(String(error)),
};
let tokens = 0;
function begin(...given: Answer[]): void {
  answers = given;
  tokens = 0;
  const options = {
    endpoint,
    ca,
    token: async () => `token-${tokens++}`,
    path,
    labelSelector: 'app.kubernetes.io/managed-by=getschwifty',
    listener,
    firstPauseMs: 1,
    answerMs: 2_000,
  };
  ended = watch(options, stopping.signal);
}

const object = (name: string, resourceVersion = '1') => ({ metadata: { name, resourceVersion } });
const page =
  (names: readonly string[], metadata: object): Answer =>
  (_, response) =>
    void response.end(JSON.stringify({ metadata, items: names.map((name) => object(name)) }));
const line = (type: string, it: object) => `${JSON.stringify({ type, object: it })}\n`;
const stream =
  (text: string, how: 'stays' | 'ends' | 'breaks' = 'stays'): Answer =>
  (_, response) => {
    response.write(text);
    if (how === 'ends') response.end();
    if (how === 'breaks') setTimeout(() => response.destroy(), 20);
  };
const refuse =
  (code: number, message: string): Answer =>
  (_, response) =>
    void response.writeHead(code).end(JSON.stringify({ kind: 'Status', code, message }));
const quiet = stream(line('BOOKMARK', object('', '99')));
const versions = () =>
  asked.map(({ query }) => query.get('resourceVersion') ?? `list ${query.get('continue')}`);

test('a server that takes a call and says nothing is asked again', async () => {
  begin(() => undefined, page(['a'], { resourceVersion: '10' }), quiet);
  await soon(() => expect(said.at(-1)).toBe('listed'));
  expect(failures).toEqual(['Error: no word in 2 s']);
});

test('lists page by page, then watches from there; what comes is told as it is', async () => {
  const changes = [
    line('ADDED', object('c', '11')),
    line('MODIFIED', object('a', '12')),
    line('DELETED', object('b', '13')),
  ];
  begin(
    page(['a'], { resourceVersion: '10', continue: 'next' }),
    page(['b'], { resourceVersion: '10' }),
    stream(changes.join('')),
  );
  await soon(() => expect(said.at(-1)).toBe('gone b'));
  expect(said).toEqual(['listing', 'there a', 'there b', 'listed', 'there c', 'there a', 'gone b']);
  expect(versions()).toEqual(['list null', 'list next', '10']);
  expect(asked[2]?.query.get('allowWatchBookmarks')).toBe('true');
  for (const { query, headers } of asked) {
    expect(query.get('labelSelector')).toBe('app.kubernetes.io/managed-by=getschwifty');
    // Read for each call: the kubelet renews it.
    expect(headers.authorization).toBe(`Bearer token-${asked.findIndex((it) => it.headers === headers)}`);
  }
  expect(failures).toEqual([]);
});

test('a change that arrives in pieces is one change', async () => {
  const text = line('ADDED', object('änderung', '11'));
  const bytes = Buffer.from(text);
  begin(page([], { resourceVersion: '10' }), (_, response) => {
    bytes.forEach((_, i) => {
      response.write(bytes.subarray(i, i + 1));
    });
  });
  await soon(() => expect(said.at(-1)).toBe('there änderung'));
});

test('a watch that ends, or breaks off, goes on from the last word, a bookmark too, without a list', async () => {
  begin(
    page([], { resourceVersion: '10' }),
    stream(line('ADDED', object('a', '11')), 'ends'),
    stream(line('BOOKMARK', object('', '15')), 'breaks'),
    quiet,
  );
  await soon(() => expect(asked).toHaveLength(4));
  expect(versions()).toEqual(['list null', '10', '11', '15']);
  expect(said.filter((it) => it === 'listing')).toHaveLength(1);
});

test.each([
  ['in the answer', refuse(410, 'too old resource version')],
  ['in the stream', stream(line('ERROR', { kind: 'Status', code: 410, message: 'Expired' }), 'ends')],
])('a place that the server has forgotten (410 %s) is listed anew', async (_, forgotten) => {
  begin(page(['a'], { resourceVersion: '10' }), forgotten, page(['b'], { resourceVersion: '20' }), quiet);
  await soon(() => expect(asked).toHaveLength(4));
  expect(versions()).toEqual(['list null', '10', 'list null', '20']);
  expect(said).toEqual(['listing', 'there a', 'listed', 'listing', 'there b', 'listed']);
});

test('a page that the server has forgotten begins the list again', async () => {
  begin(
    page(['a'], { resourceVersion: '10', continue: 'next' }),
    refuse(410, 'the continue token is too old'),
    page(['b'], { resourceVersion: '20' }),
    quiet,
  );
  await soon(() => expect(said.at(-1)).toBe('listed'));
  expect(said).toEqual(['listing', 'there a', 'listing', 'there b', 'listed']);
});

test.each([
  ['refuses', refuse(403, 'pods is forbidden'), /\(403\): pods is forbidden/],
  ['is overloaded', refuse(429, 'too many requests'), /\(429\)/],
  [
    'answers a page of a proxy',
    (_: unknown, response: ServerResponse) => void response.writeHead(502).end('<html>'),
    /\(502\): <html>/,
  ],
  ['answers nonsense', (_: unknown, response: ServerResponse) => void response.end('{"items":'), /not JSON/],
  ['hangs up', (_: unknown, response: ServerResponse) => void response.destroy(), /Error/],
] satisfies [string, Answer, RegExp][])(
  'a server that %s is asked again until it answers',
  async (_, bad, reason) => {
    begin(bad, bad, bad, page(['a'], { resourceVersion: '10' }), quiet);
    await soon(() => expect(said.at(-1)).toBe('listed'));
    expect(failures).toHaveLength(3);
    for (const failure of failures) expect(failure).toMatch(reason);
  },
);

test('a change that is none is not passed over: the watch goes on from the word before it', async () => {
  begin(
    page([], { resourceVersion: '10' }),
    stream(`${line('ADDED', object('a', '11'))}{"type":`, 'ends'),
    stream(`${line('ADDED', object('b', '12'))}nonsense\n`, 'ends'),
    quiet,
  );
  await soon(() => expect(asked).toHaveLength(4));
  expect(versions()).toEqual(['list null', '10', '11', '12']);
  expect(failures).toHaveLength(1);
});

test('it ends when it is told to, also while it waits for a word', async () => {
  begin(page([], { resourceVersion: '10' }), quiet);
  await soon(() => expect(asked).toHaveLength(2));
  stopping.abort();
  await ended;
  expect(failures).toEqual([]);
});
