/** A job whose chunks are all of one snapshot: what may be asked for, whether it is there still, and what its loss comes to. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChunkEvent, type ChunkState, freshChunk, nextChunk } from '#core/jobs/chunk.ts';
import { askedJob, type Job, nextJob } from '#core/jobs/job.ts';
import type { JobEvent } from '#core/jobs/job-event.ts';
import { heldBy, JobRequest, jobSpecOf } from '#core/jobs/request.ts';
import { slotJob } from '#core/jobs/slot-objects.ts';
import { SlotsWanted } from '#core/jobs/slots.ts';
import { snapshotLoss } from '#core/jobs/sql/held-snapshot.ts';
import { emptyTally, type Tally } from '#core/jobs/tally.ts';
import { slotsOf } from '#core/jobs/wanted-slots.ts';
import { addSeconds } from '#core/names.ts';
import { jobKey, part, rules, slotsWanted } from './samples.ts';
import { place } from './slot-samples.ts';

const at = '2026-07-01T10:00:00.000Z';
const snapshot = { kind: 'job' as const, maxSeconds: 600 };
const rows = { database: 'orders', table: 'orders', key: ['id'], snapshot };
const requestOf = (more: object = {}): JobRequest =>
  JobRequest.parse({ table: rows, command: ['cat'], ...more });
const askedFor = (more: object = {}): Job =>
  askedJob({ ...jobKey(), requester: 'alice', at, cluster: 'main', request: requestOf(more) });
const brought = (first: Job, ...events: readonly JobEvent[]): Job =>
  events.reduce<Job>((job, event) => {
    const decision = nextJob(job, event, at);
    if (decision.outcome !== 'changed') throw new Error(`${event.kind}: ${JSON.stringify(decision)}`);
    return decision.job;
  }, first);
const tally = (more: Partial<Tally>): Tally => ({ ...emptyTally, ...more });
const listed: JobEvent = { kind: 'listed', chunks: 10, bytes: 1000 };
const sentAll: JobEvent = { kind: 'sent', upTo: 10 };
const lost = (more: Partial<Tally>): JobEvent => ({
  kind: 'snapshot-lost',
  reason: "the job's snapshot is gone: its 600 s are over",
  tally: tally(more),
});
const over: JobEvent[] = [{ kind: 'manifest-written' }, { kind: 'taken-away' }];
const by = 'bob';

describe('a request', () => {
  const problems = (more: object): string[] =>
    (JobRequest.safeParse({ command: ['cat'], ...more }).error?.issues ?? []).map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    );

  it.each<[object, RegExp]>([
    [{ table: { ...rows, snapshot: { kind: 'job' } } }, /^table\.snapshot\.maxSeconds: /],
    [{ table: { ...rows, snapshot: { ...snapshot, maxSeconds: 59 } } }, /^table\.snapshot\.maxSeconds: /],
    [{ table: { ...rows, snapshot: { ...snapshot, maxSeconds: 43_201 } } }, /^table\.snapshot\.maxSeconds/],
    [{ table: { ...rows, snapshot: { ...snapshot, kind: 'chunk' } } }, /^table\.snapshot\.kind: /],
    [{ table: rows, parallelism: 1000 }, /^parallelism: 999 at most beside who holds the snapshot/],
    [{ dataset: 's3://lake/a', snapshot }, /Unrecognized key/],
  ])('of %j is refused by its field', (more, says) => {
    expect(problems(more)).toEqual([expect.stringMatching(says)]);
  });

  it('may be of a table or of a query, and its workers are told so', () => {
    const { table: _, ...place } = rows;
    const orders = { name: 'orders', secret: 's', network: '10.0.0.0/8', port: 5432 };
    for (const request of [
      requestOf(),
      requestOf({ table: undefined, query: { ...place, sql: 'SELECT 1 AS id' } }),
    ]) {
      const spec = jobSpecOf(request, jobKey(), { resultsBucket: 'results', databases: [orders] });
      expect(spec.input).toMatchObject({ secret: 's', snapshot });
      expect(spec.input).not.toHaveProperty('source.snapshot');
    }
    expect(problems({ table: rows, parallelism: 999 })).toEqual([]);
  });

  it('holds a worker more of its quota, and wants one more beside those at its chunks', () => {
    const { snapshot: _, ...without } = rows;
    const of = (table: object, parallelism: number) => heldBy(requestOf({ table, parallelism }));
    expect(of(rows, 3)).toEqual(of(without, 4));
    const running = brought(askedFor({ parallelism: 3 }), listed, sentAll);
    expect(slotsOf(askedFor())).toEqual({ phase: 'running', slots: 1 });
    expect(slotsOf(brought(askedFor(), listed))).toEqual({ phase: 'running', slots: 1 });
    expect(slotsOf(running)).toEqual({ phase: 'running', slots: 4 });
    expect(slotsOf(brought(running, { kind: 'tallied', tally: tally({ committed: 9 }) }))).toMatchObject({
      slots: 2,
    });
    const whole: JobEvent = { kind: 'tallied', tally: tally({ committed: 10 }) };
    const reducing = brought(askedFor({ reduce: { kind: 'concatenate' } }), listed, sentAll, whole);
    expect(reducing.phase).toBe('reducing');
    expect(slotsOf(reducing)).toEqual({ phase: 'running', slots: 1 });
  });
});

describe('the loss of its snapshot', () => {
  it('fails a job of which a chunk is open, with what is done kept, and says what to do', () => {
    for (const events of [[listed], [listed, sentAll]])
      expect(
        brought(askedFor({ toleratedFailures: 9 }), ...events, lost({ committed: 7, failed: 2 })),
      ).toMatchObject({
        phase: 'finishing',
        outcome: 'failed',
        reason: expect.stringContaining('its 600 s are over'),
        tally: { committed: 7 },
        manifest: false,
      });
  });

  it('is nothing to one whose chunks are all done, or that has an end', () => {
    const running = brought(askedFor({ toleratedFailures: 1 }), listed, sentAll);
    expect(brought(running, lost({ committed: 9, failed: 1 }))).toMatchObject({ outcome: 'succeeded' });
    const early = brought(askedFor(), listed, { kind: 'sent', upTo: 9 });
    expect(brought(early, lost({ committed: 10 }), sentAll)).toMatchObject({ outcome: 'succeeded' });
    for (const job of [
      askedFor(),
      brought(running, { kind: 'cancel', by }),
      brought(running, { kind: 'cancel', by }, ...over),
      brought(running, lost({ committed: 3 })),
    ])
      expect(nextJob(job, lost({ committed: 3 }), at)).toEqual({ outcome: 'unchanged' });
  });
});

describe('what people say of it', () => {
  const refusal = (job: Job, kind: 'pause' | 'retry') => {
    const decision = nextJob(job, { kind, by }, at);
    return decision.outcome === 'refused' ? decision.why : decision.outcome;
  };

  it('it is not paused in any phase, for a pause would end who holds it', () => {
    for (const job of [askedFor(), brought(askedFor(), listed), brought(askedFor(), listed, sentAll)])
      expect(refusal(job, 'pause')).toMatch(/one snapshot.*let it go on, or cancel it/);
    expect(nextJob(askedFor(), { kind: 'resume', by }, at)).toEqual({ outcome: 'unchanged' });
  });

  it('its chunks are not retried, for they would be of another one', () => {
    const running = brought(askedFor({ toleratedFailures: 1 }), listed, sentAll);
    const said: JobEvent = { kind: 'tallied', tally: tally({ committed: 9, failed: 1 }) };
    for (const end of [lost({ committed: 3 }), said, { kind: 'cancel', by } as const])
      expect(refusal(brought(running, end, ...over), 'retry')).toMatch(/is gone.*Ask for it anew/);
  });

  it('what became of its results is, where each chunk has one: nothing is read for that', () => {
    const whole: JobEvent = { kind: 'tallied', tally: tally({ committed: 10 }) };
    const events = [listed, sentAll, whole, { kind: 'not-reduced', reason: 'no' } as const, ...over];
    const ended = brought(askedFor({ reduce: { kind: 'concatenate' } }), ...events);
    expect(brought(ended, { kind: 'retry', by })).toMatchObject({ phase: 'retrying' });
  });
});

const planChunk = { id: 'plan', key: 'orders', chunkBytes: 1 } as const;
const stateAfter = (events: readonly ChunkEvent[], now = at): ChunkState =>
  events.reduce<ChunkState>(
    (state, event) => {
      const decision = nextChunk(state, event, rules, now);
      return decision.outcome === 'changed' ? decision.state : state;
    },
    freshChunk('j', planChunk),
  );
const planned: ChunkEvent[] = [{ kind: 'lease' }, { kind: 'hand-over', part: part(1) }];
const later = (seconds: number) => addSeconds(at, seconds);

describe('its holder', () => {
  it.each<[string, readonly ChunkEvent[], number, RegExp | undefined]>([
    ['nobody began', [], 0, undefined],
    ['is planning', [{ kind: 'lease' }], 999, undefined],
    ['has it', planned, 0, undefined],
    ['was heard of late', planned, 90, undefined],
    ['was not heard of', planned, 91, /gone: its holder was not heard of after 2026.*run the job again/],
    ['gave it back', [...planned, { kind: 'release', attempt: 1 }], 0, /gone: its holder was ended/],
    ['let it go', [...planned, { kind: 'handed-over', attempt: 1 }], 999, undefined],
    [
      'says that it is gone',
      [...planned, { kind: 'fail', attempt: 1, failure: { kind: 'snapshot', message: 'as it said' } }],
      0,
      /^as it said$/,
    ],
    [
      'made no plan',
      [{ kind: 'lease' }, { kind: 'fail', attempt: 1, failure: { kind: 'input', message: 'no key' } }],
      0,
      undefined,
    ],
  ])('%s', (_, events, seconds, says) => {
    const found = snapshotLoss(stateAfter(events), later(seconds));
    if (says === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(says);
  });

  it('is who wrote the plan that counts, and no later one', () => {
    const given = stateAfter([...planned, { kind: 'release', attempt: 1 }, { kind: 'lease' }]);
    expect(given).toMatchObject({ state: 'leased', attempts: 2 });
    expect(snapshotLoss(given, at)).toMatch(/its holder was ended/);
    expect(snapshotLoss(undefined, at)).toBeUndefined();
  });

  const attempt = fc.integer({ min: 1, max: 3 });
  const anyEvent: fc.Arbitrary<ChunkEvent> = fc.oneof(
    fc.constant<ChunkEvent>({ kind: 'lease' }),
    attempt.map((one): ChunkEvent => ({ kind: 'hand-over', part: part(one) })),
    fc.record({
      kind: fc.constantFrom('heartbeat' as const, 'release' as const, 'handed-over' as const),
      attempt,
    }),
    attempt.map(
      (one): ChunkEvent => ({ kind: 'fail', attempt: one, failure: { kind: 'snapshot', message: 'm' } }),
    ),
  );

  it('whatever comes in whatever order: one plan counts, and what is lost once is not there again', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyEvent, fc.nat(100)), { maxLength: 30 }), (events) => {
        let state: ChunkState = freshChunk('j', planChunk);
        let now = 0;
        let isLost = false;
        for (const [event, seconds] of events) {
          now += seconds;
          const decision = nextChunk(state, event, rules, later(now));
          if (decision.outcome === 'changed') state = decision.state;
          expect(state.parts.length).toBeLessThanOrEqual(1);
          const loss = snapshotLoss(state, later(now));
          // But for a holder that was silent and beats again before anybody looked, which has it still.
          if (isLost && event.kind !== 'heartbeat' && state.state !== 'committed') expect(loss).toBeDefined();
          isLost = loss !== undefined;
        }
      }),
      { numRuns: 1000 },
    );
  });
});

it("its holder's pod is on no spot node, and Karpenter leaves its node alone", () => {
  const wanted = slotsWanted('job-0123456789abcdef');
  const of = (input: object, slot: number) =>
    JSON.stringify(
      slotJob(SlotsWanted.parse({ ...wanted, spot: true, spec: { ...wanted.spec, input } }), place, slot, 0),
    );
  const source = { schema: 'public', table: 'orders', key: ['id'] };
  const spot = '"operator":"In","values":["spot"]';
  const holder = of({ secret: 's', source, snapshot }, 0);
  expect(holder).toContain('"karpenter.sh/do-not-disrupt":"true"');
  expect(holder).not.toContain(spot);
  for (const other of [of({ secret: 's', source, snapshot }, 1), of({ secret: 's', source }, 0)]) {
    expect(other).not.toContain('do-not-disrupt');
    expect(other).toContain(spot);
  }
});
