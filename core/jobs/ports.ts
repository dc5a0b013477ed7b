/** What a worker needs of the world. Each port has a real adapter and a fake that pass the same contract tests. */
import type { ChunkState } from './chunk.ts';
import type { DatasetObject } from './dataset.ts';
import type { ChunkMessage } from './messages.ts';
import type { Tally } from './tally.ts';
import type { WorkerRun } from './worker-runs.ts';

export interface ChunkStore {
  /** Undefined for one that nobody has taken yet. */
  read(job: string, id: string): Promise<ChunkState | undefined>;
  /**
   * With what it adds to the job's sums: both or neither.
   * @param before as it was read; undefined for one that nobody has taken yet.
   * @throws Conflict when the stored version is not `after.version - 1`.
   */
  write(after: ChunkState, before: ChunkState | undefined): Promise<void>;
  /**
   * All that were ever taken, one after the other, in the order of the plan; those of a step are none of them.
   * @param after the id of the last one of the page before.
   */
  list(job: string, after?: string): AsyncIterable<ChunkState>;
  /** The sums over all chunks: consistent in each, and with what was written before. */
  tally(job: string): Promise<Tally>;
  /** What its workers finished last, in no order, written with the sums: of up to 16 workers the last ones of each, of more what there is room for. */
  runs(job: string): Promise<readonly WorkerRun[]>;
}

export interface Delivery {
  readonly message: ChunkMessage;
  /** Of this delivery: the next one of the same message has another. */
  readonly receipt: string;
}

export interface ChunkQueue {
  send(messages: Iterable<ChunkMessage>): Promise<void>;
  /** The next one, or undefined where none came for a while, or nobody wants one any more. @throws NoChunk for what is none. */
  receive(seconds: number, signal: AbortSignal): Promise<Delivery | undefined>;
  /** Nobody else gets it for so long, from now; 0 gives it back at once. */
  hide(receipt: string, seconds: number): Promise<void>;
  remove(receipt: string): Promise<void>;
}

export interface JobObjects {
  /** The bytes from `from` up to `to`, as they come. @throws InputFailed where they can't be those that were planned. */
  read(
    object: DatasetObject,
    from: number,
    to: number,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>>;
  /**
   * Fills `into` with the bytes from `from` on. @returns how many came: fewer where the answer broke off. @throws what befell before the
   * first one, InputFailed as `read` does.
   */
  fill(object: DatasetObject, from: number, into: Uint8Array, signal: AbortSignal): Promise<number>;
  /** Nothing is there until `finish`. */
  begin(key: string): Upload;
  /** The bytes of a finished one, also where a connection breaks meanwhile. */
  result(key: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** As `fill`, of a finished one. */
  fillResult(key: string, from: number, into: Uint8Array, signal: AbortSignal): Promise<number>;
  /** Uploads below this prefix that nobody finished are aborted: those of workers that are gone. */
  sweep(prefix: string): Promise<void>;
}

/** Whoever has a link may read that file until it expires. */
export interface JobFileLinks {
  link(key: string): Promise<{ readonly url: string; readonly expiresSeconds: number }>;
}

export interface Written {
  readonly bytes: number;
  readonly crc32: number;
}

export interface Upload {
  /** Resolves when more may be given. @throws OutputTooLarge */
  write(bytes: Uint8Array): Promise<void>;
  finish(): Promise<Written>;
  /** Nothing of it stays. */
  abort(): Promise<void>;
}

/** A message that no worker can do anything with: it is removed, for it would come again for as long as SQS keeps it. */
export class NoChunk extends Error {
  override readonly name = 'NoChunk';
  readonly receipt: string;

  constructor(why: string, receipt: string, options?: ErrorOptions) {
    super(why, options);
    this.receipt = receipt;
  }
}

/** The object changed, is gone, may not be read, or is not what the job says: trying again would not help. */
export class InputFailed extends Error {
  override readonly name = 'InputFailed';
}

export class OutputTooLarge extends Error {
  override readonly name = 'OutputTooLarge';
}
