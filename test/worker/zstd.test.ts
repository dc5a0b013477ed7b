/** zstd as files of it are: many frames, some that say nothing, wherever the blocks of a reader end. */
import { randomBytes } from 'node:crypto';
import { constants, createZstdCompress, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BrokenFrames, mostWindowLog, plainOf, WindowTooLarge } from '../../worker/zstd.ts';
import { seekableOf, skippable } from './seekable.ts';
import { WorkerWorld } from './world.ts';

async function* blocks(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
async function read(bytes: Buffer, sizes: readonly number[] = [4096]) {
  const parts: Uint8Array[] = [];
  const lengths: number[] = [];
  const ended = (length: number) => void lengths.push(length);
  for await (const plain of plainOf({ bytes: blocks(bytes, sizes), from: 0, ended }))
    parts.push(Buffer.from(plain));
  return { plain: Buffer.concat(parts), lengths };
}
const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const noSize = { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } };
/** As a writer has it that does not know how much comes: the window is as it says. */
async function zstdStream(bytes: Buffer, params: Readonly<Record<number, number>>): Promise<Buffer> {
  const packing = createZstdCompress({ params });
  packing.write(bytes);
  packing.end();
  return Buffer.concat(await packing.toArray());
}
const text = Buffer.from('ab\n'.repeat(40_000));

const anyFrame = fc
  .tuple(
    fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.constant(Buffer.alloc(300_000)),
      fc.constant(text),
      fc.constant(randomBytes(200_000)),
    ),
    fc.constantFrom({}, checksum, noSize),
  )
  .map(([bytes, options]) => ({ plain: Buffer.from(bytes), packed: zstdCompressSync(bytes, options) }));
const anySkipped = fc
  .uint8Array({ maxLength: 30 })
  .map((bytes) => ({ plain: Buffer.alloc(0), packed: skippable(Buffer.from(bytes), 0x184d2a53) }));

