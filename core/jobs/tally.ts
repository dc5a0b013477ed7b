/**
 * How far a job is, in sums that each write of a chunk carries on: nobody has to read a million chunks to say it. What a write
 * adds is the difference of two states, so whatever comes twice or is refused adds nothing.
 */
import * as z from '../zod.ts';
import type { ChunkState } from './chunk.ts';
import { isStep } from './steps.ts';

const count = z.int();
/** Sums over chunks. A fresh chunk, which is stored nowhere, adds nothing. */
export const Tally = z.object({
  leased: count,
  committed: count,
  failed: count,
  /** Each goes on as two chunks, which no plan had. */
  halved: count,
  /** Open ones that were given back last because a database was not in reach. */
  away: z._default(count, 0),
  /** Of the input: what has a result, checkpoints included. */
  bytes: count,
  records: count,
  outputBytes: count,
  /** Of commands, added up over all workers: what it cost. */
  milliseconds: count,
});
export type Tally = z.infer<typeof Tally>;

export const emptyTally: Tally = {
  leased: 0,
  committed: 0,
  failed: 0,
  halved: 0,
  away: 0,
  bytes: 0,
  records: 0,
  outputBytes: 0,
  milliseconds: 0,
};
const fields = z.keyof(Tally).options;

/** A step is nothing of the input. */
export function tallyOf({ chunk, state, parts, away }: ChunkState): Tally {
  if (isStep(chunk)) return emptyTally;
  const sum = (of: (part: ChunkState['parts'][number]) => number) =>
    parts.reduce((total, part) => total + of(part), 0);
  return {
    leased: Number(state === 'leased'),
    committed: Number(state === 'committed'),
    failed: Number(state === 'failed'),
    halved: Number(state === 'halved'),
    away: Number(away !== undefined),
    bytes: sum(({ from, to }) => to - from),
    records: sum(({ records }) => records),
    outputBytes: sum(({ output }) => output?.bytes ?? 0),
    milliseconds: sum(({ milliseconds }) => milliseconds),
  };
}

const each = (of: (field: keyof Tally) => number): Tally =>
  Tally.parse(Object.fromEntries(fields.map((field) => [field, of(field)])));

export const plus = (a: Tally, b: Tally): Tally => each((field) => a[field] + b[field]);

/** What a write adds. */
export function added(before: ChunkState | undefined, after: ChunkState): Tally {
  const had = before === undefined ? emptyTally : tallyOf(before);
  const has = tallyOf(after);
  return each((field) => has[field] - had[field]);
}

export interface Progress {
  /** Halves counted: what was halved is settled, and its halves are two more. */
  readonly chunks: number;
  readonly settled: number;
  readonly open: number;
}

export function progressOf({ committed, failed, halved }: Tally, planned: number): Progress {
  const chunks = planned + 2 * halved;
  const settled = committed + failed + halved;
  return { chunks, settled, open: chunks - settled };
}

/** Sums stand in several items, for a thousand workers write to them, and DynamoDB refuses of two transactions on one item the later. */
const sumItems = 16;

/** The same for each write of a chunk. Halves stand where what they are halves of does. */
export const sumOf = (id: string): string => String(Number.parseInt(id, 10) % sumItems).padStart(2, '0');
