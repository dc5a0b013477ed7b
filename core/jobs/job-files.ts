/** What lies beside a job's results: which objects it read, and what became of each chunk. A line of JSON each. */
import type { TeamName } from '../names.ts';
import * as z from '../zod.ts';
import { ChunkFailure, type ChunkState, isOfObject, isOfRows, Part } from './chunk.ts';
import { ListedObject } from './dataset.ts';
import type { AnyChunk } from './plan.ts';
import { type JobKey, resultsBelow } from './slots.ts';
import { Snapshot } from './sql/snapshot.ts';
import { KeyRange, KeyTuple, QuerySource, SqlSource } from './sql/table.ts';

/** @param folder with `/` at its end. */
export const filesBelow = (folder: string) =>
  ({
    plan: `${folder}plan.ndjson`,
    /** Of CSV: the numbers of chunks that begin between quotes. */
    quoted: `${folder}quoted.ndjson`,
    manifest: `${folder}manifest.ndjson`,
  }) as const;

/** What was found of a team's CSV, for the next job over the same. */
export const quotesBelow = (team: TeamName): string => `quotes/${team}/`;

export const filesOf = (job: JobKey) => filesBelow(resultsBelow(job));

const cut = {
  /** Of the key's columns, in the database's words. */
  types: z.array(z.string()),
  chunks: z.int().check(z.positive()),
  /** Of the table on the database's disk, or of what the query gives. */
  bytes: z.int().check(z.nonnegative()),
  /** Of which it is, and all its chunks are, where the job asked for one. */
  snapshot: z.optional(Snapshot),
};
/** The first line of the plan of a table, or a query. Behind it is a line for each bound between two chunks: the key's values. */
export const RowPlan = z.union([
  z.object({ ...SqlSource.shape, ...cut }),
  z.object({ ...QuerySource.shape, ...cut }),
]);
export type RowPlan = z.infer<typeof RowPlan>;

/** Of a plan: an object that is read, or what rows are read of, and the bounds that they are cut at. */
export const PlanLine = z.union([ListedObject, KeyTuple, RowPlan]);

export const ManifestLine = z.object({
  chunk: z.string(),
  /** Of the object, or the table. */
  key: z.string(),
  /** Of the chunk in its object; which records are its own, its parts say. */
  start: z.optional(z.int()),
  end: z.optional(z.int()),
  /** Of a table's key. */
  range: z.optional(KeyRange),
  /** `waiting` and `leased` in the manifest of a job that was cancelled, or given up. */
  state: z.enum(['waiting', 'leased', 'committed', 'failed', 'halved']),
  attempts: z.int(),
  parts: z.array(Part),
  failure: z.optional(ChunkFailure),
});
export type ManifestLine = z.infer<typeof ManifestLine>;

/** Of its object, or of its table's key; a step has none. */
export function extentOf(chunk: AnyChunk): Pick<ManifestLine, 'start' | 'end' | 'range'> {
  if (isOfObject(chunk)) return { start: chunk.start, end: chunk.end };
  return isOfRows(chunk) ? { range: chunk.range } : {};
}

export function manifestLine({ chunk, state, attempts, parts, lastFailure }: ChunkState): ManifestLine {
  const failure = lastFailure && state !== 'committed' && { failure: lastFailure };
  return { chunk: chunk.id, key: chunk.key, ...extentOf(chunk), state, attempts, parts, ...failure };
}
