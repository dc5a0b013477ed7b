/** What lies beside a job's results: which objects it read, and what became of each chunk. A line of JSON each. */
import * as z from '../zod.ts';
import { ChunkFailure, type ChunkState, isOfObject, Part } from './chunk.ts';

export const filesOf = (job: string) =>
  ({
    plan: `jobs/${job}/plan.ndjson`,
    /** Of CSV: the numbers of chunks that begin between quotes. */
    quoted: `jobs/${job}/quoted.ndjson`,
    manifest: `jobs/${job}/manifest.ndjson`,
  }) as const;

export const ManifestLine = z.object({
  chunk: z.string(),
  /** Of the object, or the table. */
  key: z.string(),
  /** Of the chunk in its object; which records are its own, its parts say. */
  start: z.optional(z.int()),
  end: z.optional(z.int()),
  /** `waiting` and `leased` in the manifest of a job that was cancelled, or given up. */
  state: z.enum(['waiting', 'leased', 'committed', 'failed', 'halved']),
  attempts: z.int(),
  parts: z.array(Part),
  failure: z.optional(ChunkFailure),
});
export type ManifestLine = z.infer<typeof ManifestLine>;

export function manifestLine({ chunk, state, attempts, parts, lastFailure }: ChunkState): ManifestLine {
  const range = isOfObject(chunk) && { start: chunk.start, end: chunk.end };
  const failure = lastFailure && state !== 'committed' && { failure: lastFailure };
  return { chunk: chunk.id, key: chunk.key, ...range, state, attempts, parts, ...failure };
}
