/** zstd as files of it are: many frames, some that say nothing, wherever the blocks of a reader end. */
import { randomBytes } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BrokenFrames, plainOf } from '../../worker/zstd.ts';
import { skippable } from './seekable.ts';
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
  for await (const plain of plainOf(blocks(bytes, sizes), (length) => lengths.push(length)))
    parts.push(Buffer.from(plain));
  return { plain: Buffer.concat(parts), lengths };
}
const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const noSize = { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } };
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
