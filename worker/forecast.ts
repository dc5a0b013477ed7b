/**
 * Blocks of many streams that are merged. Of each stream the block that is read is held, and of all together a few more are on their way:
 * of those whose block is the first to end. Which that is the last line of it says (Knuth, The Art of Computer Programming, vol. 3,
 * 5.4.9, "forecasting"). With two blocks of each, half of all memory waited for its turn.
 */
import type { Block } from '#core/jobs/block.ts';
import { filled, Pool, type Ranged } from './ranges.ts';
import type { Timers } from './timers.ts';

export interface Forecasting {
  readonly blockBytes: number;
  /** So many are on their way before they are asked for, at most. */
  readonly ahead: number;
  /** Which of two lines comes first: less than 0 for the first of them. */
  readonly compare: (a: Uint8Array, b: Uint8Array) => number;
  readonly signal: AbortSignal;
  readonly timers: Timers;
}

interface Stream {
  readonly of: Ranged;
  /** Up to where. */
  asked: number;
  readonly coming: Promise<Block>[];
  /** Of the block that came last, while it is held and none is on its way behind it. */
  last?: Uint8Array | undefined;
}

const lineFeed = 10;

/** The last line that ends in these bytes, whole; where it began before them, the beginning of the one behind it, as far as it is there. */
export function lastLineOf(bytes: Uint8Array): Uint8Array {
  const end = bytes.lastIndexOf(lineFeed);
  const begin = end > 0 ? bytes.lastIndexOf(lineFeed, end - 1) : -1;
  const isCut = begin === -1 && end + 1 < bytes.length;
  return isCut ? bytes.subarray(end + 1) : bytes.subarray(begin + 1, Math.max(end, 0));
}

export class Forecast {
  readonly #how: Forecasting;
  readonly #streams: readonly Stream[];
  readonly #pool: Pool;
  /** Streams of which no block came yet: before all are there nothing is known of whose is the first to end. */
  #notBegun: number;
  #ahead = 0;

  constructor(streams: readonly Ranged[], how: Forecasting) {
    this.#how = how;
    this.#streams = streams.map((of) => ({ of, asked: 0, coming: [] }));
    this.#notBegun = streams.filter(({ size }) => size > 0).length;
    this.#pool = new Pool(streams.length + how.ahead, how.blockBytes);
  }

  /** In order. A block is to be given back before the next one is asked for: there is one for each stream, and those ahead. */
  async *blocksOf(place: number): AsyncGenerator<Block> {
    const stream = this.#streams[place];
    while (stream !== undefined && (stream.coming.length > 0 || stream.asked < stream.of.size)) {
      const coming = stream.coming.shift();
      if (coming) this.#ahead -= 1;
      const block = await (coming ?? this.#ask(stream));
      this.#lookAhead();
      yield block;
    }
  }

  end(): void {
    this.#pool.end();
  }

  async #ask(stream: Stream): Promise<Block> {
    const from = stream.asked;
    stream.asked = Math.min(from + this.#how.blockBytes, stream.of.size);
    stream.last = undefined;
    const { bytes, release } = await filled({ ...this.#how, of: stream.of }, this.#pool, from, stream.asked);
    const last = lastLineOf(bytes);
    stream.last = last;
    if (from === 0) this.#notBegun -= 1;
    const given = () => {
      if (stream.last === last) stream.last = undefined;
      release();
    };
    return { bytes, release: given };
  }

  #lookAhead(): void {
    while (this.#notBegun === 0 && this.#ahead < this.#how.ahead) {
      const stream = this.#firstToEnd();
      if (stream === undefined) return;
      this.#ahead += 1;
      const coming = this.#ask(stream);
      stream.coming.push(coming);
      // Its reader comes to what failed in its turn.
      coming.then(
        () => this.#lookAhead(),
        () => undefined,
      );
    }
  }

  #firstToEnd(): Stream | undefined {
    let first: { readonly stream: Stream; readonly last: Uint8Array } | undefined;
    for (const stream of this.#streams) {
      const { last, asked, of } = stream;
      if (last === undefined || asked >= of.size) continue;
      if (first === undefined || this.#how.compare(last, first.last) < 0) first = { stream, last };
    }
    return first?.stream;
  }
}
