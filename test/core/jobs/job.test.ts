/** A job from its request to its end, step by step; then whatever comes in any order: nothing ends twice, and nothing runs that may not. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { askedJob, Job, nextJob } from '#core/jobs/job.ts';
import type { JobEvent } from '#core/jobs/job-event.ts';
import { chunkBytesOf, holdersOf, JobRequest } from '#core/jobs/request.ts';
import { emptyTally, type Tally } from '#core/jobs/tally.ts';
import { slotsOf } from '#core/jobs/wanted-slots.ts';
import { jobKey } from './samples.ts';

const at = '2026-07-01T10:00:00.000Z';
const later = '2026-07-01T11:00:00.000Z';
const asked = askedJob({
  ...jobKey(),
  requester: 'alice',
  at,
  cluster: 'main',
  request: JobRequest.parse({
    dataset: 's3://lake/datasets/sales.ndjson',
    command: ['wc', '-l'],
    parallelism: 4,
    toleratedFailures: 1,
  }),
});
const tally = (more: Partial<Tally>): Tally => ({ ...emptyTally, ...more });
const listed: JobEvent = { kind: 'listed', chunks: 10, bytes: 1000 };
const sentAll: JobEvent = { kind: 'sent', upTo: 10 };
const tallied = (more: Partial<Tally>): JobEvent => ({ kind: 'tallied', tally: tally(more) });
const by = 'bob';

/** @throws where one changes nothing. */
const brought = (...events: readonly JobEvent[]): Job =>
  events.reduce<Job>((job, event) => {
    const decision = nextJob(job, event, later);
    if (decision.outcome !== 'changed') throw new Error(`${event.kind}: ${JSON.stringify(decision)}`);
    return Job.parse(decision.job);
  }, asked);
const outcome = (job: Job, event: JobEvent) => nextJob(job, event, later);

