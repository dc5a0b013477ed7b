/** One run of a command over a range of records, or over all results: read, cut, fed, its output kept, and what is to be said of it. */
import { type ChunkFailure, isOfObject, type Part } from '#core/jobs/chunk.ts';
import { type FileFeed, withFile } from '#core/jobs/file-feed.ts';
import type { AnyChunk, Chunk } from '#core/jobs/plan.ts';
import type { Upload } from '#core/jobs/ports.ts';
import type { JobSpec } from '#core/jobs/spec.ts';
import type { PlanChunk } from '#core/jobs/sql/table.ts';
import { isReducing } from '#core/jobs/steps.ts';
import type { ChunkFile, ChunkFiles } from './chunk-file.ts';
import { type Ending, RunningCommand } from './command.ts';
import { failureOf, PartFailed } from './failure.ts';
import type { Feed, Read } from './feed.ts';
import { FramesFeed } from './frames-feed.ts';
import { type ObjectDeps, ObjectFeed } from './object-feed.ts';
import { ParquetFeed } from './parquet-feed.ts';
import { ResultFeed } from './result-feed.ts';
import { type RowDeps, RowFeed } from './row-feed.ts';
import type { CommandRunner } from './runner.ts';

type Fed = Exclude<AnyChunk, PlanChunk>;
const nothing = Buffer.alloc(0);

export interface PartDeps extends ObjectDeps, RowDeps {
  readonly runner: CommandRunner;
  /** Where commands get a file; absent where none do. */
  readonly files?: ChunkFiles;
  readonly now: () => number;
}

/** @throws PartFailed for what is the job's, and anything else for what is ours or passes. */
export async function runPart(
  deps: PartDeps,
  chunk: Fed,
  attempt: number,
  signal: AbortSignal,
): Promise<Part> {
  const began = deps.now();
  const run = new Run(deps, chunk, attempt, signal);
  try {
    const read = await run.feed();
    const output = await run.finish();
    const milliseconds = Math.round(deps.now() - began);
    return { ...read, attempt, milliseconds, ...(output && { output }) };
  } catch (error) {
    await run.abort();
    signal.throwIfAborted();
    const failure = failureOf(error);
    throw failure === undefined || error instanceof PartFailed ? error : new PartFailed(failure);
  }
}

function feedOf(deps: PartDeps, chunk: Fed, signal: AbortSignal): Feed {
  if (isOfObject(chunk)) return objectFeedOf(deps, chunk, signal);
  return isReducing(chunk) ? new ResultFeed(deps, signal) : new RowFeed(deps, chunk, signal);
}

function objectFeedOf(deps: PartDeps, chunk: Chunk, signal: AbortSignal): Feed {
  const { records, compression } = deps.spec;
  if (records.kind === 'parquet') return new ParquetFeed(deps, chunk, signal);
  return compression === 'zstd-seekable'
    ? new FramesFeed(deps, chunk, signal)
    : new ObjectFeed(deps, chunk, signal);
}

function ordersOf({ command, reduce }: JobSpec, chunk: Fed): readonly string[] | undefined {
  if (!isReducing(chunk)) return command;
  return reduce?.kind === 'command' ? reduce.command : undefined;
}

class Run {
  readonly #deps: PartDeps;
  readonly #chunk: Fed;
  /** Where there is none, what is read is the output. */
  readonly #orders: readonly string[] | undefined;
  readonly #feed: Feed;
  readonly #signal: AbortSignal;
  readonly #upload: Upload;
  readonly #key: string;
  #command: RunningCommand | undefined;
  #file: ChunkFile | undefined;
  /** In the object: up to where the command had it. A file is whole before its command runs, and says nothing of that. */
  #given: number | undefined;

  constructor(deps: PartDeps, chunk: Fed, attempt: number, signal: AbortSignal) {
    this.#deps = deps;
    this.#chunk = chunk;
    this.#feed = feedOf(deps, chunk, signal);
    this.#orders = ordersOf(deps.spec, chunk);
    this.#signal = signal;
    this.#key = `${deps.spec.results.prefix}${chunk.id}/${attempt}-${this.#feed.start}`;
    this.#upload = deps.objects.begin(this.#key);
  }

