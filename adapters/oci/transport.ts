/**
 * One HTTP exchange with a registry, over Node's own client: `fetch` copies every body that it sends, and for how long
 * it waits can't be chosen. Nothing is retried and no redirect followed here: registry.ts knows what may be.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Retryable } from '#core/errors.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

export interface Exchange {
  readonly method: Method;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Gives up at once, whatever is under way. */
  readonly signal: AbortSignal;
}

/** The connection was cut, refused or silent: how much of a request arrived is not known. */
export class Cut extends Retryable {}

export class Transport {
  readonly #idleMs: number;
  readonly #plain = new HttpAgent({ keepAlive: true });
  readonly #secure = new HttpsAgent({ keepAlive: true });

  /** @param idleMs a connection on which nothing moves for this long is cut. */
  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  /** @returns the answer's head; its body is still to be read, or to be thrown away by `discard`. */
  send({ method, url, headers, body, signal }: Exchange): Promise<IncomingMessage> {
    const common = { method, headers: { ...headers, 'content-length': String(body?.length ?? 0) }, signal };
    return new Promise((resolve, reject) => {
      const outgoing =
        url.protocol === 'https:'
          ? httpsRequest(url, { ...common, agent: this.#secure })
          : httpRequest(url, { ...common, agent: this.#plain });
      outgoing.setTimeout(this.#idleMs, () =>
        outgoing.destroy(new Error(`nothing moved for ${this.#idleMs / 1000} s`)),
      );
      // Stays for good: a registry that answers early may cut what is still being sent.
      outgoing.on('error', (error) =>
        reject(signal.aborted ? signal.reason : new Cut(`${method} ${url.pathname}: ${error.message}`)),
      );
      outgoing.on('response', resolve);
      outgoing.end(body);
    });
  }

  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }
}

/** The whole body, at most `limit` bytes of it. @throws Cut where it ends before its end. */
export async function bodyOf(answer: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunksOf(answer)) {
    size += chunk.length;
    if (size > limit) {
      answer.destroy();
      throw new TooLarge(limit);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export class TooLarge extends Error {
  constructor(limit: number) {
    super(`it is larger than ${limit} bytes`);
  }
}

export async function* chunksOf(answer: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of answer) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
  } catch (error) {
    throw new Cut(`the answer was cut: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Reads a body that nobody wants, so that its connection can serve again. */
export const discard = (answer: IncomingMessage): void => {
  answer.on('error', () => undefined).resume();
};