describe('step by step', () => {
  it('is listed, sent, run, told of and taken away', () => {
    expect(brought(listed)).toMatchObject({ phase: 'sending', chunks: 10, bytes: 1000, sent: 0, version: 2 });
    expect(brought(listed, { kind: 'sent', upTo: 4 })).toMatchObject({ phase: 'sending', sent: 4 });
    expect(brought(listed, sentAll)).toMatchObject({ phase: 'running' });
    const done = brought(listed, sentAll, tallied({ committed: 10 }));
    expect(done).toMatchObject({ phase: 'finishing', outcome: 'succeeded', manifest: false });
    expect(outcome(done, { kind: 'taken-away' })).toEqual({ outcome: 'unchanged' });
    const ended = brought(
      listed,
      sentAll,
      tallied({ committed: 10 }),
      { kind: 'manifest-written' },
      { kind: 'taken-away' },
    );
    expect(ended).toMatchObject({ phase: 'ended', outcome: 'succeeded', since: later, version: 6 });
    expect(ended).not.toHaveProperty('manifest');
  });

  it('of nothing succeeds at once; what can not be read fails, and says why', () => {
    expect(brought({ kind: 'listed', chunks: 0, bytes: 0 })).toMatchObject({
      phase: 'finishing',
      outcome: 'succeeded',
    });
    expect(brought({ kind: 'unreadable', reason: 'access denied' })).toMatchObject({
      phase: 'finishing',
      outcome: 'failed',
      reason: 'access denied',
    });
  });

  it('is done where its workers were done before it heard that all was sent', () => {
    const early = brought(listed, { kind: 'sent', upTo: 9 }, tallied({ committed: 10 }));
    expect(early).toMatchObject({ phase: 'sending' });
    expect(nextJob(early, sentAll, later)).toMatchObject({
      job: { phase: 'finishing', outcome: 'succeeded' },
    });
  });

  it('waits for the halves of what was halved', () => {
    expect(brought(listed, sentAll, tallied({ committed: 9, halved: 1 }))).toMatchObject({
      phase: 'running',
    });
    expect(brought(listed, sentAll, tallied({ committed: 11, halved: 1 }))).toMatchObject({
      phase: 'finishing',
      outcome: 'succeeded',
    });
  });

  it('bears as many failed chunks as it says, and gives up with one more, what is done being kept', () => {
    const borne = brought(listed, sentAll, tallied({ committed: 9, failed: 1 }));
    expect(borne).toMatchObject({ outcome: 'succeeded', reason: '1 chunk failed, as may be.' });
    const over = brought(listed, sentAll, tallied({ committed: 3, failed: 2 }));
    expect(over).toMatchObject({
      phase: 'finishing',
      outcome: 'failed',
      reason: '2 chunks failed; 1 may.',
      tally: { committed: 3 },
    });
    // A worker that was at it has the last word, until the manifest is written.
    expect(nextJob(over, tallied({ committed: 4, failed: 2 }), later)).toMatchObject({
      job: { tally: { committed: 4 } },
    });
  });

  it('is paused and resumed wherever it is, and cancelled once', () => {
    const paused = brought(listed, { kind: 'pause', by }, sentAll);
    expect(paused).toMatchObject({ phase: 'running', paused: true });
    expect(slotsOf(paused)).toEqual({ phase: 'paused', slots: 0 });
    expect(outcome(paused, { kind: 'pause', by })).toEqual({ outcome: 'unchanged' });
    const gone = brought(listed, { kind: 'cancel', by });
    expect(gone).toMatchObject({ phase: 'finishing', outcome: 'cancelled', reason: 'by bob' });
    expect(outcome(gone, { kind: 'cancel', by: 'eve' })).toEqual({ outcome: 'unchanged' });
    expect(outcome(gone, { kind: 'resume', by })).toMatchObject({ outcome: 'refused' });
    const done = brought(listed, sentAll, tallied({ committed: 10 }));
    expect(outcome(done, { kind: 'cancel', by })).toEqual({
      outcome: 'refused',
      why: 'It has succeeded: there is nothing to cancel.',
    });
  });

  it('runs again what failed, and nothing else, when it has ended', () => {
    const events = [listed, sentAll, tallied({ committed: 7, failed: 3 })];
    const retry: JobEvent = { kind: 'retry', by };
    expect(outcome(brought(...events), retry)).toMatchObject({ outcome: 'refused' });
    const over = [{ kind: 'manifest-written' }, { kind: 'taken-away' }] as const;
    const retrying = brought(...events, ...over, retry);
    expect(retrying).toMatchObject({ phase: 'retrying' });
    expect(retrying).not.toHaveProperty('outcome');
    expect(slotsOf(retrying)).toEqual({ phase: 'ending', slots: 0 });
    expect(outcome(retrying, { kind: 'cancel', by })).toMatchObject({ outcome: 'changed' });
    expect(outcome(retrying, { kind: 'pause', by })).toMatchObject({ outcome: 'refused' });
    const again = nextJob(retrying, { kind: 'retried', tally: tally({ committed: 7 }) }, later);
    expect(again).toMatchObject({ job: { phase: 'sending', sent: 0 }, what: '3 chunks run again' });
    const whole = brought(listed, sentAll, tallied({ committed: 10 }), ...over);
    expect(outcome(whole, retry)).toMatchObject({ outcome: 'refused' });
  });

  it('runs again with more memory and the same chunks, where that is asked for, and never with less', () => {
    const over = [{ kind: 'manifest-written' }, { kind: 'taken-away' }] as const;
    const ended = brought(listed, sentAll, tallied({ committed: 7, failed: 3 }), ...over);
    const with_ = (memoryMiB: number) => outcome(ended, { kind: 'retry', by, memoryMiB });
    const { resources, ...request } = ended.request;
    const chunkBytes = chunkBytesOf(ended.request);
    const more = with_(4 * resources.memoryMiB);
    if (more.outcome !== 'changed') throw new Error(JSON.stringify(more));
    expect(more.what).toBe(`retried by ${by}, with ${4 * resources.memoryMiB} MiB for each command`);
    expect(more.job.request).toEqual({
      ...request,
      chunkMiB: chunkBytes / 2 ** 20,
      resources: { ...resources, memoryMiB: 4 * resources.memoryMiB },
    });
    expect(chunkBytesOf(more.job.request)).toBe(chunkBytes);
    expect(with_(resources.memoryMiB)).toMatchObject({ job: { request: ended.request } });
    expect(with_(resources.memoryMiB - 1)).toMatchObject({ outcome: 'refused' });
    const again = (memoryMiB: number) => outcome(more.job, { kind: 'retry', by, memoryMiB });
    expect(again(4 * resources.memoryMiB)).toEqual({ outcome: 'unchanged' });
    expect(again(8 * resources.memoryMiB)).toMatchObject({
      outcome: 'refused',
      why: expect.stringMatching(/retried already, with/),
    });
    const gzip = { ...ended, request: { ...ended.request, compression: 'gzip' as const } };
    const packed = outcome(gzip, { kind: 'retry', by, memoryMiB: 1024 });
    expect(packed.outcome === 'changed' && packed.job.request).not.toHaveProperty('chunkMiB');
  });

  it('sends all again when its queue was empty for a while though chunks are open', () => {
    const running = brought(listed, sentAll, tallied({ committed: 3 }));
    const seen = (job: Job, messages: number, now: string) => {
      const decision = nextJob(job, { kind: 'queue-seen', messages }, now);
      return decision.outcome === 'changed' ? decision.job : job;
    };
    const empty = seen(running, 0, '2026-07-01T11:00:00.000Z');
    expect(empty).toMatchObject({ phase: 'running', emptySince: '2026-07-01T11:00:00.000Z' });
    expect(seen(empty, 0, '2026-07-01T11:01:59.000Z')).toBe(empty);
    expect(seen(empty, 2, '2026-07-01T11:01:59.000Z')).not.toHaveProperty('emptySince');
    const sent = seen(empty, 0, '2026-07-01T11:02:00.000Z');
    expect(sent).toMatchObject({ phase: 'sending', sent: 0, tally: { committed: 3 } });
    expect(sent).not.toHaveProperty('emptySince');
  });

  it('wants no more workers than it has chunks for', () => {
    expect(slotsOf(asked)).toEqual({ phase: 'paused', slots: 0 });
    expect(slotsOf(brought(listed))).toEqual({ phase: 'running', slots: 0 });
    expect(slotsOf(brought(listed, { kind: 'sent', upTo: 2 }))).toEqual({ phase: 'running', slots: 2 });
    expect(slotsOf(brought(listed, sentAll))).toEqual({ phase: 'running', slots: 4 });
    expect(slotsOf(brought(listed, sentAll, tallied({ committed: 7, leased: 3 })))).toMatchObject({
      slots: 3,
    });
    expect(slotsOf(brought(listed, { kind: 'cancel', by }))).toEqual({ phase: 'ending', slots: 0 });
  });
});

