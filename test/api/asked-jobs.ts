/** Data jobs asked for over the API, and brought on as the stage of jobs and its workers do it. */
import { expect } from 'vitest';
import { JobAnswer } from '#api/job-answers.ts';
import {
  type ChunkEvent,
  type ChunkFailure,
  type ChunkState,
  freshChunk,
  nextChunk,
} from '#core/jobs/chunk.ts';
import { type Job, nextJob } from '#core/jobs/job.ts';
import { jobChange } from '#core/jobs/job-change.ts';
import type { JobEvent } from '#core/jobs/job-event.ts';
import type { AnyChunk } from '#core/jobs/plan.ts';
import { JobKey } from '#core/jobs/slots.ts';
import { emptyTally } from '#core/jobs/tally.ts';
import { chunk, rules } from '../core/jobs/samples.ts';
import { rita, World } from '../lambdas/world.ts';
import { call } from './calls.ts';

export const dataset = 's3://jobs/datasets/checkout/sales/';
export const job = { dataset, command: ['wc', '-l'], parallelism: 2 };
export const at = (name: string, end = '') => `/jobs/checkout/${name}${end}`;
export const keyOf = (name: string) => JobKey.parse({ team: 'checkout', name });

export class AskedJobs {
  readonly world: World;

  constructor(world = new World()) {
    this.world = world;
  }

  async asked(parts: Record<string, unknown> = {}): Promise<JobAnswer['job']> {
    const body = { team: 'checkout', job: { ...job, ...parts } };
    const answer = await call(this.world, rita, 'POST', '/jobs', body);
    expect(answer.status).toBe(201);
    const told = JobAnswer.parse(await answer.json());
    expect(answer.headers.get('location')).toBe(`/jobs/checkout/${told.job.name}`);
    return told.job;
  }

  async got(name: string): Promise<JobAnswer> {
    const answer = await call(this.world, rita, 'GET', at(name));
    expect(answer.status).toBe(200);
    return JobAnswer.parse(await answer.json());
  }

  said = (name: string, verb: string) => call(this.world, rita, 'POST', at(name, `/${verb}`));

  async stored(name: string): Promise<Job> {
    const found = await this.world.jobs.read(keyOf(name));
    if (found === undefined) throw new Error('it was asked for');
    return found;
  }

  /** As the stage of jobs says it. */
  async brought(name: string, ...events: JobEvent[]): Promise<void> {
    const { jobs, clock } = this.world;
    for (const event of events) {
      const before = await this.stored(name);
      const decision = nextJob(before, event, clock.now());
      if (decision.outcome !== 'changed') throw new Error(JSON.stringify(decision));
      const told = { at: clock.now(), actor: 'jobs', what: decision.what, lookAfterSeconds: 15 };
      await jobs.write(jobChange(before, decision.job, told));
    }
  }

  /** As a worker says it of a chunk. */
  worked(name: string, id: string, ...events: ChunkEvent[]): Promise<void> {
    return this.#worked(name, { ...chunk, id }, events);
  }

  failed(name: string, of: AnyChunk, failure: ChunkFailure): Promise<void> {
    return this.#worked(name, of, [{ kind: 'fail', attempt: 1, failure }]);
  }

  async #worked(name: string, of: AnyChunk, events: readonly ChunkEvent[]): Promise<void> {
    const { chunks, clock } = this.world;
    let before: ChunkState | undefined;
    for (const event of [{ kind: 'lease' } as const, ...events]) {
      const given = before ?? freshChunk(name, of);
      const decision = nextChunk(given, event, { ...rules, maxFailures: 1 }, clock.now());
      if (decision.outcome !== 'changed') throw new Error(`${event.kind}: ${decision.outcome}`);
      await chunks.write(decision.state, before);
      before = decision.state;
    }
  }
}

export const running: JobEvent[] = [
  { kind: 'listed', chunks: 4, bytes: 4000 },
  { kind: 'sent', upTo: 4 },
];
export const ended: JobEvent[] = [{ kind: 'manifest-written' }, { kind: 'taken-away' }];
export const tallied = (of: Partial<typeof emptyTally>): JobEvent => ({
  kind: 'tallied',
  tally: { ...emptyTally, ...of },
});
