/** A worker with everything in memory but the command, which is a real process. */
import { MemoryChunkQueue, MemoryChunks } from '#adapters/memory/chunks.ts';
import { MemoryJobObjects } from '#adapters/memory/job-objects.ts';
import type { ChunkState } from '#core/jobs/chunk.ts';
import { chunksOf, planChunks } from '#core/jobs/plan.ts';
import { JobSpec } from '#core/jobs/spec.ts';
import type * as z from '#core/zod.ts';
import { passOver } from '#lambdas/jobs/quotes.ts';
import type { CommandRunner } from '../../worker/runner.ts';
import { timers } from '../../worker/timers.ts';
import { type WorkerDeps, work } from '../../worker/worker.ts';
import { OwnRunner } from './own-runner.ts';

const specOf = (more: Partial<z.input<typeof JobSpec>> = {}): JobSpec =>
  JobSpec.parse({
    job: 'j1',
    input: { bucket: 'input' },
    results: { bucket: 'results', prefix: 'jobs/j1/' },
    records: { kind: 'lines' },
    command: ['cat'],
    ...more,
  });

export class WorkerWorld {
  readonly chunks = new MemoryChunks();
  readonly queue = new MemoryChunkQueue(() => this.now());
  readonly objects = new MemoryJobObjects();
  readonly stop = new AbortController();
  readonly lines: string[] = [];
  readonly spec: JobSpec;
  /** How far the clock is ahead. */
  ahead = 0;
  readonly runner: CommandRunner;
  tables: WorkerDeps['tables'] = () => Promise.reject(new Error('this job has no database'));
  files: WorkerDeps['files'];
  reading = { rangeBytes: 100_000, parallel: 3 };

  constructor(more: Partial<z.input<typeof JobSpec>> = {}, runner: CommandRunner = new OwnRunner()) {
    this.runner = runner;
    this.spec = specOf(more);
  }

  readonly now = (): number => Date.now() + this.ahead;

  deps(): WorkerDeps {
    const say = (message: string) => void this.lines.push(message);
    return {
      spec: this.spec,
      chunks: this.chunks,
      queue: this.queue,
      objects: this.objects,
      log: { info: say, warn: say, error: (message, error) => say(`${message}: ${error}`) },
      runner: this.runner,
      isWanted: async () => true,
      tables: this.tables,
      ...(this.files && { files: this.files }),
      reading: this.reading,
      timers,
      now: this.now,
      idleSeconds: 1,
    };
  }

  async enqueue(texts: Readonly<Record<string, string | Buffer>>, chunkBytes: number): Promise<void> {
    const objects = Object.entries(texts).map(([key, text]) => this.objects.put(key, Buffer.from(text)));
    const { records, compression } = this.spec;
    const plan = planChunks({ objects, records, compression, chunkBytes });
    const quoted = records.kind === 'csv' ? await (await passOver(this.objects, plan)).run() : [];
    const chunks = chunksOf(plan, 0, (number) => quoted[number] ?? false);
    await this.queue.send(chunks.map((chunk) => ({ job: this.spec.job, chunk })));
  }

  /** Until nothing is visible in the queue. */
  work(): Promise<void> {
    return work(this.deps(), this.stop.signal);
  }

  async states(): Promise<ChunkState[]> {
    const states: ChunkState[] = [];
    for await (const state of this.chunks.list('j1')) states.push(state);
    return states;
  }

  /** The committed output, in the order of the input. */
  async output(): Promise<string> {
    const parts = (await this.states()).flatMap(({ chunk, parts }) =>
      parts.map((part) => ({ key: chunk.key, ...part })),
    );
    parts.sort((a, b) => (a.key === b.key ? a.from - b.from : a.key < b.key ? -1 : 1));
    return parts.map(({ output }) => String(this.objects.results.get(output?.key ?? '') ?? '')).join('');
  }
}
