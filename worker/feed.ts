/** What a command is fed: records of an object, or rows of a table. */
import type { Part } from '#core/jobs/chunk.ts';

export type Read = Pick<Part, 'from' | 'to' | 'records' | 'crc32'>;
/** Resolves when the bytes may be used again. */
export type Give = (bytes: Uint8Array) => Promise<void>;

export interface Feed {
  /** In the chunk's object: where this part of it begins. */
  readonly start: number;
  /** In the object: up to where it was given; absent where what is given are not the object's own bytes. */
  readonly given?: number | undefined;
  read(give: Give): Promise<Read>;
  /** Where it may be cut in two, where that is not anywhere; or why nowhere. */
  readonly middle?: number | undefined;
  readonly indivisible?: string | undefined;
  /** To be given before all else, once there is anything. */
  header(): Promise<Uint8Array | undefined>;
}
