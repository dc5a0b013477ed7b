/** The life of a chunk, step by step; then workers that crash, come late, and say all things twice: a result counts once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ChunkEvent,
  type ChunkFailure,
  ChunkState,
  freshChunk,
  halvesOf,
  isOfObject,
  nextChunk,
  restOf,
} from '#core/jobs/chunk.ts';
import { verify } from '#core/jobs/verify.ts';
import { addSeconds } from '#core/names.ts';
import { chunk, part, rules } from './samples.ts';

const start = '2026-07-01T10:00:00.000Z';
const at = (seconds: number) => addSeconds(start, seconds);
const fresh = freshChunk('j1', chunk);

/** All of them, at these seconds. @throws where one changes nothing. */
function stateAfter(...events: readonly (readonly [number, ChunkEvent])[]): ChunkState {
  return events.reduce<ChunkState>((state, [seconds, event]) => {
    const decision = nextChunk(state, event, rules, at(seconds));
    if (decision.outcome !== 'changed') throw new Error(`${event.kind} was ${decision.outcome}`);
    return ChunkState.parse(decision.state);
  }, fresh);
}
const lease: ChunkEvent = { kind: 'lease' };
const commit = (attempt: number): ChunkEvent => ({ kind: 'commit', part: part(attempt) });
const fail = (attempt: number, kind: ChunkFailure['kind'] = 'command'): ChunkEvent => ({
  kind: 'fail',
  attempt,
  failure: { kind, message: 'no' },
});
const outcome = (state: ChunkState, event: ChunkEvent, seconds: number) =>
  nextChunk(state, event, rules, at(seconds));

