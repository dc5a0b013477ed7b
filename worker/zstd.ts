/**
 * What is in zstd frames that follow each other, as `pzstd`, `cat` and seekable files have them: all of it, as RFC 8878 wants it
 * ("Frames": "their concatenated contents"). Node's own decompressor ends behind the first frame without a word.
 */
import { pipeline, Readable } from 'node:stream';
import { constants, createZstdDecompress } from 'node:zlib';
import { Rejected } from '#core/errors.ts';

/**
 * Of what a frame refers back to, which is held while it is unpacked: 16 MiB, with which a worker has the 150 MB that it is to have at most
 * (`npm run bench -- job-memory`, its entry of zstd). `zstd` up to -19 wants 8 MiB; `--ultra` and `--long` up to 128 and more, for which its container has no room.
 */
export const mostWindowLog = 24;
const mostWindowBytes = 2 ** mostWindowLog;
const MiB = 2 ** 20;

/** It is no zstd, or ends too early. */
export class BrokenFrames extends Error {
  override readonly name = 'BrokenFrames';
}

/** A worker would be killed for want of memory, and its chunk tried again. */
export class WindowTooLarge extends Rejected {
  constructor(frameAt: number, bytes: number) {
    const wanted = bytes % MiB === 0 ? `${bytes / MiB} MiB` : `${bytes} bytes`;
    super(
      `the frame at byte ${frameAt} wants a window of ${wanted}, and a worker has room for ${mostWindowBytes / MiB}: compress it anew with a smaller one (zstd -19 or below without --ultra, --long=${mostWindowLog} at most)`,
    );
  }
}

interface Step {
  /** Up to where the bytes belong to what was walked. */
  readonly to: number;
  /** A frame, or what is skipped, ends there. */
  readonly ended: boolean;
  /** Of a frame with content. */
  readonly isContent: boolean;
}

/** Sources: RFC 8878, 3.1.1.1.1 (descriptor), 3.1.1.1.2 (window), 3.1.1.1.4 (size of content), 3.1.1.2 (blocks), 3.1.2 (skippable frames); numbers are little-endian. */
const frameMagic = 0xfd2fb528;
const isSkippable = (magic: number): boolean => magic >= 0x184d2a50 && magic <= 0x184d2a5f;
const rle = 1;
const reserved = 3;

type Field = 'magic' | 'skipped' | 'descriptor' | 'header' | 'block' | 'checksum';

/** Finds where frames end, by the lengths in them; nothing is decompressed. */
class Walker {
  /** What comes next is this field, whole, or so many bytes that nobody looks at. */
  #field: Field | undefined = 'magic';
  #need = 4;
  /** The longest is a header. */
  readonly #held = Buffer.alloc(13);
  #have = 0;
  #isContent = true;
  #descriptor = 0;
  #isLast = false;
  /** Behind the field: in the whole. */
  #at: number;
  #frameAt = 0;

  constructor(from: number) {
    this.#at = from;
  }

