/**
 * Lines of several streams, each of them in order, in one order: of equal lines those of the earlier stream come first, so the result is
 * that of a stable sort of all. As much is in memory as one line of each stream, with the blocks that they came in.
 */
import type { Block } from './block.ts';
import { InputFailed } from './ports.ts';
import { longestMerged, type Order } from './reduce.ts';

type Compare = (a: Uint8Array, b: Uint8Array) => number;

/** A line is without its line feed, and stays as it is until the next one is asked for. */
export interface SortedLines {
  /** For people. */
  readonly name: string;
  readonly lines: AsyncIterator<Uint8Array>;
}

interface Head {
  readonly source: SortedLines;
  readonly place: number;
  line: Uint8Array;
  number: number;
}

/**
 * A line stays as it is until the next one is asked for.
 * @throws InputFailed where one is not in order: at which line of which.
 */
export async function* mergedLines(
  sources: readonly SortedLines[],
  order: Order,
): AsyncGenerator<Uint8Array> {
  const compare = comparing(order);
  const before = (a: Head, b: Head) => compare(a.line, b.line) || a.place - b.place;
  const heads: Head[] = [];
  const last = new Room(longestMerged);
  const begun = sources.map(async (source, place) => ({ source, place, first: await source.lines.next() }));
  for (const { source, place, first } of await Promise.all(begun))
    if (!first.done) insert(heads, { source, place, line: first.value, number: 1 }, before);
  for (let head = heads.pop(); head !== undefined; head = heads.pop()) {
    yield head.line;
    last.hold(head.line);
    const next = await head.source.lines.next();
    if (next.done) continue;
    head.line = next.value;
    head.number += 1;
    if (compare(last.bytes, head.line) > 0)
      throw new InputFailed(
        `${head.source.name} is not in order at its line ${head.number}: what is merged is sorted by its command (LC_ALL=C sort)`,
      );
    insert(heads, head, before);
  }
}

/** The first of all is the last of the list. */
function insert(heads: Head[], head: Head, before: (a: Head, b: Head) => number): void {
  let [low, high] = [0, heads.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = heads[middle];
    if (other !== undefined && before(head, other) < 0) low = middle + 1;
    else high = middle;
  }
  heads.splice(low, 0, head);
}

export function comparing({ field, separator }: Order): Compare {
  if (field === undefined) return Buffer.compare;
  const code = separator.charCodeAt(0);
  return (a, b) => Buffer.compare(fieldOf(a, field, code), fieldOf(b, field, code));
}

/** Empty where a line has fewer. */
function fieldOf(line: Uint8Array, field: number, separator: number): Uint8Array {
  let from = 0;
  for (let left = field; left > 1; left--) {
    const at = line.indexOf(separator, from);
    if (at === -1) return line.subarray(line.length);
    from = at + 1;
  }
  const end = line.indexOf(separator, from);
  return line.subarray(from, end === -1 ? line.length : end);
}

const lineFeed = 10;

/**
 * As SortedLines wants them: one block is held at once, at most.
 * @throws InputFailed for a line that is longer.
 */
export async function* linesOf(blocks: AsyncIterable<Block>, mostBytes: number): AsyncGenerator<Uint8Array> {
  const begun = new Begun(mostBytes);
  for await (const block of blocks) {
    const { bytes } = block;
    let from = 0;
    for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, from)) {
      yield begun.ended(bytes.subarray(from, at));
      from = at + 1;
    }
    begun.goesOn(bytes.subarray(from));
    block.release();
  }
  if (begun.isOpen) yield begun.ended(new Uint8Array(0));
}

/** A line whose beginning was in blocks before, of which nothing is held: each takes the room of the one before, and nothing waits for its collection. */
class Begun {
  readonly #mostBytes: number;
  readonly #room: Room;
  /** The line that is in the room was given. */
  #isGiven = true;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
    this.#room = new Room(mostBytes);
  }

  get isOpen(): boolean {
    return !this.#isGiven && this.#room.bytes.length > 0;
  }

  goesOn(part: Uint8Array): void {
    if (this.#isGiven) this.#room.clear();
    this.#isGiven = false;
    this.#mustFit(this.#room.bytes.length + part.length);
    this.#room.add(part);
  }

  ended(end: Uint8Array): Uint8Array {
    if (!this.isOpen) {
      this.#mustFit(end.length);
      return end;
    }
    this.goesOn(end);
    this.#isGiven = true;
    return this.#room.bytes;
  }

  #mustFit(bytes: number): void {
    if (bytes <= this.#mostBytes) return;
    const advice =
      this.#mostBytes < longestMerged ? ' with so many results: make larger chunks (chunkMiB)' : '';
    throw new InputFailed(`a line of more than ${this.#mostBytes} bytes can not be merged${advice}`);
  }
}

/** Bytes that were copied, in memory that is used again, and grows as they do. */
class Room {
  readonly #mostBytes: number;
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  hold(bytes: Uint8Array): void {
    this.clear();
    this.add(bytes);
  }

  clear(): void {
    this.#length = 0;
  }

  add(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(
        Math.max(length, Math.min(2 * this.#buffer.length, this.#mostBytes)),
      );
      larger.set(this.bytes);
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = length;
  }
}