const some = fc.integer({ min: 0, max: 12 });
const anyTally = fc.record({ committed: some, failed: fc.nat(3), halved: fc.nat(2) }).map(tally);
const anyEvent: fc.Arbitrary<JobEvent> = fc.oneof(
  fc.record({ kind: fc.constant('listed' as const), chunks: some, bytes: fc.nat(5000) }),
  fc.constant<JobEvent>({ kind: 'unreadable', reason: 'no' }),
  fc.record({ kind: fc.constant('sent' as const), upTo: some }),
  fc.record({ kind: fc.constantFrom('tallied' as const, 'retried' as const), tally: anyTally }),
  fc.record({ kind: fc.constant('queue-seen' as const), messages: fc.nat(2) }),
  anyTally.map((tally): JobEvent => ({ kind: 'snapshot-lost', reason: 'gone', tally })),
  fc.record({
    kind: fc.constantFrom('pause' as const, 'resume' as const, 'cancel' as const, 'retry' as const),
    by: fc.constant(by),
  }),
  fc.constantFrom<JobEvent>(
    { kind: 'manifest-written' },
    { kind: 'taken-away' },
    { kind: 'cluster-seen', refused: 'no' },
    { kind: 'cluster-seen' },
    { kind: 'reduced', result: undefined },
    { kind: 'reduced', result: { key: 'k', bytes: 3, crc32: 1 } },
    { kind: 'not-reduced', reason: 'no' },
  ),
);

