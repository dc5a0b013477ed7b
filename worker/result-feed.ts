/** The results of all chunks, in the order of the input or merged, as what a command is fed that brings them together. */
import { readLines } from '#adapters/json-lines.ts';
import { usedUp } from '#adapters/used-up.ts';
import { Retryable } from '#core/errors.ts';
import type { Part } from '#core/jobs/chunk.ts';
import { filesBelow, ManifestLine } from '#core/jobs/job-files.ts';
import { linesOf, mergedLines } from '#core/jobs/merge.ts';
import { InputFailed, type JobObjects } from '#core/jobs/ports.ts';
import { mostMerged, type Order } from '#core/jobs/reduce.ts';
import type { JobSpec } from '#core/jobs/spec.ts';
import { crc32 } from './crc32.ts';
import type { Feed, Give, Read } from './feed.ts';

interface ResultDeps {
  readonly spec: JobSpec;
  readonly objects: Pick<JobObjects, 'result'>;
}

const mostLineBytes = 256 * 1024;
/** Of merged lines so much is gathered before it is given on. */
const blockBytes = 256 * 1024;
const lineFeed = Buffer.from('\n');

interface Result {
  readonly chunk: string;
  readonly output: NonNullable<Part['output']>;
}

export class ResultFeed implements Feed {
  readonly start = 0;
  readonly #deps: ResultDeps;
  readonly #signal: AbortSignal;

  constructor(deps: ResultDeps, signal: AbortSignal) {
    this.#deps = deps;
    this.#signal = signal;
  }

  /** Of what was given; `records` are results. */
  async read(give: Give): Promise<Read> {
    const { reduce } = this.#deps.spec;
    const read = { from: 0, to: 0, records: 0, crc32: 0 };
    const blocks = reduce?.kind === 'merge' ? this.#merged(reduce, read) : this.#inOrder(read);
    for await (const bytes of blocks) {
      read.to += bytes.length;
      read.crc32 = crc32(bytes, read.crc32);
      await give(bytes);
      usedUp(bytes);
    }
    return read;
  }

  async header(): Promise<undefined> {
    return undefined;
  }

  async *#inOrder(read: { records: number }): AsyncGenerator<Uint8Array> {
    for await (const { output } of this.#results()) {
      read.records += 1;
      yield* this.#bytesOf(output);
    }
  }

  async *#merged(order: Order, read: { records: number }): AsyncGenerator<Uint8Array> {
    const results: Result[] = [];
    for await (const result of this.#results()) {
      if (results.length === mostMerged)
        throw new InputFailed(
          `there are more than ${mostMerged} results, and so many are merged at most: make larger chunks (chunkMiB), or fewer objects`,
        );
      results.push(result);
    }
    read.records = results.length;
    const sources = results.map(({ chunk, output }) => ({
      name: `the result of chunk ${chunk}`,
      lines: linesOf(this.#bytesOf(output), mostLineBytes),
    }));
    let gathered: Uint8Array[] = [];
    let bytes = 0;
    for await (const line of mergedLines(sources, order)) {
      gathered.push(line, lineFeed);
      bytes += line.length + 1;
      if (bytes < blockBytes) continue;
      yield Buffer.concat(gathered, bytes);
      [gathered, bytes] = [[], 0];
    }
    yield Buffer.concat(gathered, bytes);
  }

  async *#results(): AsyncGenerator<Result> {
    const { objects, spec } = this.#deps;
    for await (const { chunk, parts } of readLines(
      objects,
      filesBelow(spec.results.prefix).manifest,
      ManifestLine,
    ))
      for (const { output } of parts) if (output) yield { chunk, output };
  }

  /** @throws Retryable where they are not those that were written. */
  async *#bytesOf({ key, crc32: expected }: Result['output']): AsyncGenerator<Uint8Array> {
    let crc = 0;
    for await (const bytes of await this.#deps.objects.result(key, this.#signal)) {
      crc = crc32(bytes, crc);
      yield bytes;
    }
    if (crc !== expected) throw new Retryable(`${key} is not what was written there`);
  }
}
