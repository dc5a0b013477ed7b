/** What a worker finished says whose it was and when, so that people see how fast each is. */
import { describe, expect, it } from 'vitest';
import { work } from '../../worker/worker.ts';
import { WorkerWorld } from './world.ts';

describe('parts of chunks', () => {
  it('say which worker did them, and when: each checkpoint of them', async () => {
    const world = new WorkerWorld({ checkpointBytes: 1000 });
    const input = Array.from({ length: 200 }, (_, i) => `line ${i}\n`).join('');
    await world.enqueue({ a: input }, 2000);
    const began = new Date().toISOString();
    await work({ ...world.deps(), slot: 7 }, world.stop.signal);
    const parts = (await world.states()).flatMap(({ parts }) => parts);
    expect(parts.length).toBeGreaterThan(1);
    expect(new Set(parts.map(({ slot }) => slot))).toEqual(new Set([7]));
    for (const { at = '' } of parts) expect(at >= began).toBe(true);
    const runs = await world.chunks.runs('j1');
    expect(runs.map(({ slot }) => slot)).toEqual([7]);
  });
});
