/**
 * Which records of an object a chunk has. Of every offset `b` there is one cut: the end of the first delimiter that
 * begins at `b` or later; of 0 it is 0, of the size the size. A chunk is what lies between the cuts of its start and of its
 * end, so chunks that touch have every record once, and a plan needs no look into the data. (Dask's `read_bytes` cuts so.)
 */
import { unreachable } from '../errors.ts';
import type { Records } from './dataset.ts';
import type { Chunk } from './plan.ts';
import { type Ends, endsOf, nonePassed, type Passed } from './record-ends.ts';

export type Range = Pick<Chunk, 'size' | 'start' | 'end' | 'aligned' | 'quoted' | 'scanFrom'>;

/** A record that is larger than the job allows: the chunk can't work, and a person has to know where it is. */
export class RecordTooLarge extends Error {
  override readonly name = 'RecordTooLarge';
  readonly offset: number;

  constructor(offset: number, limit: number) {
    super(`the record at offset ${offset} is larger than ${limit} bytes`);
    this.offset = offset;
  }
}

/** The last record of fixed ones is short. */
export class RecordCutOff extends Error {
  override readonly name = 'RecordCutOff';
}

/** Takes an object's bytes from `readFrom` on, block after block, and gives back those of the chunk. */
export interface Cutter {
  readonly readFrom: number;
  /** What lies before it is surely read; what lies behind may be needed to the end of the last record. */
  readonly readTo: number;
  /** The part of the block that is the chunk's: blocks are never copied. */
  push(block: Uint8Array): Uint8Array;
  /** Nothing more is needed, or there is nothing more. */
  readonly done: boolean;
  /** The object has ended. */
  end(): void;
  readonly found: Found;
}

interface Found {
  readonly records: number;
  /** Where the chunk's bytes were, the end not included. Equal where it has none. */
  readonly from: number;
  readonly to: number;
}

export function cutterOf(range: Range, records: Records, limit: number): Cutter {
  switch (records.kind) {
    case 'fixed':
      return new FixedCutter(range, records.width);
    case 'lines':
    case 'delimited':
    case 'csv':
      return new DelimitedCutter(range, endsOf(records, range.quoted), limit);
    case 'parquet':
      throw new Error('where row groups are, a footer says: core/jobs/parquet/cut.ts');
    default:
      return unreachable(records);
  }
}

/** What a decompressor gives: one chunk, whose size nobody knows before its end. */
export const wholeStream: Range = {
  size: Number.MAX_SAFE_INTEGER,
  start: 0,
  end: Number.MAX_SAFE_INTEGER,
  aligned: true,
  quoted: false,
  scanFrom: 0,
};

const nothing = new Uint8Array(0);

class DelimitedCutter implements Cutter {
  readonly readFrom: number;
  readonly readTo: number;
  done = false;
  readonly #range: Range;
  readonly #ends: Ends;
  readonly #limit: number;
  #at: number;
  /** Where the chunk's first record begins, as soon as that is known. */
  #from: number | undefined;
  #to: number;
  #recordAt: number;
  #records = 0;

  constructor(range: Range, ends: Ends, limit: number) {
    this.#range = range;
    this.#ends = ends;
    this.#limit = limit;
    this.readFrom = range.scanFrom;
    this.readTo = range.end;
    this.#at = range.scanFrom;
    this.#from = range.aligned ? range.start : undefined;
    this.#to = range.start;
    this.#recordAt = range.start;
    this.done = isEmpty(range, ends.length);
  }

  get found(): Found {
    const from = this.#from ?? this.#range.start;
    return { records: this.#records, from, to: Math.max(from, this.#to) };
  }

  push(block: Uint8Array): Uint8Array {
    if (this.done) return nothing;
    const base = this.#at;
    let begin = this.#from === undefined ? -1 : 0;
    this.#ends.take(block);
    for (let end = this.#ends.next(); end !== 0; end = this.#ends.next()) {
      const delimiterAt = base + end - this.#ends.length;
      if (delimiterAt < this.#range.start) continue;
      if (this.#from === undefined) {
        // The first one ends a record of the chunk before; beyond our end it ends one that is not ours either.
        if (delimiterAt >= this.#range.end) return this.#finish(nothing);
        this.#from = base + end;
        begin = end;
      } else if (this.#close(base + end) && delimiterAt >= this.#range.end) {
        return this.#finish(block.subarray(begin, end));
      }
      const passed = this.#pass(block, this.#range.end - base);
      this.#records += passed.count;
      this.#to = base + Math.max(end, passed.end);
      this.#recordAt = this.#to;
    }
    this.#at = base + block.length;
    if (begin < 0) {
      // No record begins within our range: a long one of a chunk before covers it.
      const beyond = this.#at >= this.#range.end + this.#ends.length - 1;
      return beyond ? this.#finish(nothing) : nothing;
    }
    if (this.#at - this.#recordAt > this.#limit) throw new RecordTooLarge(this.#recordAt, this.#limit);
    return begin === 0 ? block : block.subarray(begin);
  }

  /** All records at once that end before our last one does: none that lies in a block is larger than that. */
  #pass({ length }: Uint8Array, before: number): Passed {
    return length > this.#limit ? nonePassed : this.#ends.pass(Math.min(before, length));
  }

  end(): void {
    if (this.done) return;
    if (this.#from !== undefined && this.#at > this.#recordAt) this.#close(this.#at);
    this.done = true;
  }

  #close(end: number): true {
    if (end - this.#recordAt > this.#limit) throw new RecordTooLarge(this.#recordAt, this.#limit);
    this.#records += 1;
    this.#to = end;
    return true;
  }

  #finish(last: Uint8Array): Uint8Array {
    this.done = true;
    return last;
  }
}

/** Behind a delimiter that begins within the range a record of ours begins, even where that is at the range's end. */
function isEmpty({ start, end, size, aligned }: Range, delimiterBytes: number): boolean {
  if (!aligned || start === 0) return start >= end;
  return start >= size || start - delimiterBytes >= end;
}

/** Where records are is known: nothing is looked at. */
class FixedCutter implements Cutter {
  readonly readFrom: number;
  readonly readTo: number;
  readonly #width: number;
  #at: number;

  constructor({ start, end, size }: Range, width: number) {
    const cut = (offset: number) => Math.min(Math.ceil(offset / width) * width, size);
    this.#width = width;
    this.readFrom = cut(start);
    this.readTo = cut(end);
    this.#at = this.readFrom;
  }

  get done(): boolean {
    return this.#at >= this.readTo;
  }

  get found(): Found {
    const records = Math.ceil((this.#at - this.readFrom) / this.#width);
    return { records, from: this.readFrom, to: this.#at };
  }

  push(block: Uint8Array): Uint8Array {
    const ours = block.subarray(0, this.readTo - this.#at);
    this.#at += ours.length;
    return ours;
  }

  end(): void {
    const short = this.#at % this.#width;
    if (short !== 0)
      throw new RecordCutOff(
        `the last record, at offset ${this.#at - short}, has ${short} of ${this.#width} bytes`,
      );
  }
}
