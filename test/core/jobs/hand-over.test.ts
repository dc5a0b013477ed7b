/** Chunks whose results go on to a table, and chunks that are rows of one. */
import { describe, expect, it } from 'vitest';
import {
  type ChunkEvent,
  type ChunkFailure,
  ChunkState,
  freshChunk,
  nextChunk,
  restOf,
} from '#core/jobs/chunk.ts';
import { addSeconds } from '#core/names.ts';
import { chunk, part, rules } from './samples.ts';

const at = (seconds: number) => addSeconds('2026-07-01T10:00:00.000Z', seconds);
const lease: ChunkEvent = { kind: 'lease' };
const fail = (attempt: number, kind: ChunkFailure['kind']): ChunkEvent => ({
  kind: 'fail',
  attempt,
  failure: { kind, message: 'no' },
});

function stateAfter(...events: readonly (readonly [number, ChunkEvent])[]): ChunkState {
  return events.reduce<ChunkState>(
    (state, [seconds, event]) => {
      const decision = nextChunk(state, event, rules, at(seconds));
      if (decision.outcome !== 'changed') throw new Error(`${event.kind} was ${decision.outcome}`);
      return ChunkState.parse(decision.state);
    },
    freshChunk('j1', chunk),
  );
}

describe('a chunk whose results go on to a table', () => {
  const done = [0, lease] as const;
  const handOver: ChunkEvent = { kind: 'hand-over', part: part(1, 300, 400) };
  const handedOver = (attempt: number): ChunkEvent => ({ kind: 'handed-over', attempt });

  it('is committed when they are there, and not before', () => {
    const state = stateAfter(done, [1, handOver]);
    expect(state).toMatchObject({ state: 'leased', handOver: true });
    expect(nextChunk(state, handedOver(1), rules, at(2))).toMatchObject({ state: { state: 'committed' } });
    expect(nextChunk(stateAfter(done), handedOver(1), rules, at(2))).toEqual({ outcome: 'lost' });
    const committed = stateAfter(done, [1, handOver], [2, handedOver(1)]);
    expect(nextChunk(committed, handedOver(1), rules, at(3))).toEqual({ outcome: 'unchanged' });
  });

  it('goes on with the same results when its worker is lost, and the lost one has no say', () => {
    const again = stateAfter(done, [1, handOver], [100, lease]);
    expect(again).toMatchObject({ state: 'leased', attempts: 2, handOver: true, parts: [{ attempt: 1 }] });
    expect(nextChunk(again, handedOver(1), rules, at(101))).toEqual({ outcome: 'lost' });
    const work: ChunkEvent = { kind: 'commit', part: part(2, 300, 400) };
    expect(nextChunk(again, work, rules, at(101))).toEqual({ outcome: 'lost' });
    expect(nextChunk(again, handedOver(2), rules, at(101))).toMatchObject({ state: { state: 'committed' } });
  });

  it('fails where the table does not take them, and is tried again with the same ones', () => {
    const failed = stateAfter(done, [1, handOver], [2, fail(1, 'target')]);
    expect(failed).toMatchObject({ state: 'failed', handOver: true });
    expect(nextChunk(failed, { kind: 'retry' }, rules, at(3))).toMatchObject({
      state: { state: 'waiting', handOver: true, parts: [{ attempt: 1 }] },
    });
  });
});

it('rows of a table are begun anew by each attempt, and have no halves', () => {
  const rows = { id: '7', key: 'public.t', types: ['bigint'], range: { after: ['1'], upTo: null } };
  const leased = nextChunk(freshChunk('j1', rows), lease, rules, at(0));
  if (leased.outcome !== 'changed') throw new Error(leased.outcome);
  expect(restOf(leased.state)).toEqual(rows);
  const killed = nextChunk(leased.state, fail(1, 'out-of-memory'), rules, at(1));
  expect(killed).toMatchObject({ state: { state: 'waiting', failures: 1 } });
});
