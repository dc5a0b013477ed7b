/**
 * The user's command as a child process in a group of its own: fed as fast as it reads, its output taken as fast as it can
 * be kept, its standard error's end remembered, and nothing of it left when it is over.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const stderrBytes = 4096;
/** What the command started may still write when it has ended itself. */
const lastWordsMs = 2000;

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  readonly stderr: string;
}

export interface Orders {
  readonly command: readonly string[];
  readonly timeLimitMs: number;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Takes its output; the command waits meanwhile. */
  readonly output: (bytes: Uint8Array) => Promise<void>;
  readonly signal: AbortSignal;
}

export class RunningCommand {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ending: Promise<Ending>;
  #stderr = Buffer.alloc(0);
  #timedOut = false;
  /** It reads no more: it has closed its input, or ended. */
  #deaf = false;
  #failed: unknown;
  /** Nothing of its group is there any more, and its number may be another's. */
  #over = false;
  #code: number | null | undefined;

  constructor({ command: [program = '', ...args], timeLimitMs, env, cwd, output, signal }: Orders) {
    this.#child = spawn(program, args, {
      env,
      stdio: 'pipe',
      detached: true,
      ...(cwd !== undefined && { cwd }),
    });
    const { stdin, stdout, stderr } = this.#child;
    // Who does not read to the end may: it is told by EPIPE, and by ECONNRESET where something was still under way.
    stdin.on('error', () => {
      this.#deaf = true;
    });
    stderr.on('data', (bytes: Buffer) => {
      this.#stderr = Buffer.concat([this.#stderr, bytes]).subarray(-stderrBytes);
    });
    const timer = setTimeout(() => {
      this.#timedOut = true;
      this.kill();
    }, timeLimitMs);
    const stop = () => this.kill();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) this.kill();
    this.#ending = this.#end(this.#drain(stdout, output)).finally(() => {
      clearTimeout(timer);
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

  /** Resolves when the bytes may be used again. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#deaf) return;
    const { stdin } = this.#child;
    await new Promise<void>((resolve) => {
      stdin.write(bytes, () => resolve());
    });
  }

  /** Nothing comes any more. @throws what its output's taker threw. */
  finish(): Promise<Ending> {
    this.#child.stdin.end();
    return this.#ending;
  }

  /** The whole group, and at once. */
  kill(): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#over) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      // Nobody of it is there any more.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }

  async #drain(stdout: AsyncIterable<Uint8Array>, output: Orders['output']): Promise<void> {
    try {
      for await (const bytes of stdout) await output(bytes);
    } catch (error) {
      this.#failed = error;
      this.kill();
      throw error;
    }
  }

  async #end(drained: Promise<void>): Promise<Ending> {
    drained.catch(() => undefined);
    const { code, signal, why } = await exitOf(this.#child);
    this.#code = code;
    this.#deaf = true;
    this.#child.stdin.destroy();
    // A process that it left behind may hold the output open: it has had its time.
    await Promise.race([drained, sleep(lastWordsMs)]);
    this.kill();
    await drained;
    return { code, signal, timedOut: this.#timedOut, stderr: why ?? this.#stderr.toString('utf8') };
  }
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly why?: string;
}

/** One that could not be started ends as a shell would say it. */
const exitOf = (child: ChildProcessWithoutNullStreams): Promise<Exit> =>
  new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => resolve({ code: 127, signal: null, why: error.message }));
  });
