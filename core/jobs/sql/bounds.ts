/**
 * Where a table is cut: quantiles of a sample of its keys, which come in the key's order. So skewed and sparse keys make
 * chunks of like size, and nothing is reckoned with the keys themselves, whatever their type.
 */
import { Rejected } from '../../errors.ts';
import { maxBytes } from '../plan.ts';
import type { KeyTuple } from './table.ts';

const maxChunks = 1_000_000;

/** What the database says of the table's size. An estimate is enough: it makes chunks larger or smaller. */
export interface TableSize {
  readonly bytes: number;
  /** Of its main storage; of a query, its rows. */
  readonly pages: number;
}

/** @throws Rejected where a job can't take so much. */
export function chunksFor({ bytes }: TableSize, chunkBytes: number): number {
  if (bytes > maxBytes) throw new Rejected(`The table has ${bytes} bytes; a job reads ${maxBytes} at most.`);
  const chunks = Math.max(1, Math.ceil(bytes / chunkBytes));
  if (chunks > maxChunks)
    throw new Rejected(
      `${chunks} chunks of ${chunkBytes} bytes; a job has ${maxChunks} at most: make larger ones.`,
    );
  return chunks;
}

/** Of a sample, pages of one chunk: with 64 the size of a chunk is off by some eighth, as 1/√64. */
const mostPages = 64;
const leastPages = 8;
const samplePages = 1_000_000;

/**
 * How much of a table is looked at: neighbours on a page tell little more than one of them, so pages are what counts.
 * @returns percent of the pages, or undefined for all: a small table.
 */
export function samplePercent({ pages }: TableSize, chunks: number): number | undefined {
  const each = Math.min(mostPages, Math.max(leastPages, Math.floor(samplePages / chunks)));
  const wanted = chunks * each;
  return wanted >= pages ? undefined : (100 * wanted) / pages;
}

export interface SampledKey {
  readonly key: KeyTuple;
  /** Of the whole sample. */
  readonly length: number;
}

/** The bounds of so many chunks, from a sample in the key's order. Keeps none of it but them; fewer come of fewer keys. */
export async function* quantiles(
  sample: AsyncIterable<SampledKey>,
  chunks: number,
): AsyncGenerator<KeyTuple> {
  let seen = 0;
  let next = 1;
  let last: string | undefined;
  for await (const { key, length } of sample) {
    seen += 1;
    const due = Math.min(chunks, Math.floor((seen * chunks) / length) + 1);
    if (due <= next) continue;
    next = due;
    const said = JSON.stringify(key);
    // Behind the last key there is nothing to cut off, and one that many rows share is a bound once.
    if (seen === length || said === last) continue;
    last = said;
    yield key;
  }
}
