/**
 * A registry as its clients see it: credentials that are renewed when they end, tries again where that may help,
 * redirects without our credentials, and what it refuses in its own words.
 * Source: OCI distribution specification 1.1; Amazon ECR user guide, "Private registry authentication" (12 hours).
 */
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Rejected, Retryable } from '#core/errors.ts';
import * as z from '#core/zod.ts';
import { bodyOf, Cut, discard, type Method, Transport } from './transport.ts';

/** What opens the registry: nothing else says where it is. */
export interface Grant {
  readonly origin: string;
  readonly authorization: string;
}

export interface Pace {
  /** How often in all something is tried without getting on. */
  readonly tries: number;
  /** Before the second try; doubled before each that follows. */
  readonly pauseMs: number;
  /** A connection on which nothing moves for this long is cut. */
  readonly idleMs: number;
  /** Uploads go in parts of this size, but for the last. */
  readonly partBytes: number;
}

interface Content {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** S3 is one hop away from ECR. */
const redirectsFollowed = 3;
const errorBytes = 16 * 1024;

export class Registry {
  readonly #renew: () => Promise<Grant>;
  readonly #transport: Transport;
  readonly pace: Pace;
  #grant: Promise<Grant> | undefined;

  constructor(renew: () => Promise<Grant>, pace: Pace) {
    this.#renew = renew;
    this.pace = pace;
    this.#transport = new Transport(pace.idleMs);
  }

  close(): void {
    this.#transport.close();
  }

  /** For what may be asked twice: again where the registry is busy or the connection was cut. */
  async call(
    method: Method,
    path: string,
    signal: AbortSignal,
    content: Content = {},
  ): Promise<IncomingMessage> {
    for (let left = this.pace.tries; ; left -= 1) {
      try {
        const answer = await this.once(method, path, signal, content);
        if (left <= 1 || !isBusy(statusOf(answer))) return answer;
        discard(answer);
      } catch (error) {
        if (left <= 1 || !(error instanceof Cut)) throw noAnswer(error);
      }
      await this.pause(this.pace.tries - left, signal);
    }
  }

  /** For what may not. Credentials that have ended are renewed: what is answered 401 was not done. */
  async once(
    method: Method,
    path: string,
    signal: AbortSignal,
    content: Content = {},
  ): Promise<IncomingMessage> {
    const used = this.#current();
    const answer = await this.#send(await used, method, path, signal, content);
    if (statusOf(answer) !== 401) return answer;
    discard(answer);
    // Several may see it at once: the first of them renews for all.
    if (this.#grant === used) this.#grant = undefined;
    return this.#send(await this.#current(), method, path, signal, content);
  }

  /** @throws Rejected for an address that is not the registry's own: our credentials go nowhere else. */
  async own(address: string, what: string): Promise<string> {
    const { origin } = await this.#current();
    const url = new URL(address, origin);
    if (url.origin !== origin) throw new Rejected(`The registry sent ${what} to ${url.origin}.`);
    return `${url.pathname}${url.search}`;
  }

  async pause(doublings: number, signal: AbortSignal): Promise<void> {
    await sleep(this.pace.pauseMs * 2 ** doublings, undefined, { signal });
  }

  #current(): Promise<Grant> {
    this.#grant ??= this.#renew();
    return this.#grant;
  }

  async #send(grant: Grant, method: Method, path: string, signal: AbortSignal, content: Content) {
    const { headers, body } = content;
    let url = new URL(path, grant.origin);
    for (let left = redirectsFollowed; ; left -= 1) {
      const credentials = url.origin === grant.origin ? { authorization: grant.authorization } : {};
      const answer = await this.#transport.send({
        method,
        url,
        headers: { 'accept-encoding': 'identity', ...headers, ...credentials },
        ...(body ? { body } : {}),
        signal,
      });
      const target = method === 'GET' ? redirectOf(answer) : undefined;
      if (target === undefined) return answer;
      discard(answer);
      url = followed(target, url, grant.origin, left);
    }
  }
}

/** Downloads are sent to S3, with a signed address: by TLS, or nowhere. */
function followed(target: string, from: URL, origin: string, left: number): URL {
  const to = new URL(target, from);
  if (to.origin !== origin && to.protocol !== 'https:')
    throw new Rejected(`The registry sent a download to ${to.origin}: only https is followed.`);
  if (left <= 1) throw new Retryable(`The registry sent ${from.pathname} from one address to the next.`);
  return to;
}

export const statusOf = (answer: IncomingMessage): number => answer.statusCode ?? 0;
export const isOk = (answer: IncomingMessage): boolean => statusOf(answer) >= 200 && statusOf(answer) < 300;

const redirectOf = (answer: IncomingMessage): string | undefined =>
  [301, 302, 303, 307, 308].includes(statusOf(answer)) ? answer.headers.location : undefined;

/** It may be otherwise in a moment. */
export const isBusy = (status: number): boolean => [408, 429].includes(status) || status >= 500;

/** 401 and 403 are for the people who run this to mend, and speak not against the image: it is tried again. */
const passing = (status: number): boolean => [401, 403].includes(status) || isBusy(status);

export async function refused(answer: IncomingMessage, what: string): Promise<Error> {
  const reason = `${what}: ${statusOf(answer)} ${await saidBy(answer)}`;
  return passing(statusOf(answer)) ? new Retryable(reason) : new Rejected(reason);
}

export const noAnswer = (error: unknown): unknown =>
  error instanceof Cut ? new Retryable(`The registry did not answer: ${error.message}`) : error;

const Errors = z.object({
  errors: z.array(z.object({ code: z.string(), message: z.optional(z.string()) })).check(z.minLength(1)),
});

/** The registry's own words, where it speaks as the specification has it ("Error Codes"). */
async function saidBy(answer: IncomingMessage): Promise<string> {
  let text = '';
  try {
    text = (await bodyOf(answer, errorBytes)).toString('utf8');
    return Errors.parse(JSON.parse(text))
      .errors.map(({ code, message }) => `${code}: ${message ?? ''}`)
      .join('; ');
  } catch {
    return text.slice(0, 300);
  }
}
