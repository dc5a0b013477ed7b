/** A command's end as the worker hears it: of its exit, its output and its complaints, each may come first. */
import { PassThrough, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { RunningCommand } from '../../worker/command.ts';
import type { CommandProcess } from '../../worker/runner.ts';
import { timers } from '../../worker/timers.ts';

const startedAs = (process: CommandProcess): Promise<RunningCommand> =>
  RunningCommand.start(
    { start: async () => process, gone: false },
    {
      command: ['x'],
      timeLimitMs: 10_000,
      env: {},
      output: async () => undefined,
      signal: new AbortController().signal,
      timers,
    },
  );

it('is not told before its last words were heard', async () => {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const running = await startedAs({
    ...{ stdin, stdout, stderr },
    exit: Promise.resolve({ code: 3, signal: null, oomKills: 0 }),
    kill: () => undefined,
  });
  stdout.end();
  const ending = running.finish();
  await sleep(20);
  stderr.end('no such thing\n');
  expect(await ending).toMatchObject({ code: 3, stderr: 'no such thing\n' });
});

it('hears nothing any more from the first write that fails, though its input closes later', async () => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const exit = Promise.withResolvers<Awaited<CommandProcess['exit']>>();
  const closes = Promise.withResolvers<void>();
  const stdin = new Writable({
    write: (_bytes, _encoding, done) => done(Object.assign(new Error('EPIPE'), { code: 'EPIPE' })),
    destroy: (error, done) => void closes.promise.then(() => done(error)),
  });
  const running = await startedAs({
    ...{ stdin, stdout, stderr },
    exit: exit.promise,
    kill: () => undefined,
  });
  expect(running.deaf).toBe(false);
  await running.write(Buffer.from('a'));
  expect(running.deaf).toBe(true);
  closes.resolve();
  stdout.end();
  stderr.end();
  exit.resolve({ code: 4, signal: null, oomKills: 0 });
  expect(await running.finish()).toMatchObject({ code: 4 });
});
