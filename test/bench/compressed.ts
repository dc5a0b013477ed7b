/** A file of compressed text: words of a few thousand by chance, so that it is a fifth of what is in it, whatever looks back how far. */
import { createWriteStream, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip, createZstdCompress } from 'node:zlib';
import { mostWindowLog } from '../../worker/zstd.ts';

const wordBytes = 8;
const blockBytes = 2 ** 20;
const lineWords = 12;
const words = 4096;

function* blocks(bytes: number): Generator<Buffer> {
  const known = Array.from({ length: words }, (_, i) => Buffer.from(`${i * 7919}`.padStart(wordBytes - 1)));
  // xorshift, as Marsaglia has it: the same in each run.
  let state = 2463534242;
  for (let made = 0; made < bytes; made += blockBytes) {
    const block = Buffer.alloc(blockBytes, ' ');
    for (let word = 0; word * wordBytes < blockBytes; word++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      known[(state >>> 0) % words]?.copy(block, word * wordBytes);
      if (word % lineWords === lineWords - 1) block[word * wordBytes + wordBytes - 1] = 10;
    }
    yield block;
  }
}

/** @param bytes of text. @returns how many they are in the file. */
export async function compressed(kind: 'gzip' | 'zstd', bytes: number, file: string): Promise<number> {
  const zstd = { params: { [constants.ZSTD_c_windowLog]: mostWindowLog } };
  const packed = kind === 'gzip' ? createGzip({ level: 1 }) : createZstdCompress(zstd);
  await pipeline(Readable.from(blocks(bytes)), packed, createWriteStream(file));
  return statSync(file).size;
}
