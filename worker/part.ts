/** One run of the command over a range of records: read, cut, fed, its output kept, and what is to be said of it. */
import { pipeline, Readable } from 'node:stream';
import { crc32, createGunzip, createZstdDecompress } from 'node:zlib';
import { unreachable } from '#core/errors.ts';
import type { ChunkFailure, Part } from '#core/jobs/chunk.ts';
import type { Compression } from '#core/jobs/dataset.ts';
import type { Chunk } from '#core/jobs/plan.ts';
import { InputFailed, type JobObjects, OutputTooLarge, type Upload } from '#core/jobs/ports.ts';
import {
  type Cutter,
  cutterOf,
  type Range,
  RecordCutOff,
  RecordTooLarge,
  wholeStream,
} from '#core/jobs/records.ts';
import type { JobSpec } from '#core/jobs/spec.ts';
import { type Ending, RunningCommand } from './command.ts';
import { type Block, blocksOf, type Reading } from './ranges.ts';
import type { CommandRunner } from './runner.ts';

export interface PartDeps {
  readonly objects: JobObjects;
  readonly spec: JobSpec;
  readonly runner: CommandRunner;
  readonly reading: Reading;
  readonly now: () => number;
}

export class PartFailed extends Error {
  override readonly name = 'PartFailed';
  readonly failure: ChunkFailure;

