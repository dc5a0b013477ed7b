/** A data job with all that the stage of jobs knows of the world, in memory; workers and the cluster are played by hand. */
import { MemoryChunks } from '#adapters/memory/chunks.ts';
import { MemoryClock } from '#adapters/memory/clock.ts';
import { MemoryDemands } from '#adapters/memory/demands.ts';
import { MemoryJobObjects } from '#adapters/memory/job-objects.ts';
import { MemoryJobQueues } from '#adapters/memory/job-queues.ts';
import { MemoryJobs } from '#adapters/memory/jobs.ts';
import { MemorySlots } from '#adapters/memory/slots.ts';
import { MemoryWorkerIdentities } from '#adapters/memory/worker-identities.ts';
import { type ChunkEvent, freshChunk, nextChunk, type Part } from '#core/jobs/chunk.ts';
import { secondsHeld } from '#core/jobs/claim.ts';
import type { Database } from '#core/jobs/databases.ts';
import { askedJob, type Job, nextJob } from '#core/jobs/job.ts';
import { jobChange } from '#core/jobs/job-change.ts';
import type { JobEvent } from '#core/jobs/job-event.ts';
import type { AnyChunk } from '#core/jobs/plan.ts';
import { heldBy, JobRequest } from '#core/jobs/request.ts';
import { resultsBelow } from '#core/jobs/slots.ts';
import { reserve } from '#core/quota.ts';
import { Quota } from '#core/usage.ts';
import type { JobsDeps } from '#lambdas/jobs/deps.ts';
import { jobs } from '#lambdas/jobs/jobs.ts';
import type { Handle } from '#lambdas/runtime/queue.ts';
import { jobKey, part, rules } from '../core/jobs/samples.ts';

const MiB = 2 ** 20;
export const key = jobKey();
const folder = resultsBelow(key);
export const files = { plan: `${folder}plan.ndjson`, manifest: `${folder}manifest.ndjson` };

export const database: Database = {
  name: 'orders',
  secret: 'checkout/orders',
  network: '10.20.0.0/16',
  port: 5432,
};

export class JobWorld {
  readonly clock = new MemoryClock('2026-01-05T10:00:00.000Z');
  readonly jobs = new MemoryJobs();
  readonly chunks = new MemoryChunks();
  readonly queues = new MemoryJobQueues();
  readonly objects = new MemoryJobObjects();
  readonly slots = new MemorySlots();
  readonly identities = new MemoryWorkerIdentities();
  readonly demands = new MemoryDemands();
  readonly handle: Handle;

  /** @param change what of the world is otherwise, in calls of this stage alone. */
  constructor(change: (deps: JobsDeps) => Partial<JobsDeps> = () => ({})) {
    const deps: JobsDeps = {
      jobs: this.jobs,
      chunks: this.chunks,
      queues: this.queues,
      datasets: this.objects,
      input: () => this.objects,
      objects: this.objects,
      slots: this.slots,
      identities: this.identities,
      demands: this.demands,
      sharing: () => undefined,
      place: { table: 't', bucket: 'results', registry: 'registry.example' },
      database: (team, name) => (team === key.team && name === database.name ? database : undefined),
      clock: this.clock,
    };
    this.handle = jobs({ ...deps, ...change(deps) });
  }

  /** As the API writes it. */
  async ask(parts: Record<string, unknown> = {}): Promise<void> {
    const at = this.clock.now();
    const request = JobRequest.parse({
      ...(!('table' in parts || 'query' in parts) && { dataset: 's3://lake/datasets/' }),
      command: ['cat'],
      parallelism: 2,
      chunkMiB: 1,
      ...parts,
    });
    const asked = askedJob({ ...key, requester: 'alice', at, cluster: 'main', request });
    const ledger = reserve(await this.jobs.ledger(key.team), Quota.parse({}), key.name, heldBy(request));
    if ('outcome' in ledger) throw new Error(ledger.detail);
    const change = jobChange(undefined, asked, { at, actor: 'alice', what: 'asked', lookAfterSeconds: 0 });
    await this.jobs.write(change, { ledger });
  }