  walk(bytes: Uint8Array): Step {
    let at = 0;
    while (at < bytes.length) {
      const some = Math.min(this.#need - this.#have, bytes.length - at);
      if (this.#field !== undefined && this.#have < this.#held.length)
        this.#held.set(bytes.subarray(at, at + Math.min(some, this.#held.length - this.#have)), this.#have);
      this.#have += some;
      at += some;
      if (this.#have < this.#need) break;
      this.#at += this.#have;
      if (this.#next()) return { to: at, ended: true, isContent: this.#isContent };
    }
    return { to: at, ended: false, isContent: this.#isContent };
  }

  #expect(field: Field | undefined, need: number): void {
    [this.#field, this.#need, this.#have] = [field, need, 0];
  }

  /** @returns whether the frame has ended. */
  #next(): boolean {
    const held = this.#held;
    switch (this.#field) {
      case 'magic':
        this.#begin(held.readUInt32LE());
        return false;
      case 'skipped':
        return this.#skip(held.readUInt32LE());
      case 'descriptor':
        this.#header(held.readUInt8());
        return false;
      case 'block':
        return this.#block(held.readUIntLE(0, 3));
      case 'header':
        this.#mustHaveRoom();
        this.#expect('block', 3);
        return false;
      case undefined:
        if (!this.#isContent) return this.#end();
        return this.#afterBlock();
      case 'checksum':
        return this.#end();
    }
  }

  #begin(magic: number): void {
    this.#isContent = magic === frameMagic;
    this.#frameAt = this.#at - 4;
    if (this.#isContent) this.#expect('descriptor', 1);
    else if (isSkippable(magic)) this.#expect('skipped', 4);
    else throw new BrokenFrames(`no frame begins at byte ${this.#frameAt}`);
  }

  #skip(length: number): boolean {
    if (length === 0) return this.#end();
    this.#expect(undefined, length);
    return false;
  }

  #header(descriptor: number): void {
    this.#descriptor = descriptor;
    this.#isLast = false;
    const { window, dictionary, content } = lengthsOf(descriptor);
    // It has one byte at least: of the window, or of the content's size.
    this.#expect('header', window + dictionary + content);
  }

  /** Where there is no window, the content is it. */
  #mustHaveRoom(): void {
    const { window, dictionary, content } = lengthsOf(this.#descriptor);
    const bytes = window > 0 ? windowOf(this.#held.readUInt8()) : contentOf(this.#held, dictionary, content);
    if (bytes > mostWindowBytes) throw new WindowTooLarge(this.#frameAt, bytes);
  }

  #block(header: number): boolean {
    const [kind, size] = [(header >> 1) & 3, header >> 3];
    if (kind === reserved)
      throw new BrokenFrames(`a block before byte ${this.#at} is of no kind that zstd has`);
    this.#isLast = (header & 1) === 1;
    const length = kind === rle ? 1 : size;
    if (length === 0) return this.#afterBlock();
    this.#expect(undefined, length);
    return false;
  }

  #afterBlock(): boolean {
    if (!this.#isLast) this.#expect('block', 3);
    else if (((this.#descriptor >> 2) & 1) === 1) this.#expect('checksum', 4);
    else return this.#end();
    return false;
  }

  #end(): true {
    this.#expect('magic', 4);
    return true;
  }
}

/** Of the fields of a frame's header, in their order. */
function lengthsOf(descriptor: number) {
  const isSingle = ((descriptor >> 5) & 1) === 1;
  const content = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  return { window: isSingle ? 0 : 1, dictionary, content };
}

/** 2 TiB and more are said of none that anybody made: exponents go up to 41. */
function windowOf(byte: number): number {
  const base = 2 ** (10 + (byte >> 3));
  return base + (base / 8) * (byte & 7);
}

function contentOf(header: Buffer, at: number, length: number): number {
  if (length === 8) return Number(header.readBigUInt64LE(at));
  return header.readUIntLE(at, length) + (length === 2 ? 256 : 0);
}

interface Piece extends Step {
  readonly bytes: Uint8Array;
}

/** The bytes of a source, none of them of two frames. */
class Pieces {
  readonly #blocks: AsyncIterator<Uint8Array>;
  readonly #walker: Walker;
  #block: Uint8Array = new Uint8Array(0);

  constructor(blocks: AsyncIterable<Uint8Array>, from: number) {
    this.#blocks = blocks[Symbol.asyncIterator]();
    this.#walker = new Walker(from);
  }

  /** @returns undefined at the end of all, behind a frame. */
  async first(): Promise<Piece | undefined> {
    while (this.#block.length < 4) {
      const { value, done } = await this.#blocks.next();
      if (done && this.#block.length === 0) return undefined;
      if (done) throw new BrokenFrames('it ends within a frame');
      this.#block = this.#block.length === 0 ? value : Buffer.concat([this.#block, value]);
    }
    return this.#piece();
  }

  async next(): Promise<Piece> {
    while (this.#block.length === 0) {
      const { value, done } = await this.#blocks.next();
      if (done) throw new BrokenFrames('it ends within a frame');
      this.#block = value;
    }
    return this.#piece();
  }

  #piece(): Piece {
    const step = this.#walker.walk(this.#block);
    const bytes = this.#block.subarray(0, step.to);
    this.#block = this.#block.subarray(step.to);
    return { ...step, bytes };
  }

  async close(): Promise<void> {
    await this.#blocks.return?.();
  }
}

export interface Frames {
  /** Nobody writes to a block once it is given. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Where they begin in the object. */
  readonly from: number;
  /** How many bytes were in each frame, when it has ended; what is skipped has none. */
  readonly ended?: (plainBytes: number) => void;
}

/** @throws BrokenFrames for what is no zstd or ends within a frame, WindowTooLarge, and what the decompressor throws. */
export async function* plainOf({ bytes, from, ended }: Frames): AsyncGenerator<Uint8Array> {
  const pieces = new Pieces(bytes, from);
  try {
    for (let first = await pieces.first(); first; first = await pieces.first()) {
      let length = 0;
      const frame = restOf(first, pieces);
      if (!first.isContent) for await (const _ of frame);
      else
        for await (const plain of unpacked(frame)) {
          length += plain.length;
          yield plain;
        }
      ended?.(length);
    }
  } finally {
    await pieces.close();
  }
}

async function* restOf(first: Piece, pieces: Pieces): AsyncGenerator<Uint8Array> {
  for (let piece = first; ; piece = await pieces.next()) {
    yield piece.bytes;
    if (piece.ended) return;
  }
}

/** What the header says is held against it already; so is what zlib reads there. */
const bounded = { params: { [constants.ZSTD_d_windowLogMax]: mostWindowLog } };
const unpacked = (frame: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> =>
  pipeline(Readable.from(frame), createZstdDecompress(bounded), () => undefined);