  constructor(failure: ChunkFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** What most records are shorter than: read along with the range, so that its last one needs no call of its own. */
const tailBytes = 64 * 1024;

/** @throws PartFailed for what is the job's, and anything else for what is ours or passes. */
export async function runPart(
  deps: PartDeps,
  range: Chunk,
  attempt: number,
  signal: AbortSignal,
): Promise<Part> {
  const began = deps.now();
  const key = `${deps.spec.results.prefix}${range.id}/${attempt}-${range.start}`;
  const run = new Run(deps, range, key, signal);
  try {
    const read = await run.feed();
    const output = await run.finish();
    const milliseconds = Math.round(deps.now() - began);
    return { ...read, attempt, milliseconds, ...(output && { output }) };
  } catch (error) {
    await run.abort();
    signal.throwIfAborted();
    const failure = failureOf(error);
    throw failure === undefined ? error : new PartFailed(failure);
  }
}

function failureOf(error: unknown): ChunkFailure | undefined {
  if (error instanceof PartFailed) return error.failure;
  if (error instanceof InputFailed || error instanceof RecordCutOff)
    return { kind: 'input', message: error.message };
  if (error instanceof OutputTooLarge) return { kind: 'output-too-large', message: error.message };
  if (error instanceof RecordTooLarge)
    return { kind: 'record-too-large', message: error.message, offset: error.offset };
  return undefined;
}

type Read = Pick<Part, 'from' | 'to' | 'records' | 'crc32'>;

class Run {
  readonly #deps: PartDeps;
  readonly #range: Chunk;
  readonly #signal: AbortSignal;
  readonly #upload: Upload;
  readonly #key: string;
  #command: RunningCommand | undefined;
  #written = { bytes: 0, crc32: 0 };

  constructor(deps: PartDeps, range: Chunk, key: string, signal: AbortSignal) {
    this.#deps = deps;
    this.#range = range;
    this.#signal = signal;
    this.#key = key;
    this.#upload = deps.objects.begin(key);
  }

  feed(): Promise<Read> {
    return this.#deps.spec.compression === 'none' ? this.#feedRange() : this.#feedWhole();
  }

  async #feedRange(): Promise<Read> {
    const cutter = this.#cutter(this.#range);
    let crc = 0;
    for await (const block of this.#blocks(cutter.readFrom, cutter.readTo + tailBytes)) {
      const ours = cutter.push(block.bytes);
      const given = ours.length > 0 ? this.#give(ours) : undefined;
      // While the command reads it.
      crc = crc32(ours, crc);
      await given;
      block.release();
      if (cutter.done) break;
    }
    cutter.end();
    return { ...cutter.found, crc32: crc };
  }

  /** The checksum is of the object's own bytes, the records are of what comes out of them. */
  async #feedWhole(): Promise<Read> {
    const { size } = this.#range;
    const { compression } = this.#deps.spec;
    let crc = 0;
    const counted = async function* (blocks: AsyncIterable<Block>): AsyncGenerator<Uint8Array> {
      for await (const { bytes, release } of blocks) {
        crc = crc32(bytes, crc);
        // The decompressor keeps what it is given until it is done with it.
        yield Buffer.from(bytes);
        release();
      }
    };
    const cutter = this.#cutter(wholeStream);
    const blocks = Readable.from(counted(this.#blocks(0, size)));
    const plain = pipeline(blocks, decompressor(compression), () => undefined);
    try {
      for await (const bytes of plain) {
        const ours = cutter.push(bytes);
        if (ours.length > 0) await this.#give(ours);
      }
    } catch (error) {
      throw asInput(error, `${this.#range.key} is no whole ${compression} file`);
    }
    cutter.end();
    return { from: 0, to: size, records: cutter.found.records, crc32: crc };
  }

  /** @returns what it wrote; undefined where there was no record, and so no command. */
  async finish(): Promise<Part['output']> {
    if (this.#command === undefined) return undefined;
    await this.#settle(this.#command);
    await this.#upload.finish();
    return { key: this.#key, ...this.#written };
  }

  async abort(): Promise<void> {
    this.#command?.kill();
    await this.#command?.finish().catch(() => undefined);
    await this.#upload.abort();
  }

  #cutter(range: Range): Cutter {
    return cutterOf(range, this.#deps.spec.records, this.#deps.spec.recordBytes);
  }

  #blocks(from: number, surely: number): AsyncGenerator<Block> {
    const { objects, reading } = this.#deps;
    return blocksOf({ objects, object: this.#range, signal: this.#signal, how: reading }, from, surely);
  }

  async #give(bytes: Uint8Array): Promise<void> {
    this.#command ??= await this.#start();
    await this.#command.write(bytes);
    if (this.#command.failed) await this.#settle(this.#command);
  }

  async #settle(command: RunningCommand): Promise<void> {
    const failure = this.#failureOf(await command.finish());
    if (failure) throw new PartFailed(failure);
  }

  async #start(): Promise<RunningCommand> {
    const { spec, runner } = this.#deps;
    const header = spec.header && this.#range.start > 0 ? await this.#header() : undefined;
    const command = await RunningCommand.start(runner, {
      command: spec.command,
      timeLimitMs: spec.timeLimitSeconds * 1000,
      env: { CHUNK_ID: this.#range.id, CHUNK_KEY: this.#range.key },
      signal: this.#signal,
      output: async (bytes) => {
        this.#written = {
          bytes: this.#written.bytes + bytes.length,
          crc32: crc32(bytes, this.#written.crc32),
        };
        await this.#upload.write(bytes);
      },
    });
    if (header) await command.write(header);
    return command;
  }

  /** The object's first record, whole: what is cut at offset 0 and behind it. */
  async #header(): Promise<Buffer> {
    const { size, key } = this.#range;
    const cutter = this.#cutter({ size, start: 0, end: 1, aligned: true, quoted: false, scanFrom: 0 });
    const parts: Buffer[] = [];
    for await (const block of this.#blocks(0, tailBytes)) {
      parts.push(Buffer.from(cutter.push(block.bytes)));
      block.release();
      if (cutter.done) break;
    }
    cutter.end();
    if (cutter.found.records !== 1)
      throw new InputFailed(`${key} begins with an empty record, not with a header`);
    return Buffer.concat(parts);
  }

  #failureOf({ code, signal, timedOut, stderr, oomKills }: Ending): ChunkFailure | undefined {
    if (timedOut) {
      const message = `the command was still running after ${this.#deps.spec.timeLimitSeconds} s`;
      return { kind: 'time-limit', message, stderr };
    }
    if (code === 0) return undefined;
    // Where the kernel does not say, nobody else kills so.
    const outOfMemory = oomKills === undefined ? signal === 'SIGKILL' || code === 137 : oomKills > 0;
    return {
      kind: outOfMemory ? 'out-of-memory' : 'command',
      message: signal === null ? `the command ended with code ${code}` : `the command was ended by ${signal}`,
      ...(code !== null && { exitCode: code }),
      ...(signal !== null && { signal }),
      stderr,
    };
  }
}

function decompressor(compression: Compression) {
  switch (compression) {
    case 'gzip':
      return createGunzip();
    case 'zstd':
      return createZstdDecompress();
    case 'none':
      throw new Error('nothing to decompress');
    default:
      return unreachable(compression);
  }
}

/** zlib's errors have codes of its own: Z_DATA_ERROR, Z_BUF_ERROR (it ends too early), ZSTD_error_…. */
function asInput(error: unknown, what: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!(error instanceof Error) || !/^(Z_|ZSTD_)/.test(code)) return error;
  return new InputFailed(`${what}: ${error.message}`, { cause: error });
}
