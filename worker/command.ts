/**
 * The user's command while it runs: fed as fast as it reads, its output taken as fast as it can be kept, its standard error's
 * end remembered, ended when its time is over, and nothing of it left then.
 */
import { finished } from 'node:stream/promises';
import { usedUp } from '#adapters/used-up.ts';
import type { CommandProcess, CommandRunner, Exit } from './runner.ts';
import type { Timers } from './timers.ts';

const stderrBytes = 4096;
/** What the command started may still write when it has ended itself. */
const lastWordsMs = 2000;

export interface Ending extends Omit<Exit, 'why'> {
  readonly timedOut: boolean;
  readonly stderr: string;
}

export interface Orders {
  readonly command: readonly string[];
  readonly timeLimitMs: number;
  /** Beside what it has where it runs. */
  readonly env: Readonly<Record<string, string>>;
  /** Takes its output; the command waits meanwhile. */
  readonly output: (bytes: Uint8Array) => Promise<void>;
  readonly signal: AbortSignal;
  readonly timers: Timers;
}

export class RunningCommand {
  readonly #process: CommandProcess;
  readonly #ending: Promise<Ending>;
  #stderr = Buffer.alloc(0);
  #timedOut = false;
  /** It reads no more: it has closed its input, or ended. */
  #deaf = false;
  #failed: unknown;
  /** Nothing of it is there any more. */
  #over = false;
  #code: number | null | undefined;

  static async start(runner: CommandRunner, orders: Orders): Promise<RunningCommand> {
    return new RunningCommand(await runner.start(orders.command, orders.env), orders);
  }

  private constructor(process: CommandProcess, { timeLimitMs, output, signal, timers }: Orders) {
    this.#process = process;
    const { stdin, stdout, stderr } = process;
    // Who does not read to the end may: it is told by EPIPE, and by ECONNRESET where something was still under way.
    stdin.on('error', () => {
      this.#deaf = true;
    });
    stderr.on('data', (bytes: Buffer) => {
      this.#stderr = Buffer.concat([this.#stderr, bytes]).subarray(-stderrBytes);
    });
    const inTime = timers.after(timeLimitMs, () => {
      this.#timedOut = true;
      this.kill();
    });
    const stop = () => this.kill();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) this.kill();
    // What it complained of at last may be on its way still when it has ended.
    const complained = finished(stderr, { writable: false }).catch(() => undefined);
    const said = Promise.all([this.#drain(stdout, output), complained]);
    this.#ending = this.#end(said, timers).finally(() => {
      inTime();
      signal.removeEventListener('abort', stop);
      this.kill();
      this.#over = true;
    });
    // It is waited for when all is fed.
    this.#ending.catch(() => undefined);
  }

  /** It has ended, and not well: there is no use in reading on. */
  get failed(): boolean {
    return this.#code !== undefined && this.#code !== 0;
  }

  /** It has closed its input, or ended: what it is given now goes nowhere. */
  get deaf(): boolean {
    return this.#deaf;
  }

  /** Resolves when the bytes may be used again. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#deaf) return;
    const { stdin } = this.#process;
    await new Promise<void>((resolve) => {
      stdin.write(bytes, (error) => {
        // The stream itself says so only once it is closed, and what comes meanwhile was not given.
        if (error) this.#deaf = true;
        resolve();
      });
    });
  }

  /** Nothing comes any more. @throws what its output's taker threw. */
  finish(): Promise<Ending> {
    this.#process.stdin.end();
    return this.#ending;
  }

  /** All of it, and at once. */
  kill(): void {
    if (!this.#over) this.#process.kill();
  }

  async #drain(stdout: AsyncIterable<Uint8Array>, output: Orders['output']): Promise<void> {
    try {
      for await (const bytes of stdout) {
        await output(bytes);
        usedUp(bytes);
      }
    } catch (error) {
      this.#failed = error;
      this.kill();
      throw error;
    }
  }

  async #end(said: Promise<unknown>, timers: Timers): Promise<Ending> {
    said.catch(() => undefined);
    const { why, ...exit } = await this.#process.exit;
    this.#code = exit.code;
    this.#deaf = true;
    this.#process.stdin.destroy();
    // A process that it left behind may hold the output open: it has had its time.
    const calledOff = timers.after(lastWordsMs, () => this.kill());
    await said.finally(calledOff);
    this.kill();
    return { ...exit, timedOut: this.#timedOut, stderr: why ?? this.#stderr.toString('utf8') };
  }
}
