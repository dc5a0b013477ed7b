/** A worker of a data job from its environment on. SIGTERM, which is also a spot interruption's, gives the chunk in hand back at once. */
import { readFile } from 'node:fs/promises';
import { ChunkItems } from '#adapters/aws/chunk-items.ts';
import { SqsChunkQueue } from '#adapters/aws/chunk-queue.ts';
import { S3JobObjects } from '#adapters/aws/job-objects.ts';
import { tablesOf } from '#adapters/aws/job-tables.ts';
import { makeLog } from '#adapters/log.ts';
import { parse, parseJson } from '#core/errors.ts';
import { JobSpec } from '#core/jobs/spec.ts';
import { filesIn } from './chunk-file.ts';
import { hasNativeCrc32 } from './crc32.ts';
import { Env } from './env.ts';
import { reading } from './ranges.ts';
import type { CommandRunner } from './runner.ts';
import { timers } from './timers.ts';
import { wantedOf } from './wanted.ts';
import { work } from './worker.ts';

/** @param runnerFor where commands run, once something can run there. */
export async function startWorker(runnerFor: (stop: AbortSignal) => Promise<CommandRunner>): Promise<void> {
  const env = parse(Env, process.env, "the worker's environment");
  const spec = parseJson(JobSpec, await readFile(env.JOB_FILE, 'utf8'), env.JOB_FILE);
  const stopping = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stopping.abort(name));
  const log = makeLog({ service: 'worker', known: () => ({ job: spec.job, slot: env.SLOT_NUMBER }) });
  if (!hasNativeCrc32) log.info('checksums by zlib', { why: 'its image has no binding for this processor' });
  const runner = await runnerFor(stopping.signal);
  await work(
    {
      spec,
      log,
      reading,
      timers,
      runner,
      now: Date.now,
      isWanted: wantedOf(env),
      chunks: new ChunkItems(env.TABLE_NAME),
      queue: new SqsChunkQueue(env.QUEUE_URL),
      objects: new S3JobObjects({
        results: spec.results.bucket,
        ...('bucket' in spec.input && { input: spec.input.bucket }),
      }),
      tables: tablesOf,
      ...(env.CHUNK_FOLDER !== undefined && { files: filesIn(env.CHUNK_FOLDER) }),
      slot: env.SLOT_NUMBER,
      idleSeconds: env.IDLE_SECONDS,
    },
    stopping.signal,
  );
  log.info('ended', {
    why:
      stopping.signal.reason ??
      (runner.gone ? 'its commands have no container any more' : 'no chunk came, or it is one too many'),
  });
}
