/**
 * Objects of one kind as a Kubernetes API has them: listed, then watched from there, for as long as it is wanted. A
 * watch that ends goes on where it was; one whose place the server has forgotten (410) begins with a list again.
 * Source: Kubernetes documentation, "API Concepts: Efficient detection of changes".
 */
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseJson } from '#core/errors.ts';
import * as z from '#core/zod.ts';

export interface WatchOptions {
  readonly endpoint: string;
  /** PEM. */
  readonly ca: string;
  /** Read for each call: the kubelet renews it. */
  readonly token: () => Promise<string>;
  /** Of the collection: `/api/v1/pods`. */
  readonly path: string;
  readonly labelSelector: string;
  readonly listener: WatchListener;
  /** The first pause after a failure; later ones double, up to half a minute. */
  readonly firstPauseMs?: number;
  /** How long an answer may take to begin. */
  readonly answerMs?: number;
}

export interface WatchListener {
  /** A list begins; what `there` does not name before `listed` is gone. */
  listing(): void;
  there(object: unknown): void;
  gone(object: unknown): void;
  listed(): void;
  /** The server said something, if only that nothing happened. */
  heard(): void;
  failed(error: unknown): void;
}

const pageSize = 100;
const longestPauseMs = 30_000;
/** The server ends a watch after this; it sends a bookmark about every minute. */
const watchSeconds = 290;
/** An answer begins at once, or there is none: TCP alone would try to connect for two minutes. */
const answerMs = 10_000;
/** Without a word for so long the connection is dead, whatever TCP believes. */
const silenceMs = 150_000;
/** etcd keeps objects of 1.5 MiB at most. */
const longestLine = 8 * 1024 * 1024;

const Page = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.optional(z.string()) }),
  items: z.array(z.unknown()),
});
const Change = z.object({ type: z.string(), object: z.unknown() });
const Versioned = z.object({ metadata: z.object({ resourceVersion: z.string() }) });
const Status = z.object({ code: z.optional(z.int()), message: z.optional(z.string()) });

/** The server no longer knows the place from where to go on. */
class Gone extends Error {}

/** Until `signal` is aborted; it never throws. */
export async function watch(options: WatchOptions, signal: AbortSignal): Promise<void> {
  const { listener, firstPauseMs = 500 } = options;
  const from: { version: string | undefined } = { version: undefined };
  let failures = 0;
  while (!signal.aborted) {
    try {
      from.version ??= await list(options, signal);
      await follow(options, from, signal, () => {
        failures = 0;
      });
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Gone) from.version = undefined;
      failures += 1;
      listener.failed(error);
    }
    await sleep(pause(failures, firstPauseMs), undefined, { signal }).catch(() => undefined);
  }
}

/** With jitter, so that the watchers of a server that comes back do not come all at once. */
const pause = (failures: number, firstMs: number): number =>
  Math.min(longestPauseMs, firstMs * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2);

/** @returns the version that the list is of. */
async function list(options: WatchOptions, signal: AbortSignal): Promise<string> {
  const { listener } = options;
  let next: string | undefined;
  listener.listing();
  for (;;) {
    const query = { limit: String(pageSize), ...(next === undefined ? {} : { continue: next }) };
    const body = await textOf(await call(options, query, signal));
    const { metadata, items } = parseJson(Page, body, `the list of ${options.path}`);
    for (const item of items) listener.there(item);
    listener.heard();
    next = metadata.continue || undefined;
    if (next !== undefined) continue;
    listener.listed();
    return metadata.resourceVersion;
  }
}

async function follow(
  options: WatchOptions,
  from: { version: string | undefined },
  signal: AbortSignal,
  onWord: () => void,
): Promise<void> {
  const query = {
    watch: '1',
    allowWatchBookmarks: 'true',
    resourceVersion: from.version ?? '',
    timeoutSeconds: String(watchSeconds),
  };
  for await (const line of linesOf(await call(options, query, signal))) {
    const { type, object } = parseJson(Change, line, `a change of ${options.path}`);
    if (type === 'ERROR') throw refusal(Status.safeParse(object).data ?? {}, `watch ${options.path}`);
    const { metadata } = Versioned.parse(object);
    if (type === 'ADDED' || type === 'MODIFIED') options.listener.there(object);
    if (type === 'DELETED') options.listener.gone(object);
    // After the listener: what it did not take is not passed over.
    from.version = metadata.resourceVersion;
    options.listener.heard();
    onWord();
  }
}

async function call(
  options: WatchOptions,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { endpoint, ca, token, path, labelSelector } = options;
  const url = new URL(`${path}?${new URLSearchParams({ labelSelector, ...query })}`, endpoint);
  const headers = { authorization: `Bearer ${await token()}`, accept: 'application/json' };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    let patienceMs = options.answerMs ?? answerMs;
    const outgoing = request(url, { ca, headers, signal, timeout: patienceMs }, (answer) => {
      patienceMs = silenceMs;
      outgoing.setTimeout(patienceMs);
      resolve(answer);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no word in ${patienceMs / 1000} s`)));
    outgoing.on('error', reject);
    outgoing.end();
  });
  if (response.statusCode === 200) return response;
  const body = await textOf(response);
  const status = Status.safeParse(orUndefined(body)).data ?? { message: body.slice(0, 200) };
  throw refusal({ ...status, code: response.statusCode }, `GET ${path}`);
}

function refusal({ code, message }: z.infer<typeof Status>, what: string): Error {
  const text = `The cluster refused to ${what} (${code ?? 'no code'}): ${message ?? 'it does not say why'}`;
  return code === 410 ? new Gone(text) : new Error(text);
}

function orUndefined(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // A proxy's page, say: its first characters are told.
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return text;
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of response.setEncoding('utf8')) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestLine) throw new Error(`a change of more than ${longestLine} characters`);
    yield* lines.filter((line) => line !== '');
  }
}
