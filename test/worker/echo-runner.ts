/** Commands that say what they hear, in this process: for tests of many chunks, to which a process each would take minutes. */
import { PassThrough, Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { CommandProcess, CommandRunner } from '../../worker/runner.ts';

export class EchoRunner implements CommandRunner {
  readonly gone = false;

  async start(): Promise<CommandProcess> {
    const both = new PassThrough();
    const exit = finished(both, { readable: false }).then(() => ({ code: 0, signal: null, oomKills: 0 }));
    return { stdin: both, stdout: both, stderr: Readable.from([]), exit, kill: () => both.destroy() };
  }
}
