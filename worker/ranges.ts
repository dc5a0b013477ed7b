/**
 * An object's bytes in order, read by several ranges at once into a fixed set of buffers: as much as is not yet used up is
 * held, and no more is asked for.
 */
import { usedUp } from '#adapters/used-up.ts';
import { Retryable } from '#core/errors.ts';
import type { Block } from '#core/jobs/block.ts';
import type { DatasetObject } from '#core/jobs/dataset.ts';
import type { JobObjects } from '#core/jobs/ports.ts';
import type { Timers } from './timers.ts';

export interface Reading {
  readonly rangeBytes: number;
  readonly parallel: number;
}
export const reading: Reading = { rangeBytes: 4 * 2 ** 20, parallel: 3 };
const tries = 5;
const pauseMs = 200;

/** What is read by ranges of it. */
export interface Ranged {
  readonly key: string;
  readonly size: number;
  /** As `fill` of JobObjects. */
  readonly fill: (from: number, into: Uint8Array, signal: AbortSignal) => Promise<number>;
}

export const rangedOf = (objects: Pick<JobObjects, 'fill'>, object: DatasetObject): Ranged => ({
  key: object.key,
  size: object.size,
  fill: (from, into, signal) => objects.fill(object, from, into, signal),
});

interface Filling {
  readonly of: Ranged;
  readonly signal: AbortSignal;
  readonly timers: Timers;
}

export interface Source extends Filling {
  readonly how: Reading;
}

/** Of parts before, for the next one: fresh memory is cleared by the kernel, page by page, and old memory waits for its collection. */
const spare: Buffer[] = [];

/** Buffers, lent and given back: who asks for one too many waits. */
export class Pool {
  readonly #free: Buffer[] = [];
  readonly #waiting: ((buffer: Buffer) => void)[] = [];
  #left: number;
  readonly #size: number;

  constructor(count: number, size: number) {
    this.#left = count;
    this.#size = size;
  }

  async take(): Promise<Buffer> {
    const free = this.#free.pop();
    if (free) return free;
    if (this.#left > 0) {
      this.#left -= 1;
      const known = spare.findIndex(({ length }) => length === this.#size);
      return spare.splice(known, known < 0 ? 0 : 1)[0] ?? Buffer.allocUnsafeSlow(this.#size);
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(buffer: Buffer): void {
    const next = this.#waiting.shift();
    if (next) next(buffer);
    else this.#free.push(buffer);
  }

  /** Those that somebody still has are not among them. */
  end(): void {
    spare.splice(0, spare.length, ...this.#free.splice(0));
  }
}

/** From `from` on to the end of the object: `surely` up to there many at once, then one by one, for as long as somebody asks. */
export async function* blocksOf(given: Source, from: number, surely: number): AsyncGenerator<Block> {
  const stop = new AbortController();
  const pool = new Pool(given.how.parallel, given.how.rangeBytes);
  try {
    yield* inOrder({ ...given, signal: AbortSignal.any([given.signal, stop.signal]) }, pool, from, surely);
  } finally {
    // Who has enough leaves nothing under way.
    stop.abort();
    pool.end();
  }
}

/** What a decompressor is given at once: it keeps some of them until it is done with them, and of whole blocks that would be as much as all buffers are. */
const keptBytes = 128 * 1024;

/** As `blocksOf`, each its reader's to keep. @param seen is shown each block while it is whole. */
export async function* keptBytesOf(
  blocks: AsyncIterable<Block>,
  seen: (bytes: Uint8Array) => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  for await (const { bytes, release } of blocks) {
    seen(bytes);
    for (let at = 0; at < bytes.length; at += keptBytes) {
      const kept = Buffer.from(bytes.subarray(at, at + keptBytes));
      yield kept;
      usedUp(kept);
    }
    release();
  }
}

/** Exactly these bytes; each block is used again when the next one is asked for. */
export async function* bytesBetween(source: Source, from: number, to: number): AsyncGenerator<Uint8Array> {
  let at = from;
  if (at >= to) return;
  for await (const { bytes, release } of blocksOf(source, from, to)) {
    yield bytes;
    release();
    at += bytes.length;
    if (at >= to) return;
  }
}

async function* inOrder(source: Source, pool: Pool, from: number, surely: number): AsyncGenerator<Block> {
  const { of, how } = source;
  const sure = Math.min(surely, of.size);
  const coming: Promise<Block>[] = [];
  let at = from;
  const ask = (to: number) => {
    const block = filled(source, pool, at, to);
    // Its reader comes to it in its turn.
    block.catch(() => undefined);
    coming.push(block);
    at = to;
  };
  while (true) {
    while (at < sure && coming.length < how.parallel) ask(Math.min(at + how.rangeBytes, sure));
    if (coming.length === 0) {
      if (at >= of.size) return;
      ask(Math.min(at + how.rangeBytes, of.size));
    }
    const next = coming.shift();
    if (next) yield await next;
  }
}

/** A broken connection costs what was left. */
export async function filled(source: Filling, pool: Pool, from: number, to: number): Promise<Block> {
  const buffer = await pool.take();
  const bytes = buffer.subarray(0, to - from);
  let held = 0;
  for (let turn = 1; ; turn++) {
    source.signal.throwIfAborted();
    try {
      held += await source.of.fill(from + held, bytes.subarray(held), source.signal);
      if (held === bytes.length) return { bytes, release: () => pool.give(buffer) };
      throw new Retryable(`${source.of.key}: the answer ended ${bytes.length - held} bytes early`);
    } catch (error) {
      source.signal.throwIfAborted();
      if (turn === tries || !mayPass(error)) throw error;
      await source.timers.sleep(pauseMs * turn, source.signal);
    }
  }
}

/** A connection that broke in the middle of a body is Node's error, not the client's. */
const mayPass = (error: unknown): boolean =>
  error instanceof Retryable || (error instanceof Error && 'code' in error && error.name !== 'AbortError');
