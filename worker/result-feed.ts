/** The results of all chunks, in the order of the input or merged, as what a command is fed that brings them together. */
import { readLines } from '#adapters/json-lines.ts';
import { Retryable } from '#core/errors.ts';
import type { Block } from '#core/jobs/block.ts';
import type { Part } from '#core/jobs/chunk.ts';
import { filesBelow, ManifestLine } from '#core/jobs/job-files.ts';
import { comparing, linesOf, mergedLines } from '#core/jobs/merge.ts';
import { InputFailed, type JobObjects } from '#core/jobs/ports.ts';
import { longestMerged, mergedAhead, mergeRoom, mostMerged, type Order } from '#core/jobs/reduce.ts';
import type { JobSpec } from '#core/jobs/spec.ts';
import { crc32 } from './crc32.ts';
import type { Feed, Give, Read } from './feed.ts';
import { Forecast } from './forecast.ts';
import { blocksOf, type Ranged, type Reading } from './ranges.ts';
import type { Timers } from './timers.ts';
import { Turnstile } from './turnstile.ts';

interface ResultDeps {
  readonly spec: JobSpec;
  readonly objects: Pick<JobObjects, 'result' | 'fillResult'>;
  readonly reading: Reading;
  readonly timers: Timers;
}

/** Of merged lines so much is gathered before it is given on: more than the longest of them. */
const blockBytes = 2 * longestMerged;
/**
 * Blocks of all results that are on their way at once: those ahead, and the one that is waited for. A client has 50 connections, and one
 * that waits for its answer to be read keeps its own: with a stream of each result all were taken, the next answer never came, and no
 * part of the output got a connection.
 */
const atOnce = mergedAhead + 1;
const lineFeed = 10;

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
    for await (const { bytes, release } of blocks) {
      const given = give(bytes);
      // While it is taken.
      read.crc32 = crc32(bytes, read.crc32);
      read.to += bytes.length;
      await given;
      release();
    }
    return read;
  }

  async header(): Promise<undefined> {
    return undefined;
  }

  async *#inOrder(read: { records: number }): AsyncGenerator<Block> {
    const { objects, reading: how, timers } = this.#deps;
    for await (const { output } of this.#results()) {
      read.records += 1;
      const of = rangedOf(output, objects.fillResult.bind(objects));
      yield* asWritten(output, blocksOf({ of, signal: this.#signal, how, timers }, 0, output.bytes));
    }
  }

  async *#merged(order: Order, read: { records: number }): AsyncGenerator<Block> {
    const results = await this.#atMost(mostMerged);
    read.records = results.length;
    const { objects, timers } = this.#deps;
    const turnstile = new Turnstile(atOnce);
    const room = mergeRoom(results.length);
    const stop = new AbortController();
    const forecast = new Forecast(
      results.map(({ output }) =>
        rangedOf(output, (...args) => turnstile.through(() => objects.fillResult(...args))),
      ),
      {
        blockBytes: room.blockBytes,
        ahead: mergedAhead,
        compare: comparing(order),
        signal: AbortSignal.any([this.#signal, stop.signal]),
        timers,
      },
    );
    const sources = results.map(({ chunk, output }, place) => ({
      name: `the result of chunk ${chunk}`,
      lines: linesOf(asWritten(output, forecast.blocksOf(place)), room.lineBytes),
    }));
    try {
      yield* gathered(mergedLines(sources, order));
    } finally {
      // Where one is not in order the others are on their way.
      stop.abort();
      forecast.end();
    }
  }

  async #atMost(count: number): Promise<Result[]> {
    const results: Result[] = [];
    for await (const result of this.#results()) {
      if (results.length === count)
        throw new InputFailed(
          `there are more than ${count} results, and so many are merged at most: make larger chunks (chunkMiB), or fewer objects`,
        );
      results.push(result);
    }
    return results;
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
}

const rangedOf = ({ key, bytes: size }: Result['output'], fillResult: JobObjects['fillResult']): Ranged => ({
  key,
  size,
  fill: (from, into, stop) => fillResult(key, from, into, stop),
});

/** @throws Retryable where they are not those that were written. */
async function* asWritten(
  { key, crc32: expected }: Result['output'],
  blocks: AsyncIterable<Block>,
): AsyncGenerator<Block> {
  let crc = 0;
  for await (const block of blocks) {
    crc = crc32(block.bytes, crc);
    yield block;
  }
  if (crc !== expected) throw new Retryable(`${key} is not what was written there`);
}

/** Lines with their ends. Each block is used again when the next one is asked for. */
async function* gathered(lines: AsyncIterable<Uint8Array>): AsyncGenerator<Block> {
  const buffer = Buffer.allocUnsafeSlow(blockBytes);
  const release = () => undefined;
  let held = 0;
  for await (const line of lines) {
    if (held + line.length >= buffer.length) {
      yield { bytes: buffer.subarray(0, held), release };
      held = 0;
    }
    buffer.set(line, held);
    held += line.length;
    buffer[held++] = lineFeed;
  }
  yield { bytes: buffer.subarray(0, held), release };
}
