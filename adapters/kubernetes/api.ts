/**
 * One request to a Kubernetes API over node:https, and what its failures mean: the official client is 2 MB in a bundle.
 * Sources: Kubernetes API conventions, "HTTP Status codes"; client-go's rest.Request, which waits as the server says.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, Rejected, Retryable } from '#core/errors.ts';
import * as z from '#core/zod.ts';

export interface ApiOptions {
  readonly endpoint: string;
  /** Base64 of the PEM. */
  readonly ca: string;
  readonly token: () => Promise<string>;
  /** Of one try, from the first byte sent to the last one received. */
  readonly timeoutMs?: number;
  readonly wait?: (ms: number) => Promise<unknown>;
}

export interface Ask {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** Statuses that say no, of those that may pass elsewhere. */
  readonly final?: readonly number[];
  /** Statuses that say that there is nothing left to do. */
  readonly done?: readonly number[];
  /** What is attempted, as a person would say it: "apply Deployment app". */
  readonly what: string;
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

const defaultTimeoutMs = 10_000;
/** A server that is busy says for how long. What is longer than this is left to the queue, which tries again later. */
const patienceMs = 3_000;
const tries = 3;
/** They can't become right by being sent again. 401 and 403 may: a role that was bound a moment ago is not known everywhere. */
const final = new Set([400, 404, 405, 406, 413, 415, 422]);

export class KubernetesApi {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /**
   * @returns undefined for 404, of a read or a delete alone: what is not there; and for 409 of what was to be made: it is there.
   * @throws Retryable where it may work later, Rejected where it can't.
   */
  async call<S extends z.ZodMiniType>(ask: Ask, schema: S): Promise<z.infer<S> | undefined> {
    const answer = await this.#patiently(ask);
    const { method } = ask;
    if (answer.status === 404 && (method === 'GET' || method === 'DELETE')) return undefined;
    if (isDone(answer, ask)) return undefined;
    if (answer.status < 200 || answer.status >= 300) throw failure(answer, ask);
    return parse(schema, jsonOf(answer, ask.what), `the cluster's answer to ${ask.what}`);
  }

  /** Conflicts and busy servers are met with the same request again: each of ours may be sent twice. */
  async #patiently(ask: Ask): Promise<Answer> {
    const { wait = sleep } = this.#options;
    for (let left = tries - 1; ; left--) {
      const answer = await this.#once(ask);
      const pauseMs = isDone(answer, ask) ? undefined : pauseOf(answer);
      if (pauseMs === undefined || pauseMs > patienceMs || left === 0) return answer;
      await wait(pauseMs);
    }
  }

  async #once({ method, path, body }: Ask): Promise<Answer> {
    const { endpoint, ca, token, timeoutMs = defaultTimeoutMs } = this.#options;
    const content = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${await token()}`,
      accept: 'application/json',
      ...(content === undefined
        ? {}
        : // Node gives a DELETE no length of its own, and its body would be read as the next request.
          { 'content-type': contentTypes[method], 'content-length': Buffer.byteLength(content) }),
    };
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return await send(
        request(new URL(path, endpoint), { method, ca: Buffer.from(ca, 'base64'), headers, signal }),
        content,
      );
    } catch (error) {
      const why = signal.aborted ? `no answer in ${timeoutMs / 1000} s` : messageOf(error);
      throw new Retryable(`The Kubernetes API did not answer: ${why}`);
    }
  }
}

const contentTypes = {
  GET: 'application/json',
  POST: 'application/json',
  PATCH: 'application/apply-patch+yaml',
  DELETE: 'application/json',
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function send(outgoing: ClientRequest, body: string | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('response', (incoming: IncomingMessage) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          retryAfter: incoming.headers['retry-after'],
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    outgoing.end(body);
  });
}

/** What was to be made is there. */
const isDone = ({ status }: Answer, { method, done = [] }: Ask): boolean =>
  done.includes(status) || (status === 409 && method === 'POST');

/**
 * How long to wait before the same request is sent again; undefined where that is not for us to do.
 * Retry-After of Kubernetes is a number of seconds; RFC 9110 has dates as well, which nothing here sends.
 */
function pauseOf({ status, retryAfter }: Answer): number | undefined {
  if (status === 409) return 50;
  if (status !== 429 && status < 500) return undefined;
  return /^\d{1,6}$/.test(retryAfter ?? '') ? Number(retryAfter) * 1000 : undefined;
}

function jsonOf({ body }: Answer, what: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // Something between us and the cluster answered, and will not do so for ever.
    throw new Retryable(`The cluster answered ${what} with what is no JSON: ${body.slice(0, 200)}`);
  }
}

const Status = z.object({ message: z.string() });

/**
 * Many webhooks and policies say no with 403, as who lacks a right is told. The API server puts these words before theirs
 * (apiserver's webhook/errors/statuserror.go and policy/validating/plugin.go).
 */
const denied =
  /^(admission webhook "[^"]+" denied the request|\S+ "[^"]+" is forbidden: ValidatingAdmissionPolicy '[^']+' with binding '[^']+' denied request)/;
const isDenied = (status: number, message: string): boolean => status === 403 && denied.test(message);

function failure({ status, body }: Answer, { what, final: also = [] }: Ask): Error {
  let message = body.slice(0, 500);
  try {
    message = Status.parse(JSON.parse(body)).message;
  } catch {
    // Not a Status object: a proxy's page, say. Its first characters are the best there is.
  }
  const isFinal = final.has(status) || also.includes(status) || isDenied(status, message);
  return new (isFinal ? Rejected : Retryable)(`The cluster refused to ${what} (${status}): ${message}`);
}
