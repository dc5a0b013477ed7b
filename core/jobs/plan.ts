/**
 * The chunks of a dataset. A plan is a description: where each object's chunks begin to count. The chunks themselves are
 * made one after the other as they are sent, so a plan of a million of them takes no more room than its objects.
 */
import { Rejected } from '../errors.ts';
import * as z from '../zod.ts';
import { type Compression, DatasetObject, fewestParquetBytes, isCut, type Records } from './dataset.ts';
import { ReduceChunk } from './reduce.ts';
import { KeyChunk, PlanChunk } from './sql/table.ts';

const MiB = 2 ** 20;
const maxChunks = 1_000_000;
export const maxBytes = 10_000_000_000_000;
/** Of SendMessageBatch (SQS API reference): messages of a call, and bytes of all of them together. */
export const batchLimits = { messages: 10, bytes: MiB } as const;

/** A piece of one object. Which records are its own, core/jobs/records.ts says. */
export const Chunk = z.object({
  /** Its number in the plan; a half of one has a letter behind it (core/jobs/chunk.ts). */
  id: z.string().check(z.regex(/^\d{1,7}[ab]{0,20}$/)),
  ...DatasetObject.shape,
  start: z.int().check(z.nonnegative()),
  end: z.int().check(z.nonnegative()),
  /** A record begins at `start`: nothing is skipped. */
  aligned: z.boolean(),
  /** CSV: whether `scanFrom` lies between quotes. */
  quoted: z.boolean(),
  /** Where reading begins, which is before `start` where quotes must be followed up to it. */
  scanFrom: z.int().check(z.nonnegative()),
});
export type Chunk = z.infer<typeof Chunk>;

export const AnyChunk = z.union([Chunk, KeyChunk, PlanChunk, ReduceChunk]);
export type AnyChunk = z.infer<typeof AnyChunk>;

/** What sorts chunks as the plan has them, as text: the halves of one behind it, and before the next. */
export const placeOf = (id: string): string => id.replace(/^\d+/, (number) => number.padStart(7, '0'));

export interface Plan {
  readonly objects: readonly DatasetObject[];
  /** The number of the first chunk of each object, and behind the last one that of all chunks. */
  readonly first: readonly number[];
  readonly chunkBytes: number;
  readonly chunks: number;
  readonly bytes: number;
}

/** Half of a worker's memory, as a power of two: a command that keeps its whole chunk has room for it. */
export function chunkBytesFor(memoryBytes: number): number {
  const half = 2 ** Math.floor(Math.log2(Math.max(memoryBytes, 1) / 2));
  return Math.min(Math.max(half, 8 * MiB), 1024 * MiB);
}

interface Dataset {
  readonly objects: readonly DatasetObject[];
  readonly records: Records;
  readonly compression: Compression;
  readonly chunkBytes: number;
}

/** @throws Rejected for what no job can read, with what to do. */
export function planChunks({ objects, records, compression, chunkBytes }: Dataset): Plan {
  const odd = oddObject(objects, records, compression);
  if (odd !== undefined) throw new Rejected(odd);
  const step = stepOf(records, compression, chunkBytes);
  const first = [0];
  let chunks = 0;
  let bytes = 0;
  for (const { size } of objects) {
    bytes += size;
    chunks += Math.ceil(size / step);
    first.push(chunks);
  }
  if (bytes > maxBytes)
    throw new Rejected(`The dataset has ${bytes} bytes; a job reads ${maxBytes} at most.`);
  if (chunks > maxChunks) {
    const detail = `${chunks} chunks of ${step} bytes; a job has ${maxChunks} at most. ${advice(objects.length, bytes)}`;
    throw new Rejected(detail);
  }
  return { objects, first, chunkBytes: step, chunks, bytes };
}

/** A chunk of fixed records holds whole ones. */
function stepOf(records: Records, compression: Compression, chunkBytes: number): number {
  if (!isCut(compression)) return Number.MAX_SAFE_INTEGER;
  if (records.kind !== 'fixed' || compression !== 'none') return chunkBytes;
  return Math.max(records.width, chunkBytes - (chunkBytes % records.width));
}

function oddObject(objects: Dataset['objects'], records: Records, compression: Compression) {
  if (records.kind === 'parquet') {
    const short = objects.find(({ size }) => size < fewestParquetBytes);
    return short && `${short.key} has ${short.size} bytes: that is no Parquet file. Leave it out.`;
  }
  if (records.kind !== 'fixed' || compression !== 'none') return undefined;
  const odd = objects.find(({ size }) => size % records.width !== 0);
  if (odd === undefined) return undefined;
  return `${odd.key} has ${odd.size} bytes, which are no whole records of ${records.width}: its last one is cut off, or the width is another.`;
}

function advice(objects: number, bytes: number): string {
  const room = maxChunks - objects;
  if (room <= 0) return 'Each object is a chunk at least: put small ones together, or split the job.';
  return `Make chunks of ${Math.ceil(bytes / room / MiB)} MiB or more.`;
}

/** From one chunk on, so that who was interrupted goes on where they were. `quoted` says it of each chunk of a CSV. */
export function* chunksOf(
  { objects, first, chunkBytes }: Plan,
  from = 0,
  quoted: (number: number) => boolean = () => false,
): Generator<Chunk> {
  for (const [i, object] of objects.entries()) {
    const begin = first[i] ?? 0;
    for (let number = Math.max(begin, from); number < (first[i + 1] ?? 0); number++) {
      const start = (number - begin) * chunkBytes;
      const end = Math.min(start + chunkBytes, object.size);
      const { key, size, etag } = object;
      yield {
        id: String(number),
        key,
        size,
        etag,
        start,
        end,
        aligned: start === 0,
        quoted: quoted(number),
        scanFrom: start,
      };
    }
  }
}

/** What one call of SQS takes: ten messages of one MiB together. @throws where one message is too large by itself. */
export function* batchesOf(messages: Iterable<string>): Generator<readonly string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = Buffer.byteLength(message);
    if (size > batchLimits.bytes)
      throw new RangeError(`a message of ${size} bytes: SQS takes no larger ones`);
    if (batch.length === batchLimits.messages || bytes + size > batchLimits.bytes) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(message);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