  async feed(): Promise<Read> {
    // Over no results at all it runs too: who counts them counts none.
    if (isReducing(this.#chunk)) await this.#give(nothing);
    return this.#feed.read((bytes) => this.#give(bytes));
  }

  /** @returns what it wrote; undefined where there was no record, and so no command. */
  async finish(): Promise<Part['output']> {
    if (this.#file && this.#orders) await this.#readsFile(this.#file, this.#orders);
    else if (this.#command) await this.#settle(this.#command);
    else if (this.#orders) return undefined;
    return { key: this.#key, ...(await this.#upload.finish()) };
  }

  async abort(): Promise<void> {
    this.#command?.kill();
    await this.#command?.finish().catch(() => undefined);
    await this.#file?.remove();
    await this.#upload.abort();
  }

  async #give(bytes: Uint8Array): Promise<void> {
    if (this.#orders === undefined) return this.#upload.write(bytes);
    if (this.#deps.spec.file && !isReducing(this.#chunk)) {
      this.#file ??= await this.#begin(this.#deps.spec.file);
      return this.#file.write(bytes);
    }
    this.#command ??= await this.#fed(this.#orders);
    if (!this.#command.deaf) this.#given = this.#feed.given;
    await this.#command.write(bytes);
    if (this.#command.failed) await this.#settle(this.#command);
  }

  async #settle(command: RunningCommand): Promise<void> {
    const failure = this.#failureOf(await command.finish());
    if (failure) throw new PartFailed(failure, this.#feed.middle);
  }

  async #begin(feed: FileFeed): Promise<ChunkFile> {
    if (!this.#deps.files)
      throw new Error('the job wants its chunks in files, and there is no folder for them');
    const header = await this.#feed.header();
    const file = await this.#deps.files.create(feed);
    if (header) await file.write(header);
    return file;
  }

  /** It is whole before the command runs. */
  async #readsFile(file: ChunkFile, orders: readonly string[]): Promise<void> {
    await file.close();
    this.#command = await this.#start(withFile(orders, file.path), { CHUNK_FILE: file.path });
    await this.#settle(this.#command);
    await file.remove();
  }

  async #fed(orders: readonly string[]): Promise<RunningCommand> {
    const header = await this.#feed.header();
    const running = await this.#start(orders);
    if (header) await running.write(header);
    return running;
  }

  #start(command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RunningCommand> {
    const { spec, runner, timers } = this.#deps;
    return RunningCommand.start(runner, {
      command,
      timeLimitMs: spec.timeLimitSeconds * 1000,
      env: { CHUNK_ID: this.#chunk.id, CHUNK_KEY: this.#chunk.key, ...env },
      signal: this.#signal,
      timers,
      output: (bytes) => this.#upload.write(bytes),
    });
  }

  get #offset(): Pick<ChunkFailure, 'offset'> {
    return this.#given === undefined ? {} : { offset: this.#given };
  }

  #failureOf({ code, signal, timedOut, stderr, oomKills }: Ending): ChunkFailure | undefined {
    if (timedOut) {
      const message = `the command was still running after ${this.#deps.spec.timeLimitSeconds} s`;
      return { kind: 'time-limit', message, ...this.#offset, stderr };
    }
    if (code === 0) return undefined;
    // Where the kernel does not say, nobody else kills so.
    const outOfMemory = oomKills === undefined ? signal === 'SIGKILL' || code === 137 : oomKills > 0;
    const ended =
      signal === null ? `the command ended with code ${code}` : `the command was ended by ${signal}`;
    const whole = outOfMemory ? this.#feed.indivisible : undefined;
    return {
      kind: outOfMemory ? 'out-of-memory' : 'command',
      message: whole === undefined ? ended : `${ended}; ${whole}`,
      ...(code !== null && { exitCode: code }),
      ...(signal !== null && { signal }),
      ...this.#offset,
      stderr,
    };
  }
}
