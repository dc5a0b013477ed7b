/** Seekable zstd files as others write them: facebook/zstd, contrib/seekable_format/zstd_seekable_compression_format.md. */
import { zstdCompressSync } from 'node:zlib';

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

export const skippable = (content: Buffer, magic = 0x184d2a5e): Buffer =>
  Buffer.concat([u32(magic), u32(content.length), content]);

interface Frame {
  readonly frame: Buffer;
  /** How many bytes are in it. */
  readonly plain: number;
}

/** @param checksums as the format's flag says: a field of each entry, which nobody here reads. */
export const seekable = (plain: readonly (string | Buffer)[], checksums = false): Buffer =>
  seekableOf(plain, [], checksums);

/** @param more frames behind these that somebody else made. */
export function seekableOf(
  plain: readonly (string | Buffer)[],
  more: readonly Frame[],
  checksums = false,
): Buffer {
  const own = plain.map((one) => ({ frame: zstdCompressSync(one), plain: Buffer.byteLength(one) }));
  const frames = [...own, ...more];
  const entries = frames.map((one, i) => {
    const sizes = [u32(one.frame.length), u32(one.plain)];
    return Buffer.concat(checksums ? [...sizes, u32(i)] : sizes);
  });
  const foot = Buffer.concat([u32(frames.length), Buffer.from([checksums ? 0x80 : 0]), u32(0x8f92eab1)]);
  return Buffer.concat([...frames.map(({ frame }) => frame), skippable(Buffer.concat([...entries, foot]))]);
}