describe('step by step', () => {
  it('is leased once, and again when the lease has ended, under another number', () => {
    const leased = stateAfter([0, lease]);
    expect(leased).toMatchObject({ state: 'leased', attempts: 1, failures: 0, until: at(60), version: 1 });
    expect(outcome(leased, lease, 59)).toEqual({ outcome: 'busy', until: at(60) });
    expect(stateAfter([0, lease], [60, lease])).toMatchObject({
      state: 'leased',
      attempts: 2,
      failures: 1,
      until: at(120),
      lastFailure: { kind: 'lost' },
    });
  });

  it('a heartbeat prolongs the lease of who has it, and tells a zombie that it is lost', () => {
    const beat = (attempt: number): ChunkEvent => ({ kind: 'heartbeat', attempt });
    expect(stateAfter([0, lease], [50, beat(1)])).toMatchObject({ until: at(110) });
    expect(outcome(stateAfter([0, lease], [60, lease]), beat(1), 61)).toEqual({ outcome: 'lost' });
  });

  it("a zombie's late commit is refused; one that is late but still alone counts", () => {
    expect(outcome(stateAfter([0, lease], [60, lease]), commit(1), 61)).toEqual({ outcome: 'lost' });
    expect(stateAfter([0, lease], [500, commit(1)])).toMatchObject({ state: 'committed', parts: [part(1)] });
  });

  it('a commit that is said again changes nothing, and no other one counts after it', () => {
    const committed = stateAfter([0, lease], [60, lease], [61, commit(2)]);
    expect(outcome(committed, commit(2), 62)).toEqual({ outcome: 'unchanged' });
    expect(outcome(committed, commit(1), 62)).toEqual({ outcome: 'lost' });
    for (const event of [lease, fail(2), { kind: 'release', attempt: 2 } as const])
      expect(outcome(committed, event, 62)).toEqual({ outcome: 'lost' });
  });

  it('what is given back waits at once, and does not count as a failure', () => {
    const given = stateAfter([0, lease], [1, { kind: 'release', attempt: 1 }]);
    expect(given).toMatchObject({ state: 'waiting', attempts: 1, failures: 0 });
    expect(given).not.toHaveProperty('until');
    expect(outcome(given, commit(1), 2)).toEqual({ outcome: 'lost' });
  });

  it('fails after as many failures as there may be, by word or by silence, or at once where trying does not help', () => {
    expect(stateAfter([0, lease], [1, fail(1)])).toMatchObject({ state: 'waiting', failures: 1 });
    const third = stateAfter([0, lease], [1, fail(1)], [2, lease], [90, lease], [91, fail(3)]);
    expect(third).toMatchObject({ state: 'failed', failures: 3, lastFailure: { kind: 'command' } });
    const silent = stateAfter([0, lease], [60, lease], [120, lease], [180, lease]);
    expect(silent).toMatchObject({ state: 'failed', attempts: 3, lastFailure: { kind: 'lost' } });
    expect(stateAfter([0, lease], [1, fail(1, 'input')])).toMatchObject({ state: 'failed', failures: 1 });
  });

  it('a person has it tried again, from where it was', () => {
    const failed = stateAfter(
      [0, lease],
      [1, { kind: 'checkpoint', part: part(1, 305, 350) }],
      [2, fail(1, 'input')],
    );
    const again = outcome(failed, { kind: 'retry' }, 3);
    expect(again).toMatchObject({ state: { state: 'waiting', failures: 0, parts: [{ to: 350 }] } });
    expect(outcome(fresh, { kind: 'retry' }, 3)).toEqual({ outcome: 'unchanged' });
  });

  it('goes on behind its checkpoint', () => {
    const state = stateAfter([0, lease], [1, { kind: 'checkpoint', part: part(1, 305, 350) }], [2, fail(1)]);
    expect(restOf(state)).toMatchObject({ start: 350, end: 400, aligned: true, scanFrom: 350 });
    expect(restOf(fresh)).toEqual(chunk);
  });

  it('is halved where the memory was too small, until it is small itself; what can not be cut fails', () => {
    const halved = stateAfter(
      [0, lease],
      [1, { kind: 'checkpoint', part: part(1, 305, 350) }],
      [2, fail(1, 'out-of-memory')],
    );
    if (halved.state !== 'halved') throw new Error(halved.state);
    expect(halvesOf(halved)).toMatchObject([
      { id: '3a', start: 350, end: 375, aligned: true, scanFrom: 350 },
      { id: '3b', start: 375, end: 400, aligned: false, scanFrom: 350 },
    ]);
    const small = stateAfter(
      [0, lease],
      [1, { kind: 'checkpoint', part: part(1, 305, 381) }],
      [2, fail(1, 'out-of-memory')],
    );
    expect(small).toMatchObject({ state: 'waiting', failures: 1 });
    const whole = nextChunk(
      stateAfter([0, lease]),
      fail(1, 'out-of-memory'),
      { ...rules, mayHalve: false },
      at(1),
    );
    expect(whole).toMatchObject({ state: { state: 'waiting', failures: 1 } });
  });

  it('is halved where its worker says that it can be, and nowhere else where that is said of none', () => {
    const said = (kind: ChunkFailure['kind']) =>
      nextChunk(
        stateAfter([0, lease]),
        { kind: 'fail', attempt: 1, failure: { kind, message: 'no' }, middle: 390 },
        { ...rules, mayHalve: false },
        at(1),
      );
    const halved = said('out-of-memory');
    if (halved.outcome !== 'changed' || halved.state.state !== 'halved') throw new Error(halved.outcome);
    expect(halvesOf(halved.state)).toMatchObject([
      { start: 300, end: 390 },
      { start: 390, end: 400 },
    ]);
    expect(said('command')).toMatchObject({ state: { state: 'waiting' } });
  });
});

/** What may come at any time: of any attempt, also of one that is long gone. */
const anyEvent = fc.oneof(
  { weight: 3, arbitrary: fc.constant(lease) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'heartbeat',
        'release',
        'fail',
        'oom',
        'checkpoint',
        'commit',
        'commit',
        'hand-over',
        'handed-over',
      ),
      attempt: fc.integer({ min: 1, max: 8 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'retry' } as const) },
);
type Anything = typeof anyEvent extends fc.Arbitrary<infer E> ? E : never;

function beginOf(state: ChunkState): number {
  const rest = restOf(state);
  if (!isOfObject(rest)) throw new Error('these are pieces of an object');
  return rest.start;
}

