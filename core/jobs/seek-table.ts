/**
 * Where the frames of a seekable zstd file begin, by the table at its end. Source: facebook/zstd, contrib/seekable_format,
 * zstd_seekable_compression_format.md: a skippable frame of entries and a footer of nine bytes; numbers are little-endian.
 */
import { Rejected } from '../errors.ts';
import type { Range } from './records.ts';

/** Of the file, whole at its end: how many frames, a descriptor, a magic number. */
export const footerBytes = 9;
const headBytes = 8;
const magic = { head: 0x184d2a5e, foot: 0x8f92eab1 } as const;
/** Some half a million frames: it is held as a whole, beside all else that a worker has room for. */
const mostBytes = 4 * 2 ** 20;
const advice = "say 'compression: zstd' for a file that is none, which is one chunk then";

export interface SeekTable {
  /** Of frame k, and behind the last one where the table begins. */
  readonly begins: readonly number[];
  /** Of what is in them: the same, uncompressed. */
  readonly plain: readonly number[];
}

/** @param last the end of the file, at least its footer. @returns where the table begins. @throws Rejected where there is none. */
export function tableAt(size: number, last: Buffer): number {
  const foot = last.subarray(-footerBytes);
  if (size < headBytes + footerBytes || foot.length < footerBytes || foot.readUInt32LE(5) !== magic.foot)
    throw new Rejected(`it is no seekable zstd file, for no table of its frames is at its end: ${advice}`);
  const { frames, entryBytes } = shapeOf(foot);
  const bytes = headBytes + frames * entryBytes + footerBytes;
  if (bytes > mostBytes)
    throw new Rejected(`the table of its ${frames} frames has ${bytes} bytes; ${mostBytes} are read at most`);
  if (bytes > size)
    throw new Rejected(`its table is of ${frames} frames, for which it has no room: it is broken`);
  return size - bytes;
}

function shapeOf(foot: Buffer): { readonly frames: number; readonly entryBytes: number } {
  const descriptor = foot.readUInt8(4);
  if ((descriptor & 0b0111_1100) !== 0)
    throw new Rejected('its table of frames is of a version that nobody here knows');
  return { frames: foot.readUInt32LE(0), entryBytes: (descriptor & 0b1000_0000) === 0 ? 8 : 12 };
}

/** @param bytes from where the table begins to the end of the file. @throws Rejected where it is not of this file. */
export function seekTableOf(bytes: Buffer): SeekTable {
  const { frames, entryBytes } = shapeOf(bytes.subarray(-footerBytes));
  if (bytes.readUInt32LE(0) !== magic.head || bytes.readUInt32LE(4) !== bytes.length - headBytes)
    throw new Rejected('its table of frames does not begin where it should: it is broken');
  const begins = [0];
  const plain = [0];
  for (let frame = 0; frame < frames; frame++) {
    const at = headBytes + frame * entryBytes;
    begins.push((begins[frame] ?? 0) + bytes.readUInt32LE(at));
    plain.push((plain[frame] ?? 0) + bytes.readUInt32LE(at + 4));
  }
  return { begins, plain };
}

/** @throws Rejected where the frames do not end where the table begins. */
export function mustFill({ begins }: SeekTable, tableBegin: number): void {
  const end = begins.at(-1) ?? 0;
  if (end !== tableBegin)
    throw new Rejected(
      `its table is of frames of ${end} bytes in all, and ${tableBegin} are before it: it is of another file`,
    );
}

export interface FramesCut {
  /** Of the object: what the chunk covers, end to end with its neighbours. */
  readonly from: number;
  readonly to: number;
  /** Its first frame, and the one behind its last. */
  readonly first: number;
  readonly end: number;
  /** Where it may be cut in two; undefined where it has one frame alone. */
  readonly middle: number | undefined;
}

/**
 * Which frames a chunk has, by the law of all records (core/jobs/records.ts): of every offset there is one cut, the beginning of the
 * first frame that begins there or later. Which records, their place in what is uncompressed says.
 */
export function framesCutOf(
  { begins }: SeekTable,
  { start, end, size }: Pick<Range, 'start' | 'end' | 'size'>,
): FramesCut {
  const first = frameFrom(begins, start);
  const last = end >= size ? begins.length - 1 : frameFrom(begins, end);
  const at = (frame: number, offset: number) =>
    Math.max(begins[frame] ?? 0, frame === begins.length - 1 ? offset : 0);
  const [from, to] = [at(first, start), end >= size ? size : at(last, end)];
  return { from, to, first, end: last, middle: middleOf(begins, first, last) };
}

/** The first frame that begins there or later; behind all of them the table's place, where each offset is a cut. */
function frameFrom(begins: readonly number[], offset: number): number {
  let [low, high] = [0, begins.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((begins[middle] ?? 0) >= offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The frame's beginning that is nearest to the middle of the bytes. */
function middleOf(begins: readonly number[], first: number, end: number): number | undefined {
  if (end - first < 2) return undefined;
  const half = ((begins[first] ?? 0) + (begins[end] ?? 0)) / 2;
  const behind = Math.min(Math.max(frameFrom(begins, half), first + 1), end - 1);
  const before = Math.max(behind - 1, first + 1);
  const far = (frame: number) => Math.abs((begins[frame] ?? 0) - half);
  return begins[far(before) <= far(behind) ? before : behind];
}
