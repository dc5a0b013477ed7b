/**
 * From a table to chunks in a queue. This stage is outside of the networks that databases are in: a worker finds where the table is
 * cut, as the job's first chunk, and what it wrote down is kept as the job's plan.
 */

import { readLines, writeLines } from '#adapters/json-lines.ts';
import type { ChunkState } from '#core/jobs/chunk.ts';
import type { Job } from '#core/jobs/job.ts';
import type { JobEvent } from '#core/jobs/job-event.ts';
import { filesOf, RowPlan } from '#core/jobs/job-files.ts';
import { chunkBytesOf, inputText } from '#core/jobs/request.ts';
import { type KeyChunk, type KeyRange, KeyTuple } from '#core/jobs/sql/table.ts';
import { planning } from '#core/jobs/steps.ts';
import * as z from '#core/zod.ts';
import type { JobsDeps } from './deps.ts';
import { sideBySide } from './lanes.ts';

/** @returns nothing while a worker is at it. */
export async function listTable(deps: JobsDeps, job: Job): Promise<readonly JobEvent[]> {
  const known = await deps.chunks.read(job.name, planning);
  if (known?.state === 'failed') return [{ kind: 'unreadable', reason: known.lastFailure.message }];
  // Who holds the snapshot that it is of has not ended its step.
  if (known?.state === 'committed' || known?.handOver) return [await taken(deps, job, known)];
  await askForPlan(deps, job);
  return known?.away === undefined ? [] : [{ kind: 'database-away', why: known.away }];
}

/** Once, and again where the message was lost: one too many finds that it is done. */
async function askForPlan({ queues }: JobsDeps, job: Job): Promise<void> {
  const queue = queues.at(await queues.make(job.name));
  if (((await queues.messages(job.name)) ?? 0) > 0) return;
  const chunk = { id: planning, key: inputText(job.request), chunkBytes: chunkBytesOf(job.request) } as const;
  await queue.send([{ job: job.name, chunk }]);
}

async function taken({ objects }: JobsDeps, job: Job, { parts }: ChunkState): Promise<JobEvent> {
  const written = parts[0]?.output?.key;
  if (written === undefined) throw new Error(`${job.name} has a plan that nobody wrote`);
  let first: RowPlan | undefined;
  const lines = async function* () {
    for await (const line of readLines(objects, written, Line)) {
      if (first === undefined && 'types' in line) first = line;
      yield line;
    }
  };
  await writeLines(objects, filesOf(job).plan, lines());
  if (first === undefined) throw new Error(`${written} does not say what was cut`);
  return { kind: 'listed', chunks: first.chunks, bytes: first.bytes };
}

const Line = z.union([KeyTuple, RowPlan]);

/** Those from one number on, up to another. */
export async function sendRows(
  { objects, queues }: Pick<JobsDeps, 'objects' | 'queues'>,
  job: Job,
  from: number,
  upTo: number,
): Promise<void> {
  let known: Pick<KeyChunk, 'types' | 'snapshot'> = { types: [] };
  let after: KeyTuple | null = null;
  let number = 0;
  const ranges: { readonly number: number; readonly range: KeyRange }[] = [];
  const cut = (bound: KeyTuple | null) => {
    if (number >= from && number < upTo) ranges.push({ number, range: { after, upTo: bound } });
    after = bound;
    number += 1;
  };
  for await (const line of readLines(objects, filesOf(job).plan, Line)) {
    if ('types' in line) known = { types: line.types, ...(line.snapshot && { snapshot: line.snapshot }) };
    else cut(line);
    if (number >= upTo) break;
  }
  // Behind the last bound.
  cut(null);
  const key = inputText(job.request);
  const messages = ranges.map(({ number, range }) => {
    const chunk: KeyChunk = { id: String(number), key, ...known, range };
    return { job: job.name, chunk };
  });
  const queue = queues.at(await queues.make(job.name));
  await sideBySide(messages.values(), (own) => queue.send(own));
}
