/** From a dataset to chunks in a queue: its objects are listed and pinned once, and their chunks are sent portion by portion. */
import { Rejected } from '#core/errors.ts';
import { DatasetObject } from '#core/jobs/dataset.ts';
import type { Job, JobEvent } from '#core/jobs/job.ts';
import { filesOf } from '#core/jobs/job-files.ts';
import { locationOf } from '#core/jobs/location.ts';
import { type Chunk, chunksOf, type Plan, planChunks } from '#core/jobs/plan.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import { chunkBytesOf } from '#core/jobs/request.ts';
import type { JobsDeps } from './deps.ts';
import { readLines, writeLines } from './files.ts';

/** What one look sends: some seconds' work, after which a cancelled job is heard of. */
const portion = 50_000;
/** Calls of SQS side by side. */
const lanes = 8;

/** Lists, plans, keeps what was listed, and makes the queue. */
export async function list({ datasets, objects, queues }: JobsDeps, job: Job): Promise<JobEvent> {
  try {
    const found: DatasetObject[] = [];
    for await (const object of datasets.objects(locationOf(job.request.dataset))) found.push(object);
    const { chunks, bytes } = planOf(job, found);
    await writeLines(objects, filesOf(job.name).plan, found);
    await queues.make(job.name);
    return { kind: 'listed', chunks, bytes };
  } catch (error) {
    if (!(error instanceof InputFailed || error instanceof Rejected)) throw error;
    return { kind: 'unreadable', reason: error.message };
  }
}

/** @throws Rejected for what no job can read. */
function planOf({ request }: Job, objects: readonly DatasetObject[]): Plan {
  const { records, compression } = request;
  const chunkBytes = chunkBytesOf(request);
  const long = objects.find(({ size }) => size > chunkBytes);
  // Whether a chunk begins between quotes, all before it says: a pass over the whole that nobody makes yet.
  if (records.kind === 'csv' && compression === 'none' && long) {
    const detail = `${long.key} has ${long.size} bytes, and a CSV with line feeds in quotes is read in one piece, of ${chunkBytes} bytes here.`;
    throw new Rejected(
      `${detail} Where no field has a line feed, ask for records of kind lines with a header; else make chunkMiB as large as the object, 1024 at most.`,
    );
  }
  return planChunks({ objects, records, compression, chunkBytes });
}

export async function send(
  { objects, queues }: JobsDeps,
  job: Extract<Job, { phase: 'sending' }>,
): Promise<JobEvent> {
  const listed: DatasetObject[] = [];
  for await (const object of readLines(objects, filesOf(job.name).plan, DatasetObject)) listed.push(object);
  const plan = planOf(job, listed);
  const upTo = Math.min(job.sent + portion, plan.chunks);
  const queue = queues.at(await queues.make(job.name));
  const messages = some(chunksOf(plan, job.sent), upTo - job.sent).map((chunk) => ({ job: job.name, chunk }));
  // They take from one iterator in turn.
  await Promise.all(Array.from({ length: lanes }, () => queue.send(unended(messages))));
  return { kind: 'sent', upTo };
}

const some = (chunks: Generator<Chunk>, count: number) => chunks.take(count);

/** For a lane that is done, or has failed, must not end it for the others. */
function* unended<T>(iterator: Iterator<T>): Generator<T> {
  for (let next = iterator.next(); !next.done; next = iterator.next()) yield next.value;
}
