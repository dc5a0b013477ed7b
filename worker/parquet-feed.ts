/**
 * Row groups of a Parquet file as a Parquet file of their own: `PAR1`, their pages as they are, and a footer of them alone. Nothing is
 * decoded, and nothing large is held.
 */
import { Rejected } from '#core/errors.ts';
import { footerAt, magic, shown, tailBytes } from '#core/jobs/parquet/footer.ts';
import { FooterCutter } from '#core/jobs/parquet/footer-cutter.ts';
import type { Chunk } from '#core/jobs/plan.ts';
import { crc32 } from './crc32.ts';
import type { Feed, Give, Read } from './feed.ts';
import type { ObjectDeps } from './object-feed.ts';
import { bytesBetween, rangedOf } from './ranges.ts';

export class ParquetFeed implements Feed {
  readonly #deps: ObjectDeps;
  readonly #range: Chunk;
  readonly #signal: AbortSignal;
  middle: number | undefined;
  indivisible: string | undefined;

  constructor(deps: ObjectDeps, range: Chunk, signal: AbortSignal) {
    this.#deps = deps;
    this.#range = range;
    this.#signal = signal;
  }

  get start(): number {
    return this.#range.start;
  }

  /** The checksum is of the object's own bytes, those between and behind row groups among them: each is some chunk's. */
  async read(give: Give): Promise<Read> {
    try {
      return await this.#read(give);
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      throw new Rejected(`${this.#range.key} can't be read as Parquet: ${error.message}`, { cause: error });
    }
  }

  async #read(give: Give): Promise<Read> {
    const { cut, footer } = await this.#cut();
    const { from, to, begin, end, rows } = cut;
    // Without a row there is no command.
    if (rows > 0) await give(magic);
    let crc = 0;
    let at = from;
    for await (const bytes of this.#bytes(from, to)) {
      if (at === 0) beginsRight(bytes);
      const ours = bytes.subarray(Math.max(begin - at, 0), Math.max(end - at, 0));
      const given = ours.length > 0 ? give(ours) : undefined;
      crc = crc32(bytes, crc);
      await given;
      at += bytes.length;
    }
    if (rows > 0) for (const block of footer) await give(block);
    return { from, to, records: rows, crc32: crc };
  }

  async #cut() {
    const { size } = this.#range;
    let tail = Buffer.alloc(0);
    for await (const bytes of this.#bytes(size - Math.min(size, tailBytes), size))
      tail = Buffer.concat([tail, bytes]);
    const begin = footerAt(size, tail);
    const end = size - tailBytes;
    const cutter = new FooterCutter(this.#range, begin, end - begin);
    // To go through it takes longer than to read it: several ranges at once would only wait.
    for await (const bytes of this.#bytes(begin, end, 1)) cutter.push(bytes);
    const { cut, footer } = cutter.end();
    this.middle = cut.middle;
    if (cut.middle === undefined)
      this.indivisible = `its one row group has ${cut.end - cut.begin} bytes, and is not cut: give commands more memory, or write smaller row groups`;
    return { cut, footer };
  }

  #bytes(from: number, to: number, parallel?: number): AsyncGenerator<Uint8Array> {
    const { objects, reading, timers } = this.#deps;
    const how = { ...reading, ...(parallel && { parallel }) };
    return bytesBetween({ of: rangedOf(objects, this.#range), signal: this.#signal, how, timers }, from, to);
  }

  async header(): Promise<undefined> {
    return undefined;
  }
}

function beginsRight(bytes: Uint8Array): void {
  const first = bytes.subarray(0, magic.length);
  if (!magic.equals(first))
    throw new Rejected(`it begins with ${shown(first)}, not with PAR1: it is broken, or no Parquet file`);
}
