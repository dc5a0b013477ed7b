import { expect, test } from 'vitest';
import { Board, Interrupted, type Renderer, StepFailure } from '#local/ui/board.ts';

function recorder(): { lines: string[]; renderer: Renderer } {
  const lines: string[] = [];
  const renderer: Renderer = {
    begin: () => undefined,
    started: ({ spec }) => lines.push(`> ${spec.title}`),
    noted: ({ spec, note }) => lines.push(`  ${spec.title}: ${note}`),
    ended: ({ spec, state }) => lines.push(`${state} ${spec.title}`),
    close: async () => undefined,
  };
  return { lines, renderer };
}

test('a step gets the results of what it needs, and starts when they are there', async () => {
  const { lines, renderer } = recorder();
  const board = new Board({ renderer });
  const two = board.step({ title: 'two' }, [], async () => 2);
  const three = board.step({ title: 'three' }, [two], async ([value], report) => {
    report.note('adds');
    return value + 1;
  });
  const times = await board.run();
  expect(await three).toBe(3);
  expect(times.map(({ title, note }) => [title, note])).toEqual([
    ['two', ''],
    ['three', 'adds'],
  ]);
  expect(lines).toEqual(['> two', 'done two', '> three', '  three: adds', 'done three']);
});

test('the first failure is thrown, cancels what runs and starts nothing more', async () => {
  const { lines, renderer } = recorder();
  const running = Promise.withResolvers<void>();
  const board = new Board({ renderer, cancel: () => running.reject(new Error('cancelled')) });
  board.step({ title: 'long' }, [], () => running.promise);
  const broken = board.step({ title: 'broken', advice: 'mend it' }, [], async () => {
    throw new Error('no disk');
  });
  board.step({ title: 'after' }, [broken], async () => undefined);
  const failure = await board.run().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(StepFailure);
  expect(failure).toMatchObject({ message: 'broken: no disk', step: { advice: 'mend it' } });
  expect(lines).toEqual(['> long', '> broken', 'failed broken', 'not started after', 'failed long']);
});

test('settle runs what does not need the failed step', async () => {
  const board = new Board({ renderer: recorder().renderer });
  const broken = board.step({ title: 'broken' }, [], async () => {
    throw new Error('no');
  });
  board.step({ title: 'after' }, [broken], async () => undefined);
  board.step({ title: 'other' }, [], async () => undefined);
  const outcomes = await board.settle();
  expect(outcomes.map(({ title, failure }) => [title, failure?.message])).toEqual([
    ['broken', 'broken: no'],
    ['after', undefined],
    ['other', undefined],
  ]);
});

test('an interrupted board starts nothing more', async () => {
  const { lines, renderer } = recorder();
  const board = new Board({ renderer });
  const first = board.step({ title: 'first' }, [], async () => board.stop(new Interrupted('SIGINT')));
  board.step({ title: 'second' }, [first], async () => undefined);
  await expect(board.run()).rejects.toThrow(/SIGINT/);
  expect(lines).not.toContain('> second');
});
