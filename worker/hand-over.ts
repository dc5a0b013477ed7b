/** Brings a chunk's results to the table that the job names: once, however often it is tried, by whomever. */
import { Retryable } from '#core/errors.ts';
import type { ChunkState, Part } from '#core/jobs/chunk.ts';
import { InputFailed, type JobObjects } from '#core/jobs/ports.ts';
import type { JobSpec } from '#core/jobs/spec.ts';
import type { SqlTables } from '#core/jobs/sql/ports.ts';
import { crc32 } from './crc32.ts';
import { PartFailed } from './failure.ts';

export interface HandOverDeps {
  readonly objects: Pick<JobObjects, 'result'>;
  readonly tables: (secret: string) => Promise<SqlTables>;
}

/** @throws PartFailed where the table does not take them. */
export async function handOver(
  deps: HandOverDeps,
  target: NonNullable<JobSpec['target']>,
  { job, chunk, parts }: ChunkState,
  signal: AbortSignal,
): Promise<void> {
  const { secret, table, format } = target;
  try {
    const tables = await deps.tables(secret);
    const rows = resultsOf(deps.objects, parts, signal);
    await tables.splice({ job, chunk: chunk.id, target: table, format }, rows, signal);
  } catch (error) {
    if (!(error instanceof InputFailed)) throw error;
    throw new PartFailed({ kind: 'target', message: error.message.slice(0, 1000) });
  }
}

/** One after the other, as they were written: the table must not get other bytes than the manifest says. */
async function* resultsOf(objects: HandOverDeps['objects'], parts: readonly Part[], signal: AbortSignal) {
  for (const { output } of parts) {
    if (output === undefined) continue;
    let crc = 0;
    for await (const bytes of await objects.result(output.key, signal)) {
      crc = crc32(bytes, crc);
      yield bytes;
    }
    if (crc !== output.crc32) throw new Retryable(`${output.key} is not what was written there`);
  }
}
