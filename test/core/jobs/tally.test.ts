/** What a job's sums say, held against chunks that workers lease, lose, fail, halve and commit in any order. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChunkEvent, type ChunkState, freshChunk, halvesOf, nextChunk } from '#core/jobs/chunk.ts';
import { added, emptyTally, plus, progressOf, type Tally, tallyOf } from '#core/jobs/tally.ts';
import { addSeconds } from '#core/names.ts';
import { chunk, part, rules } from './samples.ts';

const start = '2026-07-01T10:00:00.000Z';
const planned = 3;

/** Which chunk of those that there are, what is said of it, and by which attempt: the newest, or one before. */
const step = fc.record({
  which: fc.nat(),
  kind: fc.constantFrom('lease', 'commit', 'checkpoint', 'release', 'out-of-memory', 'input', 'retry'),
  late: fc.boolean(),
  seconds: fc.integer({ min: 0, max: 90 }),
});

function eventOf(kind: string, attempt: number, from: number): ChunkEvent {
  switch (kind) {
    case 'lease':
    case 'retry':
      return { kind };
    case 'release':
      return { kind, attempt };
    case 'commit':
    case 'checkpoint':
      return { kind, part: part(attempt, from, from + 5) };
    default:
      return {
        kind: 'fail',
        attempt,
        failure: { kind: kind === 'input' ? 'input' : 'out-of-memory', message: 'no' },
      };
  }
}

/** The chunks as they are stored then, and the sums that their writes carried on. */
function play(steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]) {
  const chunks = new Map<string, ChunkState>();
  for (let n = 0; n < planned; n++) chunks.set(String(n), freshChunk('j1', { ...chunk, id: String(n) }));
  let tally: Tally = emptyTally;
  let now = start;
  for (const { which, kind, late, seconds } of steps) {
    now = addSeconds(now, seconds);
    const all = [...chunks.values()];
    const before = all[which % all.length];
    if (before === undefined) throw new Error('there is always one');
    const from = before.parts.at(-1)?.to ?? chunk.start;
    const decision = nextChunk(before, eventOf(kind, before.attempts - Number(late), from), rules, now);
    if (decision.outcome !== 'changed') continue;
    const { state } = decision;
    tally = plus(tally, added(before.version === 0 ? undefined : before, state));
    chunks.set(state.chunk.id, state);
    if (state.state !== 'halved') continue;
    for (const half of halvesOf(state)) chunks.set(half.id, freshChunk('j1', half));
  }
  return { chunks: [...chunks.values()], tally };
}

describe('the sums of a job', () => {
  it('are those of its chunks, whatever came, and say when nothing is open any more', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { chunks, tally } = play(steps);
        expect(tally).toEqual(chunks.map(tallyOf).reduce(plus, emptyTally));
        const { chunks: count, open } = progressOf(tally, planned);
        expect(count).toBe(chunks.length);
        expect(open).toBe(chunks.filter(({ state }) => state === 'waiting' || state === 'leased').length);
      }),
      { numRuns: 300 },
    );
  });

  it('add nothing for what is said again', () => {
    const { chunks } = play([{ which: 0, kind: 'lease', late: false, seconds: 0 }]);
    const [leased] = chunks;
    if (leased === undefined) throw new Error('there is one');
    expect(added(leased, leased)).toEqual(emptyTally);
    expect(added(undefined, leased)).toEqual({ ...emptyTally, leased: 1 });
  });

  it('count what has a result, checkpoints of failed chunks too', () => {
    const fresh = freshChunk('j1', chunk);
    const failed: ChunkState = {
      ...fresh,
      state: 'failed',
      parts: [part(1, 305, 350)],
      lastFailure: { kind: 'command', message: 'no' },
    };
    const said = { failed: 1, bytes: 45, records: 1, outputBytes: 10, milliseconds: 5 };
    expect(tallyOf(failed)).toEqual({ ...emptyTally, ...said });
  });
});
