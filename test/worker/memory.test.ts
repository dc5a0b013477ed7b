/** Commands that have no memory left: their chunks are halved, as often as it takes. */
import { describe, expect, it } from 'vitest';
import { OwnRunner } from './own-runner.ts';
import { WorkerWorld } from './world.ts';

const numbers = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i}\n`).join('');
const sh = (script: string): string[] => ['sh', '-c', script];

describe('memory', () => {
  it('that was too small for a command: its chunk is halved, down to where halves fit', async () => {
    // It dies where it is given more than 600 KB at once.
    const script = 'n=$(wc -c); if [ $n -gt 1600000 ]; then kill -9 $$; fi; echo $n';
    const world = new WorkerWorld({ command: sh(script) });
    await world.enqueue({ a: numbers(400_000) }, 100_000_000);
    await world.work();
    const states = await world.states();
    expect(states.map(({ state, chunk }) => [chunk.id, state]).sort()).toEqual([
      ['0', 'halved'],
      ['0a', 'halved'],
      ['0aa', 'committed'],
      ['0ab', 'committed'],
      ['0b', 'halved'],
      ['0ba', 'committed'],
      ['0bb', 'committed'],
    ]);
    const counts = (await world.output()).trim().split('\n').map(Number);
    expect(counts.reduce((a, b) => a + b, 0)).toBe(numbers(400_000).length);
    expect(world.queue.size).toBe(0);
  });

  it('a command that kills itself though the kernel killed none has failed, no more', async () => {
    const runner = new OwnRunner();
    runner.oomKills = 0;
    const world = new WorkerWorld({ command: sh('kill -9 $$'), maxFailures: 1 }, runner);
    await world.enqueue({ a: numbers(120_000) }, 100_000_000);
    await world.work();
    expect(await world.states()).toMatchObject([
      { state: 'failed', lastFailure: { kind: 'command', signal: 'SIGKILL' } },
    ]);
  });
});
