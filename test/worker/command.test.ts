/** A command's end as the worker hears it: of its exit, its output and its complaints, each may come first. */
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { RunningCommand } from '../../worker/command.ts';
import type { CommandProcess } from '../../worker/runner.ts';
import { timers } from '../../worker/timers.ts';

it('is not told before its last words were heard', async () => {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const process: CommandProcess = {
    ...{ stdin, stdout, stderr },
    exit: Promise.resolve({ code: 3, signal: null, oomKills: 0 }),
    kill: () => undefined,
  };
  const running = await RunningCommand.start(
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
  stdout.end();
  const ending = running.finish();
  await sleep(20);
  stderr.end('no such thing\n');
  expect(await ending).toMatchObject({ code: 3, stderr: 'no such thing\n' });
});
