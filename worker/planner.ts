/** Finds where a table is cut, and writes it down beside the job's results: under a name of this attempt, which counts once it is committed. */
import type { Part } from '#core/jobs/chunk.ts';
import type { RowPlan } from '#core/jobs/job-files.ts';
import type { JobObjects } from '#core/jobs/ports.ts';
import type { Snapshot } from '#core/jobs/sql/snapshot.ts';
import type { PlanChunk } from '#core/jobs/sql/table.ts';
import { failureOf, PartFailed } from './failure.ts';
import { type RowDeps, sourceOf } from './row-feed.ts';

export interface PlannerDeps extends RowDeps {
  readonly objects: Pick<JobObjects, 'begin'>;
  readonly now: () => number;
}

/** @throws PartFailed where the table can't be cut, and anything else for what is ours or passes. */
export async function planTable(
  { spec, tables, objects, now }: PlannerDeps,
  { chunkBytes }: PlanChunk,
  attempt: number,
  signal: AbortSignal,
  snapshot?: Snapshot,
): Promise<Part> {
  const began = now();
  const { secret, source } = sourceOf(spec);
  const key = `${spec.results.prefix}plan/${attempt}`;
  const upload = objects.begin(key);
  try {
    const plan = await (await tables(secret)).plan(source, chunkBytes, signal, snapshot);
    const chunks = plan.bounds.length + 1;
    const first: RowPlan = { ...plan.source, chunks, bytes: plan.bytes, ...(snapshot && { snapshot }) };
    for (const line of [first, ...plan.bounds]) await upload.write(Buffer.from(`${JSON.stringify(line)}\n`));
    const output = { key, ...(await upload.finish()) };
    const milliseconds = Math.round(now() - began);
    return { from: 0, to: 0, records: chunks, crc32: 0, attempt, milliseconds, output };
  } catch (error) {
    await upload.abort();
    signal.throwIfAborted();
    const failure = failureOf(error);
    throw failure === undefined ? error : new PartFailed(failure);
  }
}
