/** What a command prints without an end. */
import { expect, it } from 'vitest';
import { WorkerWorld } from './world.ts';

it('fails its chunk where the room ends, at once, and ends the command', async () => {
  // It would print for ever, and reads nothing.
  const world = new WorkerWorld({ command: ['yes'] });
  world.objects.outputBytes = 1_000_000;
  await world.enqueue({ a: 'a record\n' }, 1000);
  await world.work();
  expect(await world.states()).toMatchObject([
    {
      state: 'failed',
      attempts: 1,
      parts: [],
      lastFailure: { kind: 'output-too-large', message: 'more than 1000000 bytes of results' },
    },
  ]);
  expect(world.objects.unfinished.size).toBe(0);
  expect(world.objects.results.size).toBe(0);
  expect(world.queue.size).toBe(0);
});