  /** A person's word, as the API says it. */
  async say(event: JobEvent): Promise<void> {
    const job = await this.job();
    const decision = nextJob(job, event, this.clock.now());
    if (decision.outcome !== 'changed') throw new Error(JSON.stringify(decision));
    const at = this.clock.now();
    const told = { at, actor: 'bob', what: decision.what, lookAfterSeconds: secondsHeld(job, at) };
    await this.jobs.write(jobChange(job, decision.job, told));
  }

  async look(afterSeconds = 0): Promise<Job> {
    this.clock.advance(afterSeconds);
    await this.handle({ kind: 'look', environment: key });
    return this.job();
  }

  async job(): Promise<Job> {
    const job = await this.jobs.read(key);
    if (job === undefined) throw new Error('it was asked for');
    return job;
  }

  get queue() {
    return this.queues.at(`https://sqs.example/getschwifty-${key.name}`);
  }

  /** Each message by a worker that takes it, says this of it, and removes it. @returns the chunks. */
  async work(
    event: (id: string) => ChunkEvent = () => ({ kind: 'commit', part: part(1) }),
  ): Promise<string[]> {
    const done: string[] = [];
    for (;;) {
      const delivery = await this.queue.receive(0, new AbortController().signal);
      if (delivery === undefined) return done;
      const { chunk } = delivery.message;
      done.push(chunk.id);
      const before = (await this.chunks.read(key.name, chunk.id)) ?? freshChunk(key.name, chunk);
      const leased = nextChunk(before, { kind: 'lease' }, rules, this.clock.now());
      if (leased.outcome === 'changed') {
        await this.chunks.write(leased.state, before.version === 0 ? undefined : before);
        const said = event(chunk.id);
        const attempt = leased.state.attempts;
        const own = 'part' in said ? { ...said, part: { ...said.part, attempt } } : { ...said, attempt };
        const after = nextChunk(leased.state, own, { ...rules, maxFailures: 1 }, this.clock.now());
        if (after.outcome === 'changed') await this.chunks.write(after.state, leased.state);
      }
      await this.queue.remove(delivery.receipt);
    }
  }

  /**
   * The step of the job that waits in its queue, by the worker that takes it: it says this, and its message is gone.
   * @param output where it wrote; without it the step fails, with these words.
   */
  async step(output: (chunk: AnyChunk) => Part['output'], failure?: string): Promise<AnyChunk> {
    const delivery = await this.queue.receive(0, new AbortController().signal);
    if (delivery === undefined) throw new Error('no message');
    const { chunk } = delivery.message;
    const fresh = freshChunk(key.name, chunk);
    const event: ChunkEvent =
      failure === undefined
        ? { kind: 'commit', part: { ...part(1, 0, 50), output: output(chunk) } }
        : { kind: 'fail', attempt: 1, failure: { kind: 'input', message: failure } };
    let state = fresh;
    for (const said of [{ kind: 'lease' } as const, event]) {
      const decision = nextChunk(state, said, rules, this.clock.now());
      if (decision.outcome !== 'changed') throw new Error(decision.outcome);
      await this.chunks.write(decision.state, state === fresh ? undefined : state);
      state = decision.state;
    }
    await this.queue.remove(delivery.receipt);
    return chunk;
  }

  /** The cluster's stage has seen to what is wanted. @param refused of the namespace, by the cluster. */
  async seen(refused?: string): Promise<void> {
    const wanted = await this.slots.wanted(key);
    const before = await this.slots.seen(key);
    if (wanted === undefined) throw new Error('nothing is wanted');
    const namespace = wanted.phase === 'ending' && refused === undefined ? 'gone' : 'there';
    const seen = { ...key, cluster: 'main', version: (before?.version ?? 0) + 1, at: this.clock.now() };
    await this.slots.see(
      { ...seen, wanted: wanted.version, namespace, slots: [], ...(refused && { refused }) },
      true,
    );
  }

  lines(file: keyof typeof files): unknown[] {
    const text = this.objects.results.get(files[file])?.toString() ?? '';
    return text
      .split('\n')
      .filter(Boolean)
      .map((line): unknown => JSON.parse(line));
  }

  said = async () => (await this.jobs.audit(key, 100)).map(({ what }) => what);
}

/** Two objects: three chunks and two. */
export function fill(of: JobWorld): void {
  of.objects.put('datasets/a', Buffer.alloc(2.5 * MiB));
  of.objects.put('datasets/b', Buffer.alloc(2 * MiB));
  of.objects.put('other/c', Buffer.alloc(9 * MiB));
}