/** A worker reads what is left when it begins, and speaks of that ever after. */
class Workers {
  readonly #from = new Map<number, number>();

  taken(state: ChunkState): void {
    this.#from.set(state.attempts, beginOf(state));
  }

  word(anything: Anything): ChunkEvent | undefined {
    if (!('attempt' in anything)) return anything;
    const { kind, attempt } = anything;
    const from = this.#from.get(attempt);
    if (from === undefined) return undefined;
    if (kind === 'heartbeat' || kind === 'release' || kind === 'handed-over') return { kind, attempt };
    if (kind === 'fail') return fail(attempt);
    if (kind === 'oom') return fail(attempt, 'out-of-memory');
    if (kind === 'commit' || kind === 'hand-over') return { kind, part: part(attempt, from, 400) };
    const to = Math.min(from + 7, 399);
    if (to <= from) return undefined;
    return { kind: 'checkpoint', part: part(attempt, from, to) };
  }

  wrote(event: ChunkEvent, attempt: number): void {
    if (event.kind === 'checkpoint') this.#from.set(attempt, event.part.to);
  }
}

describe('laws', () => {
  const aligned = { ...chunk, aligned: true };

  function play(
    steps: readonly (readonly [Anything, number])[],
    check: (before: ChunkState, now: ChunkState) => void,
  ) {
    const workers = new Workers();
    let state = freshChunk('j1', aligned);
    let seconds = 0;
    for (const [anything, wait] of steps) {
      seconds += wait;
      const event = workers.word(anything);
      if (event === undefined) continue;
      const decision = nextChunk(state, event, rules, at(seconds));
      if (decision.outcome !== 'changed') continue;
      check(state, decision.state);
      state = ChunkState.parse(decision.state);
      if (event.kind === 'lease') workers.taken(state);
      workers.wrote(event, state.attempts);
    }
    return state;
  }
  const steps = fc.array(fc.tuple(anyEvent, fc.constantFrom(0, 1, 30, 61)), { maxLength: 40 });

  it('versions and attempts only grow, an end stays, and nothing that was done is done again', () => {
    fc.assert(
      fc.property(steps, (some) => {
        play(some, (before, now) => {
          expect(now.version).toBe(before.version + 1);
          expect(now.attempts).toBeGreaterThanOrEqual(before.attempts);
          expect(now.parts.slice(0, before.parts.length)).toEqual(before.parts);
          expect(['committed', 'halved']).not.toContain(before.state);
          // Somebody may be bringing these to a table already.
          if (before.handOver) expect(now).toMatchObject({ handOver: true, parts: before.parts });
          if (now.state === 'leased' && before.state === 'leased' && now.attempts > before.attempts)
            expect(now.failures).toBe(before.failures + 1);
        });
      }),
      { numRuns: 3000 },
    );
  });

  it('parts lie end to end from the start of the chunk, and to its end when it is committed', () => {
    fc.assert(
      fc.property(steps, (some) => {
        const state = play(some, () => undefined);
        const parts = state.parts.map((each) => ({
          ...each,
          key: 'k',
          crc32: 0,
          from: each.from - 300,
          to: each.to - 300,
        }));
        const size = state.state === 'committed' ? 100 : (parts.at(-1)?.to ?? 0);
        expect(verify([{ key: 'k', etag: 'e', size }], parts).faults).toEqual([]);
        // A part is of an attempt that had the chunk then: attempts never go back.
        const attempts = state.parts.map(({ attempt }) => attempt);
        expect(attempts).toEqual(attempts.toSorted((a, b) => a - b));
      }),
      { numRuns: 3000 },
    );
  });

  it('somebody who goes on trying brings every chunk to an end', () => {
    fc.assert(
      fc.property(steps, (some) => {
        const state = play(
          [...some, ...Array.from({ length: 4 }, () => [lease, 61] as const)],
          () => undefined,
        );
        expect(['committed', 'failed', 'halved']).toContain(state.state);
      }),
    );
  });
});
