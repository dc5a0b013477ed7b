/** What a data job reads and writes, in memory. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { DatasetObject, ListedObject } from '#core/jobs/dataset.ts';
import type { Datasets } from '#core/jobs/job-ports.ts';
import type { Location } from '#core/jobs/location.ts';
import { InputFailed, type JobObjects, OutputTooLarge, type Upload } from '#core/jobs/ports.ts';

const isFile = (key: string, bytes: Buffer): boolean => !(key.endsWith('/') && bytes.length === 0);

interface Kept {
  readonly bytes: Buffer;
  readonly etag: string;
  /** Where who put it there asked for one. */
  readonly crc32?: number;
}
const kept = (bytes: Buffer, withSum = false): Kept => ({
  bytes,
  etag: `"${createHash('md5').update(bytes).digest('hex')}"`,
  ...(withSum && { crc32: crc32(bytes) }),
});
const listed = (key: string, { bytes, etag, crc32 }: Kept): ListedObject => ({
  key,
  size: bytes.length,
  etag,
  ...(crc32 !== undefined && { crc32 }),
});

/** One bucket: what jobs made may be read as what they read is. */
export class MemoryJobObjects implements JobObjects, Datasets {
  readonly results = new Map<string, Buffer>();
  readonly #objects = new Map<string, Kept>();
  /** Of a result at most. */
  outputBytes = Number.POSITIVE_INFINITY;
  /** Begun, and neither finished nor aborted. */
  readonly unfinished = new Set<string>();

  put(key: string, bytes: Buffer, withSum = false): ListedObject {
    const object = kept(bytes, withSum);
    this.#objects.set(key, object);
    return listed(key, object);
  }

  remove(key: string): void {
    this.#objects.delete(key);
  }

  async read({ key, etag }: DatasetObject, from: number, to: number): Promise<AsyncIterable<Uint8Array>> {
    const made = this.results.get(key);
    const object = this.#objects.get(key) ?? (made && kept(made));
    if (object === undefined) throw new InputFailed(`${key} is not there`);
    if (object.etag !== etag) throw new InputFailed(`${key} is another one than was planned`);
    if (from >= object.bytes.length) throw new InputFailed(`${key} has no byte ${from}`);
    return (async function* () {
      for (let at = from; at < to; at += 65_536)
        yield Buffer.from(object.bytes.subarray(at, Math.min(at + 65_536, to)));
    })();
  }

  async fill(object: DatasetObject, from: number, into: Uint8Array): Promise<number> {
    let held = 0;
    for await (const bytes of await this.read(object, from, from + into.length)) {
      into.set(bytes, held);
      held += bytes.length;
    }
    return held;
  }

  async *objects({ key, isPrefix }: Location): AsyncIterable<ListedObject> {
    const made = [...this.results].map(([name, bytes]) => [name, kept(bytes, true)] as const);
    const found = [...this.#objects, ...made]
      .filter(([name, { bytes }]) => isFile(name, bytes) && (isPrefix ? name.startsWith(key) : name === key))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    if (found.length === 0 && !isPrefix) throw new InputFailed(`${key} is not there`);
    for (const [name, one] of found) yield listed(name, one);
  }

  begin(key: string): Upload {
    const written: Buffer[] = [];
    let held = 0;
    this.unfinished.add(key);
    return {
      write: async (bytes) => {
        held += bytes.length;
        if (held > this.outputBytes)
          throw new OutputTooLarge(`more than ${this.outputBytes} bytes of results`);
        written.push(Buffer.from(bytes));
      },
      finish: async () => {
        const whole = Buffer.concat(written);
        this.results.set(key, whole);
        this.unfinished.delete(key);
        return { bytes: whole.length, crc32: crc32(whole) };
      },
      abort: async () => void this.unfinished.delete(key),
    };
  }

  async result(key: string): Promise<AsyncIterable<Uint8Array>> {
    const bytes = this.results.get(key);
    if (bytes === undefined) throw new InputFailed(`${key} is not there`);
    return (async function* () {
      yield Buffer.from(bytes);
    })();
  }

  async fillResult(key: string, from: number, into: Uint8Array): Promise<number> {
    const bytes = this.results.get(key)?.subarray(from, from + into.length);
    if (bytes === undefined) throw new InputFailed(`${key} is not there`);
    if (bytes.length === 0) throw new InputFailed(`${key} has no byte ${from}`);
    into.set(bytes);
    return bytes.length;
  }

  async sweep(prefix: string): Promise<void> {
    for (const key of this.unfinished) if (key.startsWith(prefix)) this.unfinished.delete(key);
  }
}
