/** What becomes of a job's results when no chunk is open any more: one worker brings them together, in the order of the input. */
import * as z from '../zod.ts';
import { Command } from './command.ts';

/** Lines in order, by their bytes, as `LC_ALL=C sort` has it: of the whole line, or of one field of it. */
export const Order = z.strictObject({
  kind: z.literal('merge'),
  /** From 1 on. */
  field: z.optional(z.int().check(z.minimum(1), z.maximum(1000))),
  separator: z._default(z.string().check(z.regex(/^[\t -~]$/, 'one character of ASCII')), '\t'),
});
export type Order = z.infer<typeof Order>;

export const Reduce = z.discriminatedUnion('kind', [
  /** One behind the other, as they are. */
  z.strictObject({ kind: z.literal('concatenate') }),
  /** So they are its input; its output is the result. */
  z.strictObject({ kind: z.literal('command'), command: Command }),
  /** What is in order within each is in order in the whole. */
  Order,
]);
export type Reduce = z.infer<typeof Reduce>;

/** Results that are merged: each is a stream of its own, and all are read at once. */
export const mostMerged = 256;

/** Of their blocks so many are on their way before they are asked for (worker/forecast.ts). */
export const mergedAhead = 8;

const KiB = 1024;
/** Of all results together: what is read of them, of each a block, and those ahead; and one line of each. */
const blocksRoom = (mostMerged + mergedAhead) * 32 * KiB;
const linesRoom = 16 * KiB * KiB;
export const longestMerged = 256 * KiB;

interface MergeRoom {
  readonly blockBytes: number;
  readonly lineBytes: number;
}

/** What each of so many may take of a worker's memory, which is the same for 2 as for 256 of them. */
export const mergeRoom = (results: number): MergeRoom => ({
  blockBytes: Math.min(KiB * KiB, Math.floor(blocksRoom / (results + mergedAhead))),
  lineBytes: Math.min(longestMerged, Math.floor(linesRoom / Math.max(results, 1))),
});

/**
 * The last chunk of such a job, and no piece of its input. Its number is another one each time that the job comes there: after
 * a retry there are other results.
 */
export const ReduceChunk = z.object({
  id: z.string().check(z.regex(/^reduce-\d{1,9}$/)),
  key: z.literal('results'),
});
export type ReduceChunk = z.infer<typeof ReduceChunk>;
export const reduceId = (turn: number): string => `reduce-${turn}`;
