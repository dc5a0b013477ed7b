/** What is kept of a build when it has ended, whatever became of it. */
import { expect, test, vi } from 'vitest';
import { lineOf } from '#core/build-log.ts';
import { Retryable } from '#core/errors.ts';
import { web } from '../contracts/samples.ts';
import { building, image, scanning } from './ways.ts';
import { buildEvent, candidate, takersOf, type World } from './world.ts';

const name = '[1/1] FROM debian';
const print = (world: World, number: number, ...texts: string[]) =>
  world.buildLogs.write(web, number, ...texts.map((text) => lineOf(0, text)));
const steps = async (world: World, number = 1) => (await world.buildRecords.read(web, number))?.steps;

test.each(['SUCCEEDED', 'FAILED', 'FAULT', 'STOPPED', 'TIMED_OUT'])(
  'each end of a build (%s) is told to the stage, and what its log says of its steps is kept',
  async (status) => {
    const world = await scanning();
    print(world, 1, `#1 ${name}`, '#1 DONE 2.5s');
    const event = buildEvent(status, 'b-1', candidate, 'build-1');
    expect(takersOf(event)).toEqual(['build']);
    await world.deliver('build', event);
    expect(await steps(world)).toEqual([{ name, seconds: 2.5, how: 'done' }]);
  },
);

test('a build that goes on, or was started by hand, has none that are kept', async () => {
  const world = await building();
  print(world, 1, `#1 ${name}`);
  await world.deliver('build', buildEvent('IN_PROGRESS', 'b-1', candidate, 'build-1'));
  await world.deliver('build', buildEvent('FAILED', 'b-1', candidate, 'mine'));
  await world.deliver('build', buildEvent('FAILED', 'b-1', candidate, 'build-7'));
  expect(await Promise.all([1, 7].map((number) => steps(world, number)))).toEqual([undefined, undefined]);
  expect(world.dead).toEqual([]);
});

test('the event that comes twice, and late, changes nothing of what was whole', async () => {
  const world = await scanning();
  const event = buildEvent('SUCCEEDED', 'b-1', candidate, 'build-1');
  print(world, 1, `#1 ${name}`);
  await world.deliver('build', event);
  expect(await steps(world)).toMatchObject([{ how: 'not ended' }]);
  print(world, 1, '#1 DONE 1.0s');
  await world.deliver('build', event);
  expect(await steps(world)).toMatchObject([{ how: 'done' }]);
  print(world, 1, '#2 [2/2] RUN strange');
  await world.deliver('build', event);
  expect(await steps(world)).toHaveLength(1);
});

test('a log that can not be read now is read when the message comes again; the build went on meanwhile', async () => {
  const world = await building();
  await world.deliver('build', { kind: 'look', environment: web });
  const [id = ''] = world.builder.builds.keys();
  world.registry.push(candidate, image, 'build-1');
  world.builder.end(id);
  print(world, 1, `#1 ${name}`, '#1 DONE 1.0s');
  vi.spyOn(world.buildLogs, 'read').mockRejectedValueOnce(new Retryable('throttled'));
  const event = buildEvent('SUCCEEDED', id, candidate, 'build-1');
  await expect(world.deliver('build', event)).rejects.toThrow('throttled');
  expect((await world.environment()).candidate.phase).toBe('scanning');
  await world.deliver('build', event);
  expect(await steps(world)).toHaveLength(1);
});
