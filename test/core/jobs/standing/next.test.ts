/** A standing job, step by step; then whatever comes in any order: each cause starts one job at most, and each ends in a run. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cause, causeId, startedName } from '#core/jobs/standing/cause.ts';
import {
  askedStanding,
  isStuck,
  nextStanding,
  type StandingEvent,
  toStart,
} from '#core/jobs/standing/next.ts';
import {
  isLive,
  type LiveStanding,
  mostRuns,
  mostWaiting,
  StandingSpec,
} from '#core/jobs/standing/standing.ts';
import { jobKey } from '../samples.ts';
import { at, brought, incoming, key, made, nightly, start } from './samples.ts';

const { name: job } = jobKey();
const upload = (n: number): Cause => ({
  kind: 'upload',
  at: start,
  key: `datasets/checkout/incoming/${n}`,
  etag: 'e',
  sequencer: String(n),
});
const came = (n: number): StandingEvent => ({ kind: 'caused', cause: upload(n) });
const clock = (seconds: number, missed = 0): StandingEvent => ({
  kind: 'clock',
  due: { at: at(seconds), missed },
  next: at(seconds + 600),
});
const waitingFor = ({ waiting }: LiveStanding) => waiting.map(({ cause }) => causeId(cause));
const runsOf = ({ runs }: LiveStanding) => runs.map(({ outcome, why }) => `${outcome}: ${why}`);
const ended = { kind: 'ended', job, outcome: 'succeeded' } as const;

describe('a schedule', () => {
  it('is looked at at once, then when its time comes', () => {
    const fresh = made(nightly);
    expect(fresh).toMatchObject({ version: 1, lookAt: start, since: start });
    const known = brought(fresh, start, { kind: 'clock', next: at(600) });
    expect(known).toMatchObject({ next: at(600), lookAt: at(600) });
    expect(nextStanding(known, { kind: 'clock', next: at(600) }, at(1))).toEqual({ outcome: 'unchanged' });
  });

  it('starts one for its time, and says how many were missed', () => {
    const due = brought(made(nightly), at(1300), clock(1200, 2));
    expect(toStart(due, at(1300))?.cause).toEqual({ kind: 'time', at: at(1200), missed: 2 });
    const going = brought(due, at(1300), { kind: 'started', job });
    expect(going).toMatchObject({ since: at(1200), next: at(1800), current: { job }, waiting: [] });
    expect(toStart(going, at(1300))).toBeUndefined();
    const over = brought(going, at(1500), ended);
    expect(over.runs).toEqual([
      { cause: { kind: 'time', at: at(1200), missed: 2 }, at: at(1500), outcome: 'succeeded', job },
    ]);
    expect(over).not.toHaveProperty('current');
  });

  it('skips a time that comes while its job goes on; where it is to wait, the newest waits', () => {
    const going = brought(made(nightly), at(600), clock(600), { kind: 'started', job });
    expect(runsOf(brought(going, at(1200), clock(1200)))).toEqual([`skipped: ${job} went on`]);
    const patient = brought(made({ ...nightly, overlap: 'wait' }), at(600), clock(600), {
      kind: 'started',
      job,
    });
    const waits = brought(patient, at(1800), clock(1200), clock(1800));
    expect(waitingFor(waits)).toEqual([`time ${at(1800)}`]);
    expect(runsOf(waits)).toEqual(['skipped: its next time came first']);
  });

  it('that has no room is tried again, more and more seldom, and is over when its next time comes', () => {
    const due = brought(made(nightly), at(600), clock(600));
    const once = brought(due, at(600), { kind: 'refused', why: 'no room' });
    expect(once.waiting[0]?.refused).toEqual({ why: 'no room', tries: 1, again: at(900) });
    expect(toStart(once, at(899))).toBeUndefined();
    expect(toStart(once, at(900))).toBeDefined();
    const twice = brought(once, at(900), { kind: 'refused', why: 'no room' });
    expect(twice.waiting[0]?.refused?.again).toBe(at(1500));
    const later = brought(twice, at(1200), clock(1200));
    expect(waitingFor(later)).toEqual([`time ${at(1200)}`]);
    expect(runsOf(later)).toEqual(['skipped: its next time came first; before that: no room']);
  });

  it('is run by a person now, or when its job has ended, and not twice', () => {
    const asked: StandingEvent = { kind: 'caused', cause: { kind: 'asked', at: at(5), by: 'rita' } };
    const going = brought(made(nightly), at(600), clock(600), { kind: 'started', job });
    const waits = brought(going, at(610), asked);
    expect(waitingFor(waits)).toEqual([`asked ${at(5)} rita`]);
    expect(nextStanding(waits, asked, at(611))).toEqual({ outcome: 'unchanged' });
    const paused = brought(going, at(610), { kind: 'pause', by: 'rita' });
    expect(nextStanding(paused, asked, at(611))).toMatchObject({ outcome: 'refused', why: /resume/ });
    expect(nextStanding(made(incoming), asked, at(611))).toMatchObject({
      outcome: 'refused',
      why: expect.stringMatching(/put an object there/),
    });
  });

  it('counts from when it is resumed', () => {
    const paused = brought(made(nightly), at(10), { kind: 'pause', by: 'rita' });
    expect(paused).not.toHaveProperty('lookAt');
    expect(nextStanding(paused, clock(600), at(600))).toEqual({ outcome: 'unchanged' });
    expect(brought(paused, at(5000), { kind: 'resume', by: 'rita' })).toMatchObject({
      state: 'active',
      since: at(5000),
      lookAt: at(5000),
    });
  });
});

describe('uploads', () => {
  it('wait in their order, each once, as many as may', () => {
    const waits = brought(made(incoming), start, came(1), came(2));
    expect(nextStanding(waits, came(1), start)).toEqual({ outcome: 'unchanged' });
    expect(waitingFor(waits).map((id) => id.slice(-1))).toEqual(['1', '2']);
    const all = Array.from({ length: mostWaiting + 1 }, (_, n) => came(n));
    const full = brought(made(incoming), start, ...all);
    expect(full.waiting).toHaveLength(mostWaiting);
    expect(runsOf(full)).toEqual([`skipped: ${mostWaiting} others waited`]);
  });

  it('that no job can read are told of at once', () => {
    const cause = upload(1);
    const told = brought(made(incoming), start, { kind: 'caused', cause, unfit: 'its key has a space' });
    expect(runsOf(told)).toEqual(['refused: its key has a space']);
    expect(toStart(told, start)).toBeUndefined();
    expect(nextStanding(told, { kind: 'caused', cause, unfit: 'again' }, start)).toEqual({
      outcome: 'unchanged',
    });
  });

  it('that come while it is paused start none; those that waited do when it is resumed', () => {
    const paused = brought(made(incoming), start, came(1), { kind: 'pause', by: 'rita' }, came(2));
    expect(runsOf(paused)).toEqual(['skipped: it was paused']);
    expect(toStart(paused, start)).toBeUndefined();
    expect(toStart(brought(paused, start, { kind: 'resume', by: 'rita' }), start)?.cause).toEqual(upload(1));
  });

  it('are given up after a day, and people hear of it long before', () => {
    let one = brought(made(incoming), start, came(1), came(2));
    for (const seconds of [0, 300, 900]) one = brought(one, at(seconds), { kind: 'refused', why: 'no room' });
    expect(isStuck(one)).toBe(false);
    one = brought(one, at(2100), { kind: 'refused', why: 'no room' });
    expect(isStuck(one)).toBe(true);
    one = brought(one, at(86_400), { kind: 'refused', why: 'no room' });
    expect(runsOf(one)).toEqual(['refused: no room']);
    expect(toStart(one, at(86_400))?.cause).toEqual(upload(2));
    expect(isStuck(brought(one, at(86_400), { kind: 'started', job }))).toBe(false);
  });

  it('are skipped where another cause is to start it', () => {
    const waits = brought(made(incoming), start, came(1));
    const other = brought(waits, at(1), { kind: 'change', by: 'anna', spec: nightly });
    expect(runsOf(other)).toEqual(['skipped: it was changed meanwhile']);
    expect(other).toMatchObject({ owner: 'anna', since: at(1), waiting: [] });
    const louder = StandingSpec.parse({ ...incoming, job: { ...incoming.job, parallelism: 1 } });
    expect(brought(waits, at(1), { kind: 'change', by: 'anna', spec: louder }).waiting).toHaveLength(1);
    expect(nextStanding(waits, { kind: 'change', by: 'anna', spec: incoming }, at(1))).toEqual({
      outcome: 'unchanged',
    });
  });
});

describe('a job that was started', () => {
  it('and retried by hand has the end that it has then', () => {
    const failed = { kind: 'ended', job, outcome: 'failed', why: '1 chunk failed' } as const;
    const over = brought(made(incoming), start, came(1), { kind: 'started', job }, failed);
    expect(runsOf(over)).toEqual(['failed: 1 chunk failed']);
    expect(nextStanding(over, failed, start)).toEqual({ outcome: 'unchanged' });
    expect(runsOf(brought(over, start, ended))).toEqual(['succeeded: undefined']);
  });

  it('of nobody here changes nothing', () => {
    expect(nextStanding(made(incoming), ended, start)).toEqual({ outcome: 'unchanged' });
  });

  it('is called by its cause: the same for the same, another for another', () => {
    const names = Array.from({ length: 2000 }, (_, n) => startedName(key, upload(n)));
    expect(new Set(names).size).toBe(names.length);
    expect(startedName(key, upload(7))).toBe(names[7]);
    for (const name of names) {
      const seconds = (Number.parseInt(name.slice(4, 16), 16) - Date.parse(start)) / 1000;
      expect(seconds).toBeGreaterThanOrEqual(0);
      expect(seconds).toBeLessThan(60);
    }
  });
});

describe('a name', () => {
  it('is taken once, and given anew when what had it was deleted', () => {
    const first = made(nightly);
    expect(askedStanding(key, first, { spec: nightly, owner: 'bob', at: start })).toMatchObject({
      outcome: 'refused',
    });
    const gone = nextStanding(first, { kind: 'delete', by: 'rita' }, start);
    if (gone.outcome !== 'changed') throw new Error(gone.outcome);
    expect(isLive(gone.standing)).toBe(false);
    expect(askedStanding(key, gone.standing, { spec: nightly, owner: 'bob', at: start })).toMatchObject({
      standing: { version: 3, state: 'active', owner: 'bob', runs: [] },
    });
  });
});

const anyEvent: fc.Arbitrary<StandingEvent | 'start' | 'end'> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 9 }).map(came) },
  { weight: 3, arbitrary: fc.constant('start' as const) },
  { weight: 3, arbitrary: fc.constant('end' as const) },
  fc.constant<StandingEvent>({ kind: 'refused', why: 'no room' }),
  fc.constant<StandingEvent>({ kind: 'pause', by: 'rita' }),
  fc.constant<StandingEvent>({ kind: 'resume', by: 'rita' }),
  fc.constantFrom<StandingEvent>(
    { kind: 'change', by: 'anna', spec: { ...incoming, overlap: 'skip' } },
    { kind: 'change', by: 'anna', spec: incoming },
  ),
);

describe('whatever comes, twice and in any order', () => {
  it('each cause starts one job at most, one goes on at a time, and each is waiting, going on or told of', () => {
    const all = fc.array(fc.record({ event: anyEvent, after: fc.integer({ min: 0, max: 40_000 }) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(all, (events) => {
        let one = made(incoming);
        let seconds = 0;
        const started: string[] = [];
        const seen = new Set<string>();
        for (const { event, after } of events) {
          seconds += after;
          const now = at(seconds);
          const first = toStart(one, now);
          const going = one.current;
          let said: StandingEvent;
          if (event === 'start') {
            if (first === undefined) continue;
            expect(going).toBeUndefined();
            started.push(causeId(first.cause));
            said = { kind: 'started', job: startedName(one, first.cause) };
          } else if (event === 'end') {
            if (going === undefined) continue;
            said = { kind: 'ended', job: going.job, outcome: 'failed', why: 'so' };
          } else said = event;
          if (said.kind === 'caused') seen.add(causeId(said.cause));
          const decision = nextStanding(one, said, now);
          if (decision.outcome !== 'changed' || !isLive(decision.standing)) continue;
          expect(decision.standing.version).toBe(one.version + 1);
          one = decision.standing;
        }
        expect(new Set(started).size).toBe(started.length);
        const told = [...one.waiting, ...(one.current ? [one.current] : []), ...one.runs].map(({ cause }) =>
          causeId(cause),
        );
        expect(new Set(told).size).toBe(told.length);
        // Ten causes, and thirty runs are kept: none is forgotten here.
        expect(new Set(told)).toEqual(seen);
        expect(one.runs.length).toBeLessThanOrEqual(mostRuns);
        if (one.state === 'active' && (one.waiting.length > 0 || one.current))
          expect(one.lookAt).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });
});