describe('frames', () => {
  it('give all that is in them, in their order, each as long as it is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(anyFrame, anySkipped), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 }),
        async (frames, sizes) => {
          const { plain, lengths } = await read(
            Buffer.concat(frames.map(({ packed }) => packed)),
            sizes.map((size) => size * 50),
          );
          expect(plain.equals(Buffer.concat(frames.map((one) => one.plain)))).toBe(true);
          expect(lengths).toEqual(frames.map((one) => one.plain.length));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('are found byte by byte too', async () => {
    const frames = [
      zstdCompressSync('one'),
      skippable(Buffer.from('x')),
      zstdCompressSync('two', checksum),
      skippable(Buffer.alloc(0)),
    ];
    const { plain, lengths } = await read(Buffer.concat(frames), [1]);
    expect([plain.toString(), lengths]).toEqual(['onetwo', [3, 0, 3, 0]]);
  });

  it.each([
    ['no zstd', Buffer.from('{"id":1}'), /no frame begins at byte 0/],
    [
      'something behind a frame',
      Buffer.concat([zstdCompressSync('one'), Buffer.from('{"id":1}')]),
      /no frame begins at byte 1\d/,
    ],
    [
      'a few bytes behind a frame',
      Buffer.concat([zstdCompressSync('one'), Buffer.from('ab')]),
      /ends within a frame/,
    ],
    ['a frame cut off', zstdCompressSync(text).subarray(0, 20), /ends within a frame/],
    ['what is skipped, cut off', skippable(Buffer.from('abc')).subarray(0, 9), /ends within a frame/],
  ])('that are not whole are refused: %s', async (_, bytes, says) => {
    const reading = read(bytes);
    await expect(reading).rejects.toThrow(says);
    await expect(reading).rejects.toBeInstanceOf(BrokenFrames);
  });
});

/** What a frame's header says, and nothing behind it. */
const header = (...bytes: number[]): Buffer => Buffer.from([0x28, 0xb5, 0x2f, 0xfd, ...bytes]);
/** Windows and sizes: RFC 8878, 3.1.1.1. */
const windows = [
  ['a window of the most', [0x00, (mostWindowLog - 10) << 3], undefined],
  ['a window of an eighth more', [0x00, ((mostWindowLog - 10) << 3) | 1], '18 MiB'],
  ['what zstd -20 --ultra wants', [0x00, 15 << 3], '32 MiB'],
  ['what zstd --long wants', [0x00, 17 << 3], '128 MiB'],
  ['the largest that can be said', [0x00, 0xff], `${((2 ** 41 / 8) * 15) / 2 ** 20} MiB`],
  ['a window behind which a dictionary is named', [0x03, 17 << 3, 1, 2, 3, 4], '128 MiB'],
  ['content of the most as one segment', [0xa0, 0, 0, 0, 1], undefined],
  ['content of a byte more as one segment', [0xa0, 1, 0, 0, 1], '16777217 bytes'],
  ['as one segment, its size in 8 bytes', [0xe0, 0, 0, 0, 0, 2, 0, 0, 0], '8192 MiB'],
  ['as one segment, behind a dictionary', [0xe1, 9, 0, 0, 0, 0, 2, 0, 0, 0], '8192 MiB'],
  ['as one segment, its size in two bytes', [0x60, 0xff, 0xff], undefined],
  ['much content, of a small window', [0xc0, 0x10, 0, 0, 0, 0, 2, 0, 0, 0], undefined],
] as const;

describe('a window', () => {
  it.each(windows)('is what a worker has room for, or refused: %s', async (_, bytes, wanted) => {
    for (const sizes of [[4096], [1]]) {
      const before = zstdCompressSync('one');
      const reading = read(Buffer.concat([before, header(...bytes)]), sizes);
      if (wanted === undefined) await expect(reading).rejects.toThrow(/ends within a frame/);
      else {
        await expect(reading).rejects.toBeInstanceOf(WindowTooLarge);
        await expect(reading).rejects.toThrow(
          `the frame at byte ${before.length} wants a window of ${wanted}, and a worker has room for 16`,
        );
      }
    }
  });

  it('of the most is read, of what is larger no byte is unpacked', async () => {
    const lines = Buffer.from('0123456\n'.repeat(2 ** 17));
    const packed = (windowLog: number) =>
      zstdStream(lines, { [constants.ZSTD_c_windowLog]: windowLog, [constants.ZSTD_c_contentSizeFlag]: 0 });
    const { plain } = await read(await packed(mostWindowLog));
    expect(plain.equals(lines)).toBe(true);
    const given: Uint8Array[] = [];
    const reading = async () => {
      const bytes = blocks(await packed(mostWindowLog + 1), [100]);
      for await (const some of plainOf({ bytes, from: 0 })) given.push(some);
    };
    await expect(reading()).rejects.toBeInstanceOf(WindowTooLarge);
    expect(given).toEqual([]);
  });

  it.each(['zstd', 'zstd-seekable'] as const)(
    'that is too large fails its chunk for good, with object, place and what to do: %s',
    async (compression) => {
      const large = await zstdStream(text, { [constants.ZSTD_c_windowLog]: 27 });
      const world = new WorkerWorld({ compression });
      await world.enqueue(
        { 'a.zst': seekableOf(['one\n', 'two\n'], [{ frame: large, plain: text.length }]) },
        1000,
      );
      await world.work();
      const first = zstdCompressSync('one\n').length * 2;
      expect(await world.states()).toMatchObject([
        {
          state: 'failed',
          attempts: 1,
          lastFailure: {
            kind: 'input',
            message: expect.stringMatching(
              `^a.zst is not read: the frame at byte ${first} wants a window of 128 MiB, .*: compress it anew`,
            ),
          },
        },
      ]);
    },
  );
});

it('an object of several frames is read to its end', async () => {
  const numbers = (from: number) => Array.from({ length: 2000 }, (_, i) => `line ${from + i}\n`).join('');
  const world = new WorkerWorld({ compression: 'zstd' });
  await world.enqueue(
    { a: Buffer.concat([0, 2000, 4000].map((from) => zstdCompressSync(numbers(from)))) },
    1000,
  );
  await world.work();
  expect(await world.output()).toBe(numbers(0) + numbers(2000) + numbers(4000));
  expect(await world.states()).toMatchObject([{ state: 'committed', parts: [{ records: 6000 }] }]);
});

it('what is no zstd fails its chunk with the name of the object', async () => {
  const world = new WorkerWorld({ compression: 'zstd', maxFailures: 1 });
  await world.enqueue({ 'a.zst': 'line 1\n' }, 1000);
  await world.work();
  expect(await world.states()).toMatchObject([
    {
      state: 'failed',
      lastFailure: {
        kind: 'input',
        message: expect.stringMatching(/^a\.zst is no whole zstd file: no frame/),
      },
    },
  ]);
});
