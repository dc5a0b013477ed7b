/**
 * Records of a seekable zstd file, by its frames: a chunk's frames are read and unpacked, and of those behind them as much as its last
 * record needs. Each frame is unpacked by one chunk, or by two where a record lies over their border.
 */
import { usedUp } from '#adapters/used-up.ts';
import { Rejected } from '#core/errors.ts';
import type { Chunk } from '#core/jobs/plan.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import { type Cutter, cutterOf } from '#core/jobs/records.ts';
import {
  type FramesCut,
  footerBytes,
  framesCutOf,
  mustFill,
  type SeekTable,
  seekTableOf,
  tableAt,
} from '#core/jobs/seek-table.ts';
import { crc32 } from './crc32.ts';
import type { Feed, Give, Read } from './feed.ts';
import { asInput, type ObjectDeps } from './object-feed.ts';
import { blocksOf, bytesBetween, keptBytesOf, rangedOf, type Source } from './ranges.ts';
import { plainOf } from './zstd.ts';

/** What most tables are shorter than: read at once. */
const lastBytes = 64 * 1024;
/** Of compressed bytes: read along with the chunk, for the end of its last record. */
const tailBytes = 64 * 1024;

export class FramesFeed implements Feed {
  readonly #deps: ObjectDeps;
  readonly #range: Chunk;
  readonly #signal: AbortSignal;
  #table: SeekTable | undefined;
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

  /** What is covered, and its checksum, are of the object's own bytes; the records are of what is in them. */
  async read(give: Give): Promise<Read> {
    const table = await this.#seekTable();
    const cut = framesCutOf(table, this.#range);
    this.middle = cut.middle;
    if (cut.middle === undefined)
      this.indivisible =
        'it is one frame, which is not cut: give commands more memory, or write smaller frames';
    const own = new Own(cut.from, cut.to);
    const records = cut.first < cut.end ? await this.#records(table, cut, own, give) : 0;
    // The table is nobody's record; and somebody's byte.
    for await (const _ of own.counted(bytesBetween(this.#source, own.at, cut.to)));
    return { from: cut.from, to: cut.to, records, crc32: own.crc32 };
  }

  async #records(table: SeekTable, cut: FramesCut, own: Own, give: Give): Promise<number> {
    const { plain } = table;
    const [start, end, size] = [plain[cut.first] ?? 0, plain[cut.end] ?? 0, plain.at(-1) ?? 0];
    const cutter = this.#cutter({ start, end, size });
    const bytes = own.counted(this.#bytes(cut.from, cut.to + tailBytes));
    await this.#unpack({ table, first: cut.first, surely: cut.end, bytes }, cutter, give);
    cutter.end();
    return cutter.found.records;
  }

  /** From a frame on, to whom it takes, until they need no more. */
  async #unpack({ table, first, surely, bytes }: Unpacked, cutter: Cutter, give: Give): Promise<void> {
    let frame = first;
    let at = table.plain[first] ?? 0;
    try {
      const plain = plainOf({
        bytes,
        from: table.begins[first] ?? 0,
        ended: (length) => this.#mustBe(table, frame++, length),
      });
      for await (const block of plain) {
        // Fixed records may begin behind a frame's beginning.
        const ours = cutter.push(block.subarray(Math.min(Math.max(cutter.readFrom - at, 0), block.length)));
        at += block.length;
        if (ours.length > 0) await give(ours);
        usedUp(block);
        if (cutter.done && frame >= surely) break;
      }
    } catch (error) {
      throw asInput(error, this.#range.key, 'zstd');
    }
  }

  /** Where records are follows from the table: one that is wrong would lose some of them, or have them twice. */
  #mustBe({ plain }: SeekTable, frame: number, length: number): void {
    if (frame + 1 >= plain.length) return;
    const told = (plain[frame + 1] ?? 0) - (plain[frame] ?? 0);
    if (length !== told)
      throw new InputFailed(
        `${this.#range.key}: in frame ${frame} are ${length} bytes, and its table says ${told}: it is of another file`,
      );
  }

  async #seekTable(): Promise<SeekTable> {
    if (this.#table) return this.#table;
    const { size, key } = this.#range;
    try {
      const held = Math.max(0, size - lastBytes);
      const last = await this.#all(held, size);
      const begin = tableAt(size, last.subarray(-footerBytes));
      const table = seekTableOf(begin < held ? await this.#all(begin, size) : last.subarray(begin - held));
      mustFill(table, begin);
      this.#table = table;
      return table;
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      throw new Rejected(`${key} can't be read by its frames: ${error.message}`, { cause: error });
    }
  }

  async header(): Promise<Buffer | undefined> {
    if (!this.#deps.spec.header) return undefined;
    const table = await this.#seekTable();
    if (table.plain[framesCutOf(table, this.#range).first] === 0) return undefined;
    const cutter = this.#cutter({ start: 0, end: 1, size: table.plain.at(-1) ?? 0 });
    const parts: Buffer[] = [];
    const bytes = this.#bytes(0, tailBytes);
    await this.#unpack({ table, first: 0, surely: 0, bytes }, cutter, async (ours) => {
      parts.push(Buffer.from(ours));
    });
    cutter.end();
    if (cutter.found.records !== 1)
      throw new InputFailed(`${this.#range.key} begins with an empty record, not with a header`);
    return Buffer.concat(parts);
  }

  #cutter(place: { readonly start: number; readonly end: number; readonly size: number }): Cutter {
    const { records, recordBytes } = this.#deps.spec;
    const isFirst = place.start === 0;
    return cutterOf(
      { ...place, aligned: isFirst, quoted: false, scanFrom: place.start },
      records,
      recordBytes,
    );
  }

  get #source(): Source {
    const { objects, reading: how, timers } = this.#deps;
    return { of: rangedOf(objects, this.#range), signal: this.#signal, how, timers };
  }

  async #all(from: number, to: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const bytes of bytesBetween(this.#source, from, to)) parts.push(Buffer.from(bytes));
    return Buffer.concat(parts);
  }

  /** From there on for as long as somebody asks; each block is its reader's to keep. */
  #bytes(from: number, surely: number): AsyncGenerator<Uint8Array> {
    return keptBytesOf(blocksOf(this.#source, from, surely));
  }
}

interface Unpacked {
  readonly table: SeekTable;
  /** The frame that the bytes begin with. */
  readonly first: number;
  /** All before this one are unpacked whole, whatever their reader needs: what they hold is compared. */
  readonly surely: number;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The checksum of the chunk's own bytes, as they pass: those behind them are read for a record's end. */
class Own {
  at: number;
  crc32 = 0;
  readonly #to: number;

  constructor(from: number, to: number) {
    this.at = from;
    this.#to = to;
  }

  async *counted(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const block of bytes) {
      const ours = block.subarray(0, Math.max(this.#to - this.at, 0));
      this.crc32 = crc32(ours, this.crc32);
      this.at += block.length;
      yield block;
    }
  }
}
