/** A piece of an object, or a compressed one whole, as what a command is fed. */
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { usedUp } from '#adapters/used-up.ts';
import { Rejected, unreachable } from '#core/errors.ts';
import type { Block } from '#core/jobs/block.ts';
import type { Compression } from '#core/jobs/dataset.ts';
import type { Chunk } from '#core/jobs/plan.ts';
import { InputFailed, type JobObjects } from '#core/jobs/ports.ts';
import { type Cutter, cutterOf, type Range, wholeStream } from '#core/jobs/records.ts';
import type { JobSpec } from '#core/jobs/spec.ts';
import { crc32 } from './crc32.ts';
import type { Feed, Give, Read } from './feed.ts';
import { blocksOf, keptBytesOf, type Reading, rangedOf } from './ranges.ts';
import type { Timers } from './timers.ts';
import { BrokenFrames, plainOf, WindowTooLarge } from './zstd.ts';

export interface ObjectDeps {
  readonly objects: JobObjects;
  readonly spec: JobSpec;
  readonly reading: Reading;
  readonly timers: Timers;
}

/** What most records are shorter than: read along with the range, so that its last one needs no call of its own. */
const tailBytes = 64 * 1024;

export class ObjectFeed implements Feed {
  readonly #deps: ObjectDeps;
  readonly #range: Chunk;
  readonly #signal: AbortSignal;
  given: number | undefined;

  constructor(deps: ObjectDeps, range: Chunk, signal: AbortSignal) {
    this.#deps = deps;
    this.#range = range;
    this.#signal = signal;
  }

  get start(): number {
    return this.#range.start;
  }

  read(give: Give): Promise<Read> {
    return this.#deps.spec.compression === 'none' ? this.#readRange(give) : this.#readWhole(give);
  }

  async #readRange(give: Give): Promise<Read> {
    const cutter = this.#cutter(this.#range);
    let crc = 0;
    let at = cutter.readFrom;
    for await (const block of this.#blocks(cutter.readFrom, cutter.readTo + tailBytes)) {
      const ours = cutter.push(block.bytes);
      if (ours.length > 0) this.given = at + ours.byteOffset - block.bytes.byteOffset + ours.length;
      at += block.bytes.length;
      const given = ours.length > 0 ? give(ours) : undefined;
      // While the command reads it.
      crc = crc32(ours, crc);
      await given;
      block.release();
      if (cutter.done) break;
    }
    cutter.end();
    return { ...cutter.found, crc32: crc };
  }

  /** The checksum is of the object's own bytes, the records are of what comes out of them. */
  async #readWhole(give: Give): Promise<Read> {
    const { size } = this.#range;
    const { compression } = this.#deps.spec;
    let crc = 0;
    const cutter = this.#cutter(wholeStream);
    const bytes = keptBytesOf(this.#blocks(0, size), (block) => {
      crc = crc32(block, crc);
    });
    const plain = unpacked(bytes, compression);
    try {
      for await (const bytes of plain) {
        const ours = cutter.push(bytes);
        if (ours.length > 0) await give(ours);
        usedUp(bytes);
      }
    } catch (error) {
      throw asInput(error, this.#range.key, compression);
    }
    cutter.end();
    return { from: 0, to: size, records: cutter.found.records, crc32: crc };
  }

  /** The object's first record, whole: what is cut at offset 0 and behind it. The first chunk has it anyway. */
  async header(): Promise<Buffer | undefined> {
    const { size, key, start } = this.#range;
    if (!this.#deps.spec.header || start === 0) return undefined;
    const cutter = this.#cutter({ size, start: 0, end: 1, aligned: true, quoted: false, scanFrom: 0 });
    const parts: Buffer[] = [];
    for await (const block of this.#blocks(0, tailBytes)) {
      parts.push(Buffer.from(cutter.push(block.bytes)));
      block.release();
      if (cutter.done) break;
    }
    cutter.end();
    if (cutter.found.records !== 1)
      throw new InputFailed(`${key} begins with an empty record, not with a header`);
    return Buffer.concat(parts);
  }

  #cutter(range: Range): Cutter {
    return cutterOf(range, this.#deps.spec.records, this.#deps.spec.recordBytes);
  }

  #blocks(from: number, surely: number): AsyncGenerator<Block> {
    const { objects, reading, timers } = this.#deps;
    const source = { of: rangedOf(objects, this.#range), signal: this.#signal, how: reading, timers };
    return blocksOf(source, from, surely);
  }
}

function unpacked(bytes: AsyncIterable<Uint8Array>, compression: Compression): AsyncIterable<Uint8Array> {
  switch (compression) {
    case 'gzip':
      return pipeline(Readable.from(bytes), createGunzip(), () => undefined);
    case 'zstd':
      return plainOf({ bytes, from: 0 });
    case 'none':
    case 'zstd-seekable':
      throw new Error('nothing to decompress');
    default:
      return unreachable(compression);
  }
}

/** zlib's errors have codes of its own: Z_DATA_ERROR, Z_BUF_ERROR (it ends too early), ZSTD_error_…. */
export function asInput(error: unknown, key: string, compression: string): unknown {
  if (error instanceof WindowTooLarge)
    return new Rejected(`${key} is not read: ${error.message}`, { cause: error });
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const isBroken = error instanceof BrokenFrames || /^(Z_|ZSTD_)/.test(code);
  if (!(error instanceof Error) || !isBroken) return error;
  return new InputFailed(`${key} is no whole ${compression} file: ${error.message}`, { cause: error });
}
