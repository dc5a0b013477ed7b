/** From a dataset to chunks in a queue: its objects are listed and pinned once, and their chunks are sent portion by portion. */

import { readLines, writeLines } from '#adapters/json-lines.ts';
import { Rejected } from '#core/errors.ts';
import { DatasetObject, isData, type ListedObject, type Records } from '#core/jobs/dataset.ts';
import type { Job } from '#core/jobs/job.ts';
import type { JobEvent } from '#core/jobs/job-event.ts';
import { filesOf } from '#core/jobs/job-files.ts';
import { type Location, locationOf } from '#core/jobs/location.ts';
import { type Chunk, chunksOf, type Plan } from '#core/jobs/plan.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import { hasQuotes, inputOf, type JobInput, planOf, readsRows } from '#core/jobs/request.ts';
import * as z from '#core/zod.ts';
import type { JobsDeps } from './deps.ts';
import { sideBySide } from './lanes.ts';
import { passesBefore } from './passes-before.ts';
import { passOver } from './quotes.ts';
import { resultsOf } from './results.ts';
import { listTable, sendRows } from './tables.ts';

/** What one look sends: some seconds' work, after which a cancelled job is heard of. */
const portion = 50_000;

/** What one function reads before its time is over, with room to spare. */
const mostPassBytes = 8 * 2 ** 30;

/** What is known of the input, where something is known of it by now. */
export async function list(deps: JobsDeps, job: Job): Promise<readonly JobEvent[]> {
  const input = inputOf(job.request);
  if (input.kind === 'rows') return listTable(deps, job);
  return [await listObjects(deps, job, objectsOf(deps, job, input))];
}

/** Where they are, and each as it is now. */
interface Listed {
  readonly bucket: string;
  readonly found: AsyncIterable<DatasetObject>;
}

function objectsOf(
  deps: JobsDeps,
  { team, request }: Job,
  input: Exclude<JobInput, { kind: 'rows' }>,
): Listed {
  if (input.kind === 'results')
    return { bucket: deps.place.bucket, found: resultsOf(deps, { team, name: input.job }) };
  const location = locationOf(input.dataset);
  return { bucket: location.bucket, found: dataOf(deps, request.records, location) };
}

/** Below a prefix there may be what is none: markers, and indexes of who wrote it. */
async function* dataOf(
  { datasets }: JobsDeps,
  records: Records,
  location: Location,
): AsyncGenerator<ListedObject> {
  for await (const object of datasets.objects(location))
    if (!location.isPrefix || isData(records, object.key.slice(location.key.length))) yield object;
}

/** Lists, plans, keeps what was listed, and makes the queue. */
async function listObjects(deps: JobsDeps, job: Job, listed: Listed): Promise<JobEvent> {
  const { objects, queues } = deps;
  try {
    const found: ListedObject[] = [];
    for await (const object of listed.found) found.push(object);
    const plan = planOf(job.request, found);
    const passBytes = await passQuotes(deps, job, listed.bucket, plan);
    await writeLines(objects, filesOf(job).plan, found);
    await queues.make(job.name);
    return { kind: 'listed', chunks: plan.chunks, bytes: plan.bytes, passBytes };
  } catch (error) {
    if (!(error instanceof InputFailed || error instanceof Rejected)) throw error;
    return { kind: 'unreadable', reason: error.message };
  }
}

/** Whether a chunk of CSV begins between quotes, all before it says. @returns how much was read for it. */
async function passQuotes(
  { input, objects }: JobsDeps,
  job: Job,
  bucket: string,
  plan: Plan,
): Promise<number> {
  if (!hasQuotes(job.request)) return 0;
  const pass = await passOver(input(bucket), plan, passesBefore(objects, job.team, bucket));
  if (pass.bytes > mostPassBytes) {
    const detail = `CSV with line feeds in quotes is read once over before it is cut, and this has ${pass.bytes} bytes to read: ${mostPassBytes} at most.`;
    throw new Rejected(
      `${detail} Where no field has a line feed, ask for records of kind lines with a header; else make several datasets of it; what was read over once is not read again.`,
    );
  }
  const quoted = await pass.run();
  const numbers = quoted.flatMap((is, number) => (is ? [number] : []));
  await writeLines(objects, filesOf(job).quoted, numbers);
  return pass.bytes;
}

async function isQuoted({ objects }: JobsDeps, job: Job): Promise<(number: number) => boolean> {
  if (!hasQuotes(job.request)) return () => false;
  const numbers = new Set<number>();
  for await (const number of readLines(objects, filesOf(job).quoted, z.int())) numbers.add(number);
  return (number) => numbers.has(number);
}

export async function send(deps: JobsDeps, job: Extract<Job, { phase: 'sending' }>): Promise<JobEvent> {
  if (!readsRows(job.request)) return sendObjects(deps, job);
  const upTo = Math.min(job.sent + portion, job.chunks);
  await sendRows(deps, job, job.sent, upTo);
  return { kind: 'sent', upTo };
}

async function sendObjects(deps: JobsDeps, job: Extract<Job, { phase: 'sending' }>): Promise<JobEvent> {
  const { objects, queues } = deps;
  const listed: DatasetObject[] = [];
  for await (const object of readLines(objects, filesOf(job).plan, DatasetObject)) listed.push(object);
  const plan = planOf(job.request, listed);
  const upTo = Math.min(job.sent + portion, plan.chunks);
  const queue = queues.at(await queues.make(job.name));
  const chunks = chunksOf(plan, job.sent, await isQuoted(deps, job));
  const messages = some(chunks, upTo - job.sent).map((chunk) => ({ job: job.name, chunk }));
  await sideBySide(messages, (own) => queue.send(own));
  return { kind: 'sent', upTo };
}

const some = (chunks: Generator<Chunk>, count: number) => chunks.take(count);
