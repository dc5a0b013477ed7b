/** What is left to do when no worker is wanted any more, and when what failed is to run again. */

import { writeLines } from '#adapters/json-lines.ts';
import type { ChunkRules } from '#core/jobs/chunk.ts';
import { nextChunk } from '#core/jobs/chunk.ts';
import type { Job } from '#core/jobs/job.ts';
import type { JobEvent } from '#core/jobs/job-event.ts';
import { filesOf, manifestLine } from '#core/jobs/job-files.ts';
import type { ChunkStore } from '#core/jobs/ports.ts';
import { type JobKey, resultsBelow } from '#core/jobs/slots.ts';
import { progressOf, type Tally } from '#core/jobs/tally.ts';
import type { JobsDeps } from './deps.ts';

/**
 * The manifest is written when nothing can change it: each chunk has an end, or no worker is there any more. Then the queue goes,
 * and what workers that were killed had begun to upload.
 */
export async function finish(
  { chunks, objects, queues, identities }: JobsDeps,
  job: Extract<Job, { phase: 'finishing' }>,
  workersAreGone: boolean,
): Promise<readonly JobEvent[]> {
  const tally = await chunks.tally(job.name);
  const events: JobEvent[] = [{ kind: 'tallied', tally }];
  if (!job.manifest) {
    if (!workersAreGone && !isSettled(tally, job.chunks)) return events;
    await writeManifest({ chunks, objects }, job);
    events.push({ kind: 'manifest-written' });
  }
  if (!workersAreGone) return events;
  await queues.remove(job.name);
  await identities.remove(job);
  await objects.sweep(resultsBelow(job));
  return [...events, { kind: 'taken-away' }];
}

/** Of all chunks as they are now. */
export const writeManifest = (
  { chunks, objects }: Pick<JobsDeps, 'chunks' | 'objects'>,
  job: JobKey,
): Promise<void> => writeLines(objects, filesOf(job).manifest, linesOf(chunks, job.name));

const isSettled = (tally: Tally, planned: number): boolean => progressOf(tally, planned).open === 0;

async function* linesOf(chunks: Pick<ChunkStore, 'list'>, job: string) {
  for await (const state of chunks.list(job)) yield manifestLine(state);
}

/** Says nothing to who is brought back by a person, or let go. */
export const rules: ChunkRules = { leaseSeconds: 1, maxFailures: 1, halveFromBytes: 1, mayHalve: false };

/** Chunks that failed wait again; doing it twice is doing it once. */
export async function revive({ chunks, clock }: JobsDeps, { name }: Job): Promise<JobEvent> {
  for await (const state of chunks.list(name)) {
    const decision = nextChunk(state, { kind: 'retry' }, rules, clock.now());
    if (decision.outcome === 'changed') await chunks.write(decision.state, state);
  }
  return { kind: 'retried', tally: await chunks.tally(name) };
}
