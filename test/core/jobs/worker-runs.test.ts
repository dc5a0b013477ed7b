/** How fast each worker is, by what it finished last. */
import { describe, expect, it } from 'vitest';
import { type ChunkState, freshChunk, type Part } from '#core/jobs/chunk.ts';
import { addedRun, placeOfRun, runPlaces, type WorkerRun, workerRates } from '#core/jobs/worker-runs.ts';
import { addSeconds } from '#core/names.ts';
import { chunk, part } from './samples.ts';

const now = '2026-07-01T10:00:00.000Z';
const run = (slot: number, secondsAgo: number, more: Partial<WorkerRun> = {}): WorkerRun => ({
  ...{ slot, at: addSeconds(now, -secondsAgo), bytes: 1000, records: 10, milliseconds: 500 },
  ...more,
});
const rate = (bytesPerSecond: number, recordsPerSecond: number, secondsAgo: number) => ({
  ...{ bytesPerSecond, recordsPerSecond, at: addSeconds(now, -secondsAgo) },
});

describe('the rate of a worker', () => {
  it.each<[string, readonly WorkerRun[], readonly [number, ReturnType<typeof rate>][]]>([
    ['before any has finished anything', [], []],
    ['of one run', [run(0, 5)], [[0, rate(2000, 20, 5)]]],
    [
      'of several, each by its time',
      [run(0, 90), run(0, 5, { bytes: 5000, milliseconds: 2500 })],
      [[0, rate(2000, 7, 5)]],
    ],
    [
      'of each its own',
      [run(0, 5), run(7, 9, { bytes: 100 })],
      [
        [0, rate(2000, 20, 5)],
        [7, rate(200, 20, 9)],
      ],
    ],
    [
      'not of what was long ago',
      [run(0, 601, { bytes: 9_000_000 }), run(0, 600)],
      [[0, rate(2000, 20, 600)]],
    ],
    [
      'of the last one, where all were',
      [run(0, 7200, { bytes: 1 }), run(0, 3600)],
      [[0, rate(2000, 20, 3600)]],
    ],
    ['of what took no time', [run(0, 5, { milliseconds: 0 })], [[0, rate(1_000_000, 10_000, 5)]]],
  ])('%s', (_, runs, expected) => {
    expect([...workerRates(runs, now)]).toEqual(expected);
  });
});

describe('what a write adds', () => {
  const by = { slot: 20, at: now };
  const fresh = freshChunk('j1', chunk);
  const having = (...parts: Part[]): ChunkState => ({ ...fresh, state: 'committed', parts });
  const added = { slot: 20, at: now, bytes: 105, records: 1, milliseconds: 5 };

  it.each<[string, ChunkState | undefined, ChunkState, WorkerRun | undefined]>([
    ['its part', fresh, having({ ...part(1), ...by }), added],
    [
      'the part behind a checkpoint',
      having(part(1, 200, 305)),
      having(part(1, 200, 305), { ...part(1), ...by }),
      added,
    ],
    [
      'nothing where there is no new one',
      having({ ...part(1), ...by }),
      having({ ...part(1), ...by }),
      undefined,
    ],
    ['nothing of a worker that does not say which it is', fresh, having(part(1)), undefined],
    [
      'nothing of a step',
      undefined,
      { ...having({ ...part(1), ...by }), chunk: { id: 'reduce-1', key: 'results' } },
      undefined,
    ],
  ])('%s', (_, before, after, expected) => {
    expect(addedRun(before, after)).toEqual(expected);
  });

  it('takes the place of no other worker, of as many as there are places', () => {
    const places = Array.from({ length: runPlaces }, (_, slot) => placeOfRun(run(slot, 0)));
    expect(new Set(places).size).toBe(runPlaces);
  });
});
