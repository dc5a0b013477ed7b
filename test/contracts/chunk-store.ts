/** What every memory of chunks must do: of two who write upon one version, one has written. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, expect } from 'vitest';
import { Conflict, Retryable } from '#core/errors.ts';
import { type ChunkEvent, type ChunkState, freshChunk, nextChunk } from '#core/jobs/chunk.ts';
import type { ChunkStore } from '#core/jobs/ports.ts';
import { emptyTally, plus, tallyOf } from '#core/jobs/tally.ts';
import { addSeconds } from '#core/names.ts';
import { chunk, part, rules } from '../core/jobs/samples.ts';
import { contract, type Deviations } from './contract.ts';
import { start } from './samples.ts';

export function chunkStoreContract(name: string, make: () => ChunkStore, deviations: Deviations = {}): void {
  contract(name, 'the chunks of jobs', deviations, (test) => {
    let chunks: ChunkStore;
    let job: string;
    beforeEach(() => {
      chunks = make();
      job = `j${randomBytes(6).toString('hex')}`;
    });
    const leased = (id = '3') => next(freshChunk(job, { ...chunk, id }), { kind: 'lease' });

    test('a chunk that nobody took is not there', async () => {
      expect(await chunks.read(job, '3')).toBeUndefined();
      expect(await listed(chunks.list(job))).toEqual([]);
    });

    test('each state comes back as it was written', async () => {
      const failure = { kind: 'command', message: 'no', exitCode: 3, stderr: 'é\n' } as const;
      let state: ChunkState = leased();
      await chunks.write(state, undefined);
      const events: ChunkEvent[] = [
        { kind: 'checkpoint', part: part(1, 305, 350) },
        { kind: 'fail', attempt: 1, failure },
        { kind: 'lease' },
        { kind: 'release', attempt: 2 },
        { kind: 'lease' },
        { kind: 'commit', part: part(3, 350, 400) },
      ];
      for (const event of events) {
        const before = state;
        state = next(state, event);
        await chunks.write(state, before);
        expect(await chunks.read(job, '3')).toEqual(state);
        expect(await chunks.tally(job)).toEqual(tallyOf(state));
      }
      expect(state.state).toBe('committed');
    });

    test('one of a table comes back too, on its way to another one', async () => {
      const range = { after: ['a', "'é\n"], upTo: null };
      const rows = { id: '3', key: 'public.t', types: ['text', 'text'], range };
      const taken = next(freshChunk(job, rows), { kind: 'lease' });
      await chunks.write(taken, undefined);
      const state = next(taken, { kind: 'hand-over', part: part(1) });
      await chunks.write(state, taken);
      expect(await chunks.read(job, '3')).toEqual(state);
    });

    test('what makes the plan is kept, and is none of the chunks: it is not listed, and adds to no sum', async () => {
      const chunk = { id: 'plan', key: 'public.t', chunkBytes: 1 } as const;
      const taken = next(freshChunk(job, chunk), { kind: 'lease' });
      await chunks.write(taken, undefined);
      const done = next(taken, { kind: 'commit', part: part(1) });
      await chunks.write(done, taken);
      expect(await chunks.read(job, 'plan')).toEqual(done);
      expect(await chunks.tally(job)).toEqual(emptyTally);
      expect(await listed(chunks.list(job))).toEqual([]);
    });

    test('what each worker finished last is kept beside the sums, and takes the place of what it did before', async () => {
      const finish = async (id: string, slot: number, seconds: number, events = 1) => {
        let state: ChunkState = leased(id);
        await chunks.write(state, undefined);
        for (let i = 0; i < events; i++) {
          const before = state;
          const at = addSeconds(start, seconds + i);
          const done = { ...part(1, 305 + i, 400), slot, at };
          state = next(state, { kind: i === events - 1 ? 'commit' : 'checkpoint', part: done });
          await chunks.write(state, before);
        }
      };
      expect(await chunks.runs(job)).toEqual([]);
      await finish('3', 0, 0, 2);
      await finish('4', 0, 10);
      await finish('5', 1, 20);
      // Halves, and chunks of the same sums.
      await finish('5a', 1, 30);
      await finish('21', 2, 40);
      const old = next(leased('6'), { kind: 'commit', part: part(1) });
      await chunks.write(leased('6'), undefined);
      await chunks.write(old, leased('6'));
      const run = (slot: number, seconds: number, bytes: number) => ({
        ...{ slot, at: addSeconds(start, seconds), bytes, records: 1, milliseconds: 5 },
      });
      const found = [...(await chunks.runs(job))].sort((a, b) => (a.at < b.at ? -1 : 1));
      expect(found).toEqual([run(0, 1, 94), run(0, 10, 95), run(1, 30, 95), run(2, 40, 95)]);
      const sums = await chunks.tally(job);
      expect(sums).toMatchObject({ committed: 6, leased: 0 });
      expect(await chunks.runs(`${job}x`)).toEqual([]);
    });

    test('of many who take one chunk at once one does', async () => {
      const outcomes = await Promise.allSettled([0, 1, 2, 3].map(() => chunks.write(leased(), undefined)));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected')
          expect(outcome.reason).toSatisfy((e) => e instanceof Conflict || e instanceof Retryable);
      expect(await chunks.tally(job)).toEqual({ ...emptyTally, leased: 1 });
    });

    test('what was decided upon an older version is not written', async () => {
      const first = leased();
      await chunks.write(first, undefined);
      const given = next(first, { kind: 'release', attempt: 1 });
      await chunks.write(given, first);
      const late = next(first, { kind: 'commit', part: part(1) });
      await expect(chunks.write(late, first)).rejects.toBeInstanceOf(Conflict);
      await expect(chunks.write(first, undefined)).rejects.toBeInstanceOf(Conflict);
      // A heartbeat, which adds to no sum.
      const beat = next(first, { kind: 'heartbeat', attempt: 1 });
      await expect(chunks.write(beat, first)).rejects.toBeInstanceOf(Conflict);
      expect(await chunks.read(job, '3')).toEqual(given);
      expect(await chunks.tally(job)).toEqual(emptyTally);
      const unknown = { ...leased('4'), version: 5 };
      await expect(chunks.write(unknown, undefined)).rejects.toBeInstanceOf(Conflict);
    });

    test('all of a job are one list in the order of the plan, whatever their number, and of no other job', async () => {
      const stderr = 'x'.repeat(4000);
      const ids = Array.from({ length: 300 }, (_, i) => String(i)).concat('7a', '7ab', '7b');
      const many = ids.map((id) => {
        const failure = { kind: 'command', message: 'no', stderr } as const;
        return { ...leased(id), lastFailure: failure };
      });
      for (const state of many.toReversed()) await chunks.write(state, undefined);
      await chunks.write({ ...leased('1'), job: `${job}x` }, undefined);
      const found = (await listed(chunks.list(job))).map(({ chunk }) => chunk.id);
      expect(found).toEqual([...ids.slice(0, 8), '7a', '7ab', '7b', ...ids.slice(8, 300)]);
      expect(await chunks.tally(job)).toEqual({ ...emptyTally, leased: many.length });
      const from = async (after: string) =>
        (await listed(chunks.list(job, after))).slice(0, 2).map(({ chunk }) => chunk.id);
      expect(await from('6')).toEqual(['7', '7a']);
      expect(await from('7')).toEqual(['7a', '7ab']);
      expect(await from('7b')).toEqual(['8', '9']);
      expect(await from('299')).toEqual([]);
    });

    test('the sums are those of all chunks, many written at once', async () => {
      const states = Array.from({ length: 40 }, (_, i) => leased(String(i)));
      await Promise.all(states.map((state) => until(() => chunks.write(state, undefined))));
      const done = states.map((state) => next(state, { kind: 'commit', part: part(1) }));
      await Promise.all(done.map((state, i) => until(() => chunks.write(state, states[i]))));
      expect(await chunks.tally(job)).toEqual(done.map(tallyOf).reduce(plus));
    });
  });
}

/** As a worker does where others write to the same sums. A write that was made all the same is there. */
async function until(write: () => Promise<void>): Promise<void> {
  for (let left = 50; left > 0; left--) {
    try {
      return await write();
    } catch (error) {
      if (error instanceof Conflict) return;
      if (!(error instanceof Retryable)) throw error;
      await sleep(Math.random() * 50);
    }
  }
  throw new Error('others always came between');
}

async function listed(states: AsyncIterable<ChunkState>): Promise<ChunkState[]> {
  const all: ChunkState[] = [];
  for await (const state of states) all.push(state);
  return all;
}

function next(state: ChunkState, event: ChunkEvent): ChunkState {
  const decision = nextChunk(state, event, rules, start);
  if (decision.outcome !== 'changed') throw new Error(`${event.kind} was ${decision.outcome}`);
  return decision.state;
}
