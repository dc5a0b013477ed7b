/** What every memory of chunks must do: of two who write upon one version, one has written. */
import { randomBytes } from 'node:crypto';
import { beforeEach, expect } from 'vitest';
import { Conflict } from '#core/errors.ts';
import { type ChunkEvent, type ChunkState, freshChunk, nextChunk } from '#core/jobs/chunk.ts';
import type { ChunkStore } from '#core/jobs/ports.ts';
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
      await chunks.write(state);
      const events: ChunkEvent[] = [
        { kind: 'checkpoint', part: part(1, 305, 350) },
        { kind: 'fail', attempt: 1, failure },
        { kind: 'lease' },
        { kind: 'release', attempt: 2 },
        { kind: 'lease' },
        { kind: 'commit', part: part(3, 350, 400) },
      ];
      for (const event of events) {
        state = next(state, event);
        await chunks.write(state);
        expect(await chunks.read(job, '3')).toEqual(state);
      }
      expect(state.state).toBe('committed');
    });

    test('one of a table comes back too, on its way to another one', async () => {
      const range = { after: ['a', "'é\n"], upTo: null };
      let state = next(freshChunk(job, { id: '3', key: 'public.t', range }), { kind: 'lease' });
      await chunks.write(state);
      state = next(state, { kind: 'hand-over', part: part(1) });
      await chunks.write(state);
      expect(await chunks.read(job, '3')).toEqual(state);
    });

    test('of many who take one chunk at once one does', async () => {
      const outcomes = await Promise.allSettled([0, 1, 2, 3].map(() => chunks.write(leased())));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(Conflict);
    });

    test('what was decided upon an older version is not written', async () => {
      const first = leased();
      await chunks.write(first);
      const given = next(first, { kind: 'release', attempt: 1 });
      await chunks.write(given);
      await expect(chunks.write(next(first, { kind: 'commit', part: part(1) }))).rejects.toBeInstanceOf(
        Conflict,
      );
      await expect(chunks.write(first)).rejects.toBeInstanceOf(Conflict);
      expect(await chunks.read(job, '3')).toEqual(given);
      await expect(chunks.write({ ...leased('4'), version: 5 })).rejects.toBeInstanceOf(Conflict);
    });

    test('all of a job are one list, whatever their number, and of no other job', async () => {
      const stderr = 'x'.repeat(4000);
      const many = Array.from({ length: 300 }, (_, i) => {
        const failure = { kind: 'command', message: 'no', stderr } as const;
        return { ...leased(String(i)), lastFailure: failure };
      });
      for (const state of many) await chunks.write(state);
      await chunks.write({ ...leased('1'), job: `${job}x` });
      const found = await listed(chunks.list(job));
      expect(found.map(({ chunk }) => Number(chunk.id)).sort((a, b) => a - b)).toEqual(many.map((_, i) => i));
    });
  });
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
