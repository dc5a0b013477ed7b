/** Brings a job's results together: a worker does it, from the manifest, which is written before. */
import type { Job } from '#core/jobs/job.ts';
import type { JobEvent } from '#core/jobs/job-event.ts';
import { reduceId } from '#core/jobs/reduce.ts';
import type { JobsDeps } from './deps.ts';
import { writeManifest } from './end.ts';

/** @returns nothing while a worker is at it. */
export async function reduce(
  deps: JobsDeps,
  job: Extract<Job, { phase: 'reducing' }>,
): Promise<readonly JobEvent[]> {
  const { chunks, queues } = deps;
  const id = reduceId(job.turn);
  const known = await chunks.read(job.name, id);
  if (known?.state === 'committed') return [{ kind: 'reduced', result: known.parts[0]?.output }];
  if (known?.state === 'failed') return [{ kind: 'not-reduced', reason: known.lastFailure.message }];
  const queue = queues.at(await queues.make(job.name));
  // Asked for once, and again where the message was lost: one too many finds that it is done.
  if (((await queues.messages(job.name)) ?? 0) > 0) return [];
  await writeManifest(deps, job);
  await queue.send([{ job: job.name, chunk: { id, key: 'results' } }]);
  return [];
}
