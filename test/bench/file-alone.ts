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
import { reading } from '../../worker/ranges.ts';
import { timers } from '../../worker/timers.ts';
import { work } from '../../worker/worker.ts';
import { OwnRunner } from '../worker/own-runner.ts';

const [file = '', chunkBytes = '', nth = '', of = '', ...command] = process.argv.slice(2);
const readBytes = 1024 * 1024;
const input = await open(file);
const free: Buffer[] = [];

class FileObjects extends MemoryJobObjects {
  override async read(_object: DatasetObject, from: number, to: number): Promise<AsyncIterable<Uint8Array>> {
    return blocks(from, to);
  }
}

/** In memory that is used again, as the page cache gives them. */
async function* blocks(from: number, to: number): AsyncGenerator<Uint8Array> {
  const buffer = free.pop() ?? Buffer.allocUnsafeSlow(readBytes);
  for (let at = from; at < to; ) {
    const { bytesRead } = await input.read(buffer, 0, Math.min(readBytes, to - at), at);
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
  free.push(buffer);
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
