/** A worker that brings the results of all chunks together: end to end, through a command, merged; and what is not as it was written. */
import { describe, expect, it } from 'vitest';
import { Retryable } from '#core/errors.ts';
import { manifestLine } from '#core/jobs/job-files.ts';
import type { Reduce } from '#core/jobs/reduce.ts';
import { WorkerWorld } from './world.ts';

const sh = (script: string): string[] => ['sh', '-c', script];
const input = Array.from({ length: 3000 }, (_, i) => `${(i * 7919) % 3001}\n`).join('');

/** All chunks are done, and the manifest is there, as the stage of jobs writes it. */
async function done(reduce: Reduce, command = sh('LC_ALL=C sort')): Promise<WorkerWorld> {
  const world = new WorkerWorld({ reduce, command });
  await world.enqueue({ a: input }, 2000);
  await world.work();
  const lines = (await world.states()).map((state) => `${JSON.stringify(manifestLine(state))}\n`);
  world.objects.results.set('jobs/j1/manifest.ndjson', Buffer.from(lines.join('')));
  return world;
}
async function reduced(world: WorkerWorld): Promise<string> {
  await world.queue.send([{ job: 'j1', chunk: { id: 'reduce-7', key: 'results' } }]);
  await world.work();
  const state = await world.chunks.read('j1', 'reduce-7');
  expect(state, JSON.stringify(state?.lastFailure)).toMatchObject({ state: 'committed' });
  return String(world.objects.results.get(state?.parts[0]?.output?.key ?? '') ?? '');
}
const failure = async (world: WorkerWorld) => (await world.chunks.read('j1', 'reduce-7'))?.lastFailure;
const merge = { kind: 'merge', separator: '\t' } as const;

describe('results', () => {
  it('end to end are the output of all chunks, in their order', async () => {
    const world = await done({ kind: 'concatenate' }, ['cat']);
    expect(await reduced(world)).toBe(input);
    // A step of the job is no chunk of it.
    expect((await world.states()).map(({ chunk }) => chunk.id)).not.toContain('reduce-7');
  });

  it('through a command are what it makes of them', async () => {
    const world = await done({ kind: 'command', command: sh('wc -l') }, ['cat']);
    expect((await reduced(world)).trim()).toBe('3000');
  });

  it('merged are in order, as all of the input sorted at once', async () => {
    const world = await done(merge);
    const sorted = input.trimEnd().split('\n').sort().join('\n');
    expect(await reduced(world)).toBe(`${sorted}\n`);
  });

  it('of which there are none run the command too, and are an empty file without one', async () => {
    const counted = await done({ kind: 'command', command: sh('wc -l') }, sh('cat >/dev/null'));
    expect((await reduced(counted)).trim()).toBe('0');
    const empty = await done({ kind: 'concatenate' }, sh('cat >/dev/null'));
    expect(await reduced(empty)).toBe('');
  });

  it('that are not in order are told of, by their chunk and line, and are not tried again', async () => {
    const world = await done(merge, ['cat']);
    await world.queue.send([{ job: 'j1', chunk: { id: 'reduce-7', key: 'results' } }]);
    await world.work();
    expect(await failure(world)).toMatchObject({
      kind: 'input',
      message: expect.stringMatching(/the result of chunk \d+ is not in order at its line \d+/),
    });
    expect((await world.chunks.read('j1', 'reduce-7'))?.attempts).toBe(1);
    expect(world.objects.unfinished.size).toBe(0);
  });

  it('whose command fails say what it said, after all its tries', async () => {
    const world = await done({ kind: 'command', command: sh('echo no room >&2; exit 4') });
    await world.queue.send([{ job: 'j1', chunk: { id: 'reduce-7', key: 'results' } }]);
    await world.work();
    expect(await failure(world)).toMatchObject({ kind: 'command', exitCode: 4, stderr: 'no room\n' });
    expect((await world.chunks.read('j1', 'reduce-7'))?.failures).toBe(world.spec.maxFailures);
  });

  it('that are not what was written are read again, and nothing comes of it', async () => {
    const world = await done({ kind: 'concatenate' }, ['cat']);
    const [state] = await world.states();
    const { key = '', bytes = 0 } = state?.parts[0]?.output ?? {};
    world.objects.results.set(key, Buffer.alloc(bytes, 'something else'));
    await world.queue.send([{ job: 'j1', chunk: { id: 'reduce-7', key: 'results' } }]);
    await expect(world.work()).rejects.toBeInstanceOf(Retryable);
    expect(await world.chunks.read('j1', 'reduce-7')).toMatchObject({ state: 'waiting', parts: [] });
    expect(world.objects.unfinished.size).toBe(0);
  });
});
