/** Seekable zstd files as others write them: facebook/zstd, contrib/seekable_format/zstd_seekable_compression_format.md. */
import { zstdCompressSync } from 'node:zlib';

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

export const skippable = (content: Buffer, magic = 0x184d2a5e): Buffer =>
  Buffer.concat([u32(magic), u32(content.length), content]);

/** @param checksums as the format's flag says: a field of each entry, which nobody here reads. */
export function seekable(plain: readonly (string | Buffer)[], checksums = false): Buffer {
  const frames = plain.map((one) => zstdCompressSync(one));
  const entries = frames.map((frame, i) => {
    const sizes = [u32(frame.length), u32(Buffer.byteLength(plain[i] ?? ''))];
    return Buffer.concat(checksums ? [...sizes, u32(i)] : sizes);
  });
  const foot = Buffer.concat([u32(frames.length), Buffer.from([checksums ? 0x80 : 0]), u32(0x8f92eab1)]);
  return Buffer.concat([...frames, skippable(Buffer.concat([...entries, foot]))]);
}
