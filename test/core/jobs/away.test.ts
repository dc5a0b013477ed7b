/** A job whose database is away: it is told since when, waited for a day, and then said how to go on. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { patienceSeconds } from '#core/jobs/away.ts';
import { type ChunkEvent, type ChunkState, freshChunk, nextChunk } from '#core/jobs/chunk.ts';
import { askedJob, Job, nextJob } from '#core/jobs/job.ts';
import type { JobEvent } from '#core/jobs/job-event.ts';
import { JobRequest } from '#core/jobs/request.ts';
import { emptyTally, type Tally, tallyOf } from '#core/jobs/tally.ts';
import { addSeconds } from '#core/names.ts';
import { jobKey } from './samples.ts';

const start = '2026-07-01T10:00:00.000Z';
const table = { database: 'orders', schema: 'public', table: 'orders', key: ['id'] };
const asked = askedJob({
  ...jobKey(),
  requester: 'alice',
  at: start,
  cluster: 'main',
  request: JobRequest.parse({ table, command: ['wc', '-l'] }),
});
const tallied = (more: Partial<Tally>, why?: string): JobEvent => ({
  kind: 'tallied',
  tally: { ...emptyTally, ...more },
  why,
});
const instant = (seconds: number) => addSeconds(start, seconds);
const at = (job: Job, event: JobEvent, seconds: number): Job => {
  const decision = nextJob(job, event, instant(seconds));
  return decision.outcome === 'changed' ? Job.parse(decision.job) : job;
};
const running = [
  { kind: 'listed', chunks: 10, bytes: 1000 },
  { kind: 'sent', upTo: 10 },
] satisfies JobEvent[];
const begun = running.reduce<Job>((job, event) => at(job, event, 0), asked);
const why = 'orders: connecting: ECONNREFUSED';

describe('a database that is away', () => {
  it('is told since when, and why as it was said last', () => {
    const first = at(begun, tallied({ away: 1 }, why), 10);
    expect(first.away).toEqual({ since: instant(10), why });
    const second = at(first, tallied({ away: 2 }), 70);
    expect(second.away).toEqual({ since: instant(10), why });
    expect(at(second, tallied({ away: 2 }, 'another'), 80).away).toEqual({
      since: instant(10),
      why: 'another',
    });
  });

  it('is looked at without a write where nothing turned', () => {
    const away = at(begun, tallied({ away: 1 }, why), 10);
    expect(nextJob(away, tallied({ away: 1 }, why), instant(500))).toEqual({ outcome: 'unchanged' });
  });

  it('fails the job after a day, with what to do; a retry goes on from there, with a day anew', () => {
    const done = at(begun, tallied({ committed: 3, bytes: 30 }), 5);
    const away = at(done, tallied({ committed: 3, bytes: 30, away: 2 }, why), 10);
    const late = tallied({ committed: 3, bytes: 30, away: 2 });
    expect(at(away, late, 10 + patienceSeconds - 1)).toBe(away);
    const failed = at(away, late, 10 + patienceSeconds);
    expect(failed).toMatchObject({
      phase: 'finishing',
      outcome: 'failed',
      reason: expect.stringMatching(
        /^its database orders was not in reach since .*10:00:10.* \(orders: connecting: ECONNREFUSED\).*then retry the job: what has a result stays\.$/,
      ),
    });
    expect(failed).not.toHaveProperty('away');
    const end = [{ kind: 'manifest-written' }, { kind: 'taken-away' }] satisfies JobEvent[];
    const ended = end.reduce<Job>((job, event) => at(job, event, 100_000), failed);
    const again = at(ended, { kind: 'retry', by: 'bob' }, 200_000);
    const revived = { kind: 'retried', tally: { ...emptyTally, committed: 3, bytes: 30, away: 2 } } as const;
    const sending = at(again, revived, 200_000);
    expect(sending).toMatchObject({ phase: 'sending', tally: { committed: 3 } });
    expect(at(sending, late, 200_010)).toMatchObject({ phase: 'sending', away: { since: instant(200_010) } });
  });

  it.each<[string, JobEvent, string | undefined]>([
    ['one chunk that is done', tallied({ away: 1, committed: 1, bytes: 9 }), instant(80_000)],
    ['one that failed', tallied({ away: 1, failed: 0, halved: 1 }), instant(80_000)],
    ['none that waits for it', tallied({}), undefined],
    ['a pause', { kind: 'pause', by: 'bob' }, undefined],
  ])('begins anew with %s', (_, event, since) => {
    const away = at(begun, tallied({ away: 2 }, why), 10);
    expect(at(away, event, 80_000).away?.since).toBe(since);
  });

  it('is not waited for by who is paused', () => {
    const paused = at(begun, { kind: 'pause', by: 'bob' }, 0);
    expect(at(paused, tallied({ away: 1 }), 10 * patienceSeconds)).not.toHaveProperty('away');
  });

  it('fails a job that has no plan by then, which is asked for anew', () => {
    const said: JobEvent = { kind: 'database-away', why };
    const away = at(asked, said, 10);
    expect(away).toMatchObject({ phase: 'listing', away: { since: instant(10), why } });
    expect(nextJob(away, said, instant(20))).toEqual({ outcome: 'unchanged' });
    expect(at(away, { kind: 'listed', chunks: 1, bytes: 9 }, 30)).not.toHaveProperty('away');
    expect(at(at(asked, { kind: 'pause', by: 'bob' }, 0), said, 10)).not.toHaveProperty('away');
    expect(at(away, said, 10 + patienceSeconds)).toMatchObject({
      phase: 'finishing',
      outcome: 'failed',
      reason: expect.stringMatching(/then ask for it anew: nothing of it was cut yet\.$/),
    });
    expect(nextJob(begun, said, start)).toEqual({ outcome: 'unchanged' });
  });
});

const rules = { leaseSeconds: 30, maxFailures: 4, halveFromBytes: 2 ** 20, mayHalve: false };
const part = (attempt: number) => ({ from: 0, to: 9, records: 1, crc32: 1, attempt, milliseconds: 5 });
const led = (...events: readonly ChunkEvent[]): ChunkState =>
  events.reduce<ChunkState>(
    (state, event) => {
      const decision = nextChunk(state, event, rules, start);
      return decision.outcome === 'changed' ? decision.state : state;
    },
    freshChunk('j1', { id: '0', key: 'orders', types: [], range: { after: null, upTo: null } }),
  );
const given: ChunkEvent[] = [{ kind: 'lease' }, { kind: 'release', attempt: 1, away: why }];

describe('a chunk that was given back for it', () => {
  it('has not failed, says so, and is counted', () => {
    const state = led(...given);
    expect(state).toMatchObject({ state: 'waiting', failures: 0, away: why });
    expect(tallyOf(state).away).toBe(1);
    expect(led(...given, { kind: 'lease' })).toMatchObject({ state: 'leased', away: why });
    expect(led(...given, { kind: 'lease' }, { kind: 'release', attempt: 2 })).toMatchObject({ away: why });
  });

  it.each<[string, ChunkEvent]>([
    ['has a result', { kind: 'commit', part: part(2) }],
    ['has a checkpoint', { kind: 'checkpoint', part: part(2) }],
    ['has what is to be handed over', { kind: 'hand-over', part: part(2) }],
    ['fails for another reason', { kind: 'fail', attempt: 2, failure: { kind: 'command', message: 'no' } }],
  ])('is counted no more when it %s', (_, event) => {
    expect(tallyOf(led(...given, { kind: 'lease' }, event)).away).toBe(0);
  });

  it('is counted again where its results can not be handed over, until they are', () => {
    const handing: ChunkEvent[] = [
      ...given,
      { kind: 'lease' },
      { kind: 'hand-over', part: part(2) },
      { kind: 'release', attempt: 2, away: why },
      { kind: 'lease' },
    ];
    expect(tallyOf(led(...handing)).away).toBe(1);
    const done = led(...handing, { kind: 'handed-over', attempt: 3 });
    expect([done.state, tallyOf(done).away]).toEqual(['committed', 0]);
  });

  it('is never counted when it has an end', () => {
    const anyEvent = fc.constantFrom<ChunkEvent['kind']>('lease', 'release', 'fail', 'commit', 'retry');
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 20 }), (kinds) => {
        let state = led();
        for (const kind of kinds) {
          const attempt = state.attempts;
          const events: Record<string, ChunkEvent> = {
            lease: { kind: 'lease' },
            release: { kind: 'release', attempt, away: why },
            fail: { kind: 'fail', attempt, failure: { kind: 'input', message: 'no' } },
            commit: { kind: 'commit', part: part(attempt) },
            retry: { kind: 'retry' },
          };
          const decision = nextChunk(state, events[kind] ?? { kind: 'lease' }, rules, start);
          if (decision.outcome === 'changed') state = decision.state;
          if (state.state === 'committed' || state.state === 'failed') expect(tallyOf(state).away).toBe(0);
        }
      }),
    );
  });
});
