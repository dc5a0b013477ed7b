/**
 * A blob written to a registry from a stream of its bytes, in parts that are kept until they are known to have arrived:
 * a part that was cut is sent again, or as much of it as is missing.
 * Source: OCI distribution specification 1.1, "Pushing blobs". ECR's parts are of 5 to 10 MiB but for the last, at most
 * 4,200 (Amazon ECR user guide, "Service quotas"); it answers 201 where the specification has 202; and the Range that it
 * tells after the first part may be an old one (aws/containers-roadmap 2831), so that our own count is what holds.
 */
import type { IncomingMessage } from 'node:http';
import { usedUp } from '../used-up.ts';
import type { Descriptor } from './manifest.ts';
import { isBusy, isOk, noAnswer, type Registry, refused, statusOf } from './registry.ts';
import { Cut, discard } from './transport.ts';

/** How long an upload that is given up may take to be cancelled. */
const cancelMs = 5_000;

/** The registry lost this upload, or what it has of it is not what we sent: the blob is sent anew. */
export class UploadLost extends Error {}

interface Part {
  readonly start: number;
  readonly bytes: Buffer;
  readonly last: boolean;
}

export class Upload {
  readonly #registry: Registry;
  readonly #repository: string;
  readonly #blob: Descriptor;
  readonly #signal: AbortSignal;
  #location: string;

  /** @param location as `POST …/blobs/uploads/` answered it. */
  constructor(
    registry: Registry,
    repository: string,
    blob: Descriptor,
    location: string,
    signal: AbortSignal,
  ) {
    this.#registry = registry;
    this.#repository = repository;
    this.#blob = blob;
    this.#location = location;
    this.#signal = signal;
  }

  /** The last part is held back until `chunks` have ended well, so that bytes that prove wrong never become a blob. */
  async write(chunks: AsyncIterable<Buffer>): Promise<void> {
    try {
      await this.#writeAll(chunks);
    } catch (error) {
      await this.#cancel();
      throw error;
    }
  }

  /** While one part is sent the next is read. */
  async #writeAll(chunks: AsyncIterable<Buffer>): Promise<void> {
    let sending: Promise<void> = Promise.resolve();
    try {
      for await (const part of partsOf(chunks, this.#blob.size, this.#registry.pace.partBytes)) {
        await sending;
        sending = this.#send(part);
        // Awaited with the next part; until then a failure of it is not unheard of.
        sending.catch(() => undefined);
      }
    } finally {
      await sending;
    }
  }

  async #send({ start, bytes, last }: Part): Promise<void> {
    const end = start + bytes.length;
    let from = start;
    const { tries } = this.#registry.pace;
    for (let failures = 0; ; ) {
      const refusal = await this.#try(from, bytes.subarray(from - start), last);
      if (refusal === undefined) return;
      failures += 1;
      if (failures >= tries) throw refusal;
      await this.#registry.pause(failures - 1, this.#signal);
      if (last && (await this.#isThere())) return;
      const held = await this.#held();
      if (held > end) throw new UploadLost(`the registry has ${held} bytes of the ${end} that were sent`);
      if (held === end && !last) return;
      from = Math.max(from, held);
    }
  }

  /** @returns why it may not have arrived; undefined where it has. */
  async #try(from: number, bytes: Buffer, last: boolean): Promise<unknown> {
    const range = bytes.length > 0 ? { 'content-range': `${from}-${from + bytes.length - 1}` } : {};
    const headers = { 'content-type': 'application/octet-stream', ...range };
    try {
      const path = last ? withDigest(this.#location, this.#blob.digest) : this.#location;
      const answer = await this.#registry.once(last ? 'PUT' : 'PATCH', path, this.#signal, {
        headers,
        body: bytes,
      });
      if (isOk(answer)) return await this.#moved(answer, last);
      if (statusOf(answer) === 416 || statusOf(answer) === 404)
        throw new UploadLost((await refused(answer, 'an upload is not known any more')).message);
      const refusal = await refused(
        answer,
        `the blob ${this.#blob.digest} was not taken by ${this.#repository}`,
      );
      if (isBusy(statusOf(answer))) return refusal;
      throw refusal;
    } catch (error) {
      if (error instanceof Cut) return noAnswer(error);
      throw error;
    }
  }

  async #moved(answer: IncomingMessage, last: boolean): Promise<undefined> {
    discard(answer);
    const { location } = answer.headers;
    if (!last && location !== undefined) this.#location = await this.#registry.own(location, 'an upload');
    return undefined;
  }

  /** How many bytes the registry says it has; 0 where it doesn't say. */
  async #held(): Promise<number> {
    const answer = await this.#registry.call('GET', this.#location, this.#signal);
    discard(answer);
    if (statusOf(answer) === 404) throw new UploadLost('the upload is not known any more');
    const end = Number(/-(\d+)$/.exec(answer.headers.range ?? '')?.[1] ?? 0);
    // "0-0" is what is said of nothing, too, and no part is of one byte.
    return isOk(answer) && end > 0 ? end + 1 : 0;
  }

  /** The answer to the last part may be what was lost. */
  async #isThere(): Promise<boolean> {
    return isThere(this.#registry, this.#repository, this.#blob.digest, this.#signal);
  }

  /** So that no registry keeps what never became a blob; one that can't cancel forgets it by itself. */
  async #cancel(): Promise<void> {
    try {
      discard(await this.#registry.once('DELETE', this.#location, AbortSignal.timeout(cancelMs)));
    } catch {
      // What is told is why the upload was given up, not that its rest could not be taken away.
    }
  }
}

export async function isThere(
  registry: Registry,
  repository: string,
  digest: string,
  signal: AbortSignal,
): Promise<boolean> {
  const head = await registry.call('HEAD', `/v2/${repository}/blobs/${digest}`, signal);
  discard(head);
  return isOk(head);
}

function withDigest(location: string, digest: string): string {
  const [path = '', query] = location.split('?');
  const search = new URLSearchParams(query);
  search.set('digest', digest);
  return `${path}?${search}`;
}

/** Two buffers in turn: what was given is read no more once the part after the next is asked for. */
async function* partsOf(
  chunks: AsyncIterable<Buffer>,
  size: number,
  partBytes: number,
): AsyncGenerator<Part> {
  const capacity = Math.min(partBytes, size);
  const buffers =
    size > partBytes
      ? [Buffer.allocUnsafe(capacity), Buffer.allocUnsafe(capacity)]
      : [Buffer.allocUnsafe(capacity)];
  let [start, filled, turn] = [0, 0, 0];
  const current = () => buffers[turn % buffers.length] ?? Buffer.alloc(0);
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      // A full part goes only when more comes: what is left at the end is the last one.
      if (filled === capacity) {
        yield { start, bytes: current(), last: false };
        start += filled;
        [filled, turn] = [0, turn + 1];
      }
      const copied = chunk.copy(current(), filled, at);
      filled += copied;
      at += copied;
    }
    usedUp(chunk);
  }
  yield { start, bytes: current().subarray(0, filled), last: true };
}
