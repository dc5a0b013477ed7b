/**
 * How fast each worker is: from what it finished last. A run is a part of a chunk, and is written with the job's sums, in the place of an older
 * one: that is no write more, and there are as many places as an item of sums has room for within the kilobyte that a write of it costs.
 */
import { addSeconds, Instant } from '../names.ts';
import * as z from '../zod.ts';
import type { ChunkState } from './chunk.ts';
import { isStep } from './steps.ts';

const count = z.int();
export const WorkerRun = z.object({
  slot: count,
  /** When it was done. */
  at: Instant,
  bytes: count,
  records: count,
  milliseconds: count,
});
export type WorkerRun = z.infer<typeof WorkerRun>;

/** In each item of sums. So up to as many workers push out only runs of their own; of more, those are kept that came last. */
export const runPlaces = 16;
export const placeOfRun = ({ slot }: WorkerRun): number => slot % runPlaces;

/** What a write adds to them; nothing where its worker did not say which slot it has, and of steps, which read nothing of the input. */
export function addedRun(before: ChunkState | undefined, after: ChunkState): WorkerRun | undefined {
  const part = after.parts.at(before?.parts.length ?? 0);
  if (isStep(after.chunk) || part?.slot === undefined || part.at === undefined) return undefined;
  const { slot, at, from, to, records, milliseconds } = part;
  return { slot, at, bytes: to - from, records, milliseconds };
}

export const WorkerRate = z.object({
  /** Of the input, while it was at it: what it waited for between chunks is not in it. */
  bytesPerSecond: count,
  recordsPerSecond: count,
  /** When the last of them was done. */
  at: Instant,
});
export type WorkerRate = z.infer<typeof WorkerRate>;

/** Older ones say nothing of now, unless there are no others: chunks may take an hour. */
const recentSeconds = 600;

/** By slot. */
export function workerRates(runs: readonly WorkerRun[], now: Instant): ReadonlyMap<number, WorkerRate> {
  const since = addSeconds(now, -recentSeconds);
  const rates = new Map<number, WorkerRate>();
  for (const [slot, own] of Map.groupBy(runs, ({ slot }) => slot)) {
    const rate = rateOf(own, since);
    if (rate !== undefined) rates.set(slot, rate);
  }
  return rates;
}

function rateOf(runs: readonly WorkerRun[], since: Instant): WorkerRate | undefined {
  const newestFirst = runs.toSorted((a, b) => (a.at < b.at ? 1 : -1));
  const recent = newestFirst.filter(({ at }, i) => i === 0 || at >= since);
  const [newest] = recent;
  if (newest === undefined) return undefined;
  const sum = (of: (run: WorkerRun) => number) => recent.reduce((total, run) => total + of(run), 0);
  // An empty chunk may take no whole millisecond.
  const seconds =
    Math.max(
      sum(({ milliseconds }) => milliseconds),
      1,
    ) / 1000;
  return {
    bytesPerSecond: Math.round(sum(({ bytes }) => bytes) / seconds),
    recordsPerSecond: Math.round(sum(({ records }) => records) / seconds),
    at: newest.at,
  };
}