it('one that never had a chunk has nothing to retry, whatever was to become of its results', () => {
  const request = { ...asked.request, reduce: { kind: 'concatenate' as const } };
  const events: JobEvent[] = [{ kind: 'cancel', by }, { kind: 'manifest-written' }, { kind: 'taken-away' }];
  const ended = events.reduce<Job>(
    (job, event) => {
      const decision = nextJob(job, event, later);
      return decision.outcome === 'changed' ? decision.job : job;
    },
    { ...asked, request },
  );
  expect(ended.phase).toBe('ended');
  expect(outcome(ended, { kind: 'retry', by })).toMatchObject({
    outcome: 'refused',
    why: expect.stringContaining('ask for it anew'),
  });
});

const { dataset: _, ...ofAny } = asked.request;
const ofOneSnapshot = {
  ...ofAny,
  table: { database: 'orders', table: 'orders', key: ['id'], snapshot: { kind: 'job', maxSeconds: 600 } },
};

/** With its results brought together, or as they are; each chunk of its own snapshot, or all of one. */
const anyAsked = fc.tuple(fc.boolean(), fc.boolean()).map(([isReduced, isOfOne]): Job => {
  const reduce = isReduced && { reduce: { kind: 'concatenate' } };
  const request = isOfOne ? ofOneSnapshot : asked.request;
  return { ...asked, request: JobRequest.parse({ ...request, ...reduce }) };
});

describe('whatever comes, in any order, twice and late', () => {
  it('each change is the next version of what can be stored, and no end comes without a manifest', () => {
    fc.assert(
      fc.property(anyAsked, fc.array(anyEvent, { maxLength: 60 }), (first, events) => {
        let job = first;
        for (const event of events) {
          const decision = nextJob(job, event, later);
          if (decision.outcome !== 'changed') continue;
          const { job: next } = decision;
          expect(Job.parse(next)).toEqual(next);
          expect(next.version).toBe(job.version + 1);
          if (next.phase === 'ended') expect(job).toMatchObject({ phase: 'finishing', manifest: true });
          // What has an end keeps it, but for a retry.
          if (job.phase === 'finishing' || (job.phase === 'ended' && event.kind !== 'retry'))
            expect(next).toMatchObject({ outcome: job.outcome });
          job = next;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('what is said again at once changes nothing', () => {
    fc.assert(
      fc.property(anyAsked, fc.array(anyEvent, { maxLength: 40 }), anyEvent, (first, events, last) => {
        const job = [...events, last].reduce<Job>((known, event) => {
          const decision = nextJob(known, event, later);
          return decision.outcome === 'changed' ? decision.job : known;
        }, first);
        expect(nextJob(job, last, later).outcome).not.toBe('changed');
      }),
      { numRuns: 500 },
    );
  });

  it('never wants more workers than it may have, none while it is paused, and none when it is over', () => {
    fc.assert(
      fc.property(anyAsked, fc.array(anyEvent, { maxLength: 60 }), (first, events) => {
        let job = first;
        for (const event of events) {
          const decision = nextJob(job, event, later);
          if (decision.outcome === 'changed') job = decision.job;
          const { phase, slots } = slotsOf(job);
          expect(slots).toBeLessThanOrEqual(job.request.parallelism + holdersOf(job.request));
          expect(slots).toBeGreaterThanOrEqual(0);
          if (phase !== 'running') expect(slots).toBe(0);
          if (['finishing', 'ended', 'retrying'].includes(job.phase)) expect(phase).toBe('ending');
          else if ('paused' in job && job.paused) expect(phase).toBe('paused');
        }
      }),
      { numRuns: 500 },
    );
  });
});
