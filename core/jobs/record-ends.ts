/** Where records end in a stream of blocks: right behind each delimiter, also behind one that two blocks share. */
import { countByte } from './byte-count.ts';
import type { Records } from './dataset.ts';

/** Blocks are taken one after the other; of each, all ends are asked for before the next one is taken. */
export interface Ends {
  /** Bytes of the delimiter. */
  readonly length: number;
  take(block: Uint8Array): void;
  /** The offset in the block behind its next delimiter, 0 where there is none: none ends before a block's first byte. */
  next(): number;
  /** Goes past delimiters that begin before this offset, as many as it can at once; what it leaves, `next` finds. */
  pass(before: number): Passed;
}

export interface Passed {
  readonly count: number;
  /** The offset in the block behind the last one. */
  readonly end: number;
}
export const nonePassed: Passed = { count: 0, end: 0 };

export function endsOf(records: Exclude<Records, { kind: 'fixed' | 'parquet' }>, quoted: boolean): Ends {
  if (records.kind === 'csv') return new QuotedLineEnds(quoted);
  const delimiter = records.kind === 'lines' ? Buffer.of(lineFeed) : Buffer.from(records.delimiter, 'hex');
  const [only] = delimiter;
  return delimiter.length === 1 && only !== undefined ? new ByteEnds(only) : new SequenceEnds(delimiter);
}

const lineFeed = 0x0a;
const doubleQuote = 0x22;
const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

class ByteEnds implements Ends {
  readonly length = 1;
  readonly #byte: number;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(byte: number) {
    this.#byte = byte;
  }

  take(block: Uint8Array): void {
    this.#block = view(block);
    this.#at = 0;
  }

  next(): number {
    this.#at = this.#block.indexOf(this.#byte, this.#at) + 1;
    return this.#at;
  }

  pass(before: number): Passed {
    const from = this.#at;
    const last = before <= from ? -1 : this.#block.lastIndexOf(this.#byte, before - 1);
    if (last < from) return nonePassed;
    this.#at = last + 1;
    return { count: countByte(this.#block.subarray(from, this.#at), this.#byte), end: this.#at };
  }
}

/** No delimiter overlaps itself (core/jobs/dataset.ts), so at most one lies across the seam of two blocks. */
class SequenceEnds implements Ends {
  readonly length: number;
  readonly #delimiter: Buffer;
  /** The last bytes before the block, and before the next one: kept at once, for a block's memory is used again. */
  #before: Buffer = Buffer.alloc(0);
  #behind: Buffer = Buffer.alloc(0);
  #block: Buffer = Buffer.alloc(0);
  #at = 0;
  #seam = 0;

  constructor(delimiter: Buffer) {
    this.#delimiter = delimiter;
    this.length = delimiter.length;
  }

  take(block: Uint8Array): void {
    this.#block = view(block);
    this.#before = this.#behind;
    this.#behind = tail(this.#before, this.#block, this.length - 1);
    this.#at = 0;
    const seam = Buffer.concat([this.#before, this.#block.subarray(0, this.length - 1)]);
    const found = seam.indexOf(this.#delimiter);
    this.#seam = found < 0 ? 0 : found + this.length - this.#before.length;
  }

  next(): number {
    if (this.#seam > 0) {
      this.#at = this.#seam;
      this.#seam = 0;
      return this.#at;
    }
    const found = this.#block.indexOf(this.#delimiter, this.#at);
    if (found < 0) return 0;
    this.#at = found + this.length;
    return this.#at;
  }

  pass(): Passed {
    return nonePassed;
  }
}

/** The last bytes of what came so far, in memory of their own. */
function tail(before: Buffer, block: Buffer, length: number): Buffer {
  if (block.length >= length) return Buffer.from(block.subarray(block.length - length));
  const both = Buffer.concat([before, block]);
  return both.subarray(Math.max(0, both.length - length));
}

/** A doubled quote closes and opens again, so whether a line feed counts is a matter of how many quotes came before it. */
class QuotedLineEnds implements Ends {
  readonly length = 1;
  #quoted: boolean;
  #block: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(quoted: boolean) {
    this.#quoted = quoted;
  }

  take(block: Uint8Array): void {
    this.#block = block;
    this.#at = 0;
  }

  next(): number {
    const block = this.#block;
    let quoted = this.#quoted;
    for (let at = this.#at; at < block.length; at++) {
      const byte = block[at];
      if (byte === doubleQuote) quoted = !quoted;
      else if (byte === lineFeed && !quoted) {
        this.#quoted = quoted;
        this.#at = at + 1;
        return this.#at;
      }
    }
    this.#quoted = quoted;
    this.#at = block.length;
    return 0;
  }

  pass(): Passed {
    return nonePassed;
  }
}
