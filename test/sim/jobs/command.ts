/** Commands of data jobs: what one reads it writes, as it is or sorted, unless it is to fail. */
import { PassThrough, Writable } from 'node:stream';
import type { CommandProcess, CommandRunner, Exit } from '../../../worker/runner.ts';
import type { Timers } from '../../../worker/timers.ts';

export interface Fate {
  readonly seconds: number;
  readonly exit: Exit;
}
export const well: Exit = { code: 0, signal: null, oomKills: 0 };

export class SimulatedCommands implements CommandRunner {
  readonly gone = false;
  readonly #timers: Timers;
  readonly #fateOf: (chunk: string) => Fate;

  constructor(timers: Timers, fateOf: (chunk: string) => Fate) {
    this.#timers = timers;
    this.#fateOf = fateOf;
  }

  async start([program]: readonly string[], env: Readonly<Record<string, string>>): Promise<CommandProcess> {
    const { seconds, exit: fate } = this.#fateOf(env['CHUNK_ID'] ?? '');
    const { promise: exit, resolve } = Promise.withResolvers<Exit>();
    const read: Buffer[] = [];
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    let isOver = false;
    const end = (how: Exit, output: Buffer): void => {
      if (isOver) return;
      isOver = true;
      stdout.end(output);
      stderr.end(how.code === 0 ? '' : 'it says why');
      resolve(how);
    };
    const isSorted = program === 'sort';
    const done = () => end(fate, fate.code === 0 ? outputOf(Buffer.concat(read), isSorted) : Buffer.alloc(0));
    const stdin = new Writable({
      write: (bytes: Buffer, _, taken) => {
        // Its memory is used again.
        read.push(Buffer.from(bytes));
        taken();
      },
      final: (taken) => {
        this.#timers.after(seconds * 1000, done);
        taken();
      },
    });
    const killed: Exit = { code: null, signal: 'SIGKILL', oomKills: 0 };
    return { stdin, stdout, stderr, exit, kill: () => end(killed, Buffer.alloc(0)) };
  }
}

function outputOf(bytes: Buffer, isSorted: boolean): Buffer {
  return isSorted ? sortedLines(bytes) : bytes;
}

/** As `LC_ALL=C sort` has them: they are of ASCII. */
export function sortedLines(bytes: Buffer): Buffer {
  const lines = bytes.toString('latin1').split('\n').filter(Boolean).sort();
  return Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1');
}
