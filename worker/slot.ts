/**
 * Commands in the container beside ours. A shim there (image/shim) starts and ends them as it is told by a socket; what they
 * read and write goes through three FIFOs in a folder that both containers see, and that container can't write to.
 * Whatever the shim says may be the command's own words: it is parsed, and believed for that command's fate alone.
 */
import { constants as files, fstatSync, openSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { parseJson, Rejected } from '#core/errors.ts';
import * as z from '#core/zod.ts';
import type { CommandProcess, CommandRunner, Exit } from './runner.ts';

const Word = z.discriminatedUnion('is', [
  z.object({ is: z.literal('open') }),
  z.object({
    is: z.literal('ended'),
    code: z.nullable(z.int()),
    signal: z.nullable(z.int()),
    why: z.optional(z.string()),
    oomKills: z.nullable(z.int()),
  }),
]);
type Word = z.infer<typeof Word>;
const longestWord = 10_000;

/** The shim went without a word, and we are still here: in its container only the kernel could end it, for want of memory. */
const killedWithItsContainer: Exit = { code: null, signal: 'SIGKILL', oomKills: 1 };

export class Slot implements CommandRunner {
  readonly #folder: string;
  readonly #control: Socket;
  #heard: (word: Word) => void = () => undefined;
  readonly #lost: Promise<void>;
  #before: Promise<unknown> = Promise.resolve();
  /** What was said that no shim says: why the line was closed. */
  #nonsense: string | undefined;

  /** Waits for the shim, which comes when its image is there. The first who calls is it: no command runs before. */
  static async open(folder: string, signal: AbortSignal): Promise<Slot> {
    const server = createServer();
    const called = Promise.withResolvers<Socket>();
    server.once('connection', (socket) => {
      // Its name goes with it: nobody else calls.
      server.close();
      called.resolve(socket);
    });
    server.once('error', called.reject);
    const stop = () => called.reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    try {
      signal.throwIfAborted();
      server.listen({ path: join(folder, 'control'), readableAll: true, writableAll: true });
      return new Slot(folder, await called.promise);
    } finally {
      signal.removeEventListener('abort', stop);
      server.close();
    }
  }

  private constructor(folder: string, control: Socket) {
    this.#folder = folder;
    this.#control = control;
    this.#lost = closed(control);
    // Its closing tells all there is to know.
    control.on('error', () => undefined);
    let rest = '';
    control.setEncoding('utf8').on('data', (some: string) => {
      const lines = `${rest}${some}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of [...lines, ...(rest.length > longestWord ? [rest] : [])]) this.#hear(line);
    });
  }

  #hear(line: string): void {
    if (this.#nonsense !== undefined) return;
    try {
      if (line.length > longestWord) throw new Rejected(`the shim said more than ${longestWord} characters`);
      this.#heard(parseJson(Word, line, "the shim's word"));
    } catch (error) {
      // Who speaks so is not the shim any more.
      this.#nonsense = error instanceof Error ? error.message : String(error);
      this.#control.destroy();
    }
  }

  get gone(): boolean {
    return this.#control.destroyed;
  }

  async start(command: readonly string[], env: Readonly<Record<string, string>>): Promise<CommandProcess> {
    // Its ends of the FIFOs are closed then.
    await this.#before;
    const open = this.#next('open');
    this.#say({ do: 'run', command, env: Object.entries(env).map(([name, value]) => `${name}=${value}`) });
    if ((await open) === undefined) throw new Error('the container of commands is gone');
    const stdin = this.#fifo('in', files.O_WRONLY);
    const stdout = this.#fifo('out', files.O_RDONLY);
    const stderr = this.#fifo('err', files.O_RDONLY);
    this.#before = Promise.allSettled([stdin, stdout, stderr].map((stream) => closed(stream)));
    const ended = this.#next('ended');
    this.#say({ do: 'go' });
    const exit = ended.then((word) => (word === undefined ? this.#exitWithShim() : exitOf(word)));
    return { stdin, stdout, stderr, exit, kill: () => this.#say({ do: 'kill' }) };
  }

  #exitWithShim(): Exit {
    if (this.#nonsense === undefined) return killedWithItsContainer;
    return { code: 127, signal: null, why: this.#nonsense, oomKills: undefined };
  }

  /** Closes the line: the shim ends, and its container with it. */
  close(): void {
    this.#control.destroy();
  }

  #say(order: Readonly<Record<string, unknown>>): void {
    if (!this.gone) this.#control.write(`${JSON.stringify(order)}\n`);
  }

  /** Undefined where the shim is gone. */
  #next<K extends Word['is']>(is: K): Promise<Extract<Word, { is: K }> | undefined> {
    const isIt = (word: Word): word is Extract<Word, { is: K }> => word.is === is;
    const word = new Promise<Extract<Word, { is: K }>>((resolve) => {
      this.#heard = (heard) => {
        if (isIt(heard)) resolve(heard);
      };
    });
    return Promise.race([word, this.#lost.then(() => undefined)]);
  }

  /** Never waits, for the shim holds the other end; and never opens what is no FIFO. */
  #fifo(name: string, how: number): Socket {
    const fd = openSync(join(this.#folder, name), how | files.O_NONBLOCK | files.O_NOFOLLOW);
    if (!fstatSync(fd).isFIFO()) throw new Error(`${name} of the slot is no FIFO`);
    const writes = how === files.O_WRONLY;
    return new Socket({ fd, readable: !writes, writable: writes });
  }
}

const closed = (stream: Socket): Promise<void> =>
  new Promise((resolve) => {
    stream.once('close', () => resolve());
  });

function exitOf({ code, signal, why, oomKills }: Extract<Word, { is: 'ended' }>): Exit {
  return {
    code,
    signal: nameOf(signal),
    ...(why !== undefined && { why }),
    oomKills: oomKills ?? undefined,
  };
}

const isSignal = (name: string): name is NodeJS.Signals => name in constants.signals;
const signals = Object.keys(constants.signals).filter(isSignal);

/** One that we have no name for ended it all the same. */
const nameOf = (number: number | null): NodeJS.Signals | null =>
  number === null ? null : (signals.find((name) => constants.signals[name] === number) ?? 'SIGKILL');
