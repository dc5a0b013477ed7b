/**
 * A worker over a file of this machine, in a process of its own: `node test/bench/file-alone.ts FILE CHUNK_BYTES NTH OF COMMAND…` works at
 * each `OF`th chunk, from the `NTH` on, its table, queue and results in memory. Its line is what the command said, added up.
 */
import { open } from 'node:fs/promises';
import { MemoryChunkQueue, MemoryChunks } from '#adapters/memory/chunks.ts';
import { MemoryJobObjects } from '#adapters/memory/job-objects.ts';
import type { DatasetObject } from '#core/jobs/dataset.ts';
import { chunksOf, planChunks } from '#core/jobs/plan.ts';
import { JobSpec } from '#core/jobs/spec.ts';
import type { Reading } from '../../worker/ranges.ts';
import { timers } from '../../worker/timers.ts';
import { work } from '../../worker/worker.ts';
import { OwnRunner } from '../worker/own-runner.ts';

const [file = '', chunkBytes = '', nth = '', of = '', ...command] = process.argv.slice(2);
const input = await open(file);
/** Nothing is asked for over a network: what is read at once stays in the processor's cache. */
const reading: Reading = { rangeBytes: 512 * 1024, parallel: 3 };

class FileObjects extends MemoryJobObjects {
  override async fill(_object: DatasetObject, from: number, into: Uint8Array): Promise<number> {
    return (await input.read(into, 0, into.length, from)).bytesRead;
  }
}

const spec = JobSpec.parse({
  job: 'bench',
  input: { bucket: 'input' },
  results: { bucket: 'results', prefix: 'jobs/' },
  command,
  records: { kind: 'lines' },
});
const plan = planChunks({
  objects: [{ key: 'a', size: (await input.stat()).size, etag: '"e"' }],
  records: spec.records,
  compression: spec.compression,
  chunkBytes: Number(chunkBytes),
});
const objects = new FileObjects();
const queue = new MemoryChunkQueue(Date.now);
await queue.send(
  chunksOf(plan)
    .filter(({ id }) => Number(id) % Number(of) === Number(nth))
    .map((chunk) => ({ job: spec.job, chunk })),
);
const log = { info: () => undefined, warn: console.error, error: console.error };
const rest = { log, reading, timers, runner: new OwnRunner(), now: Date.now, idleSeconds: 1 };
await work(
  {
    spec,
    objects,
    queue,
    chunks: new MemoryChunks(),
    isWanted: async () => true,
    tables: () => Promise.reject(new Error('this job has no database')),
    ...rest,
  },
  new AbortController().signal,
);
const said = [...objects.results.values()].reduce((sum, output) => sum + Number(output), 0);
process.stdout.write(`${said}\n`);
