import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Rejected } from '#core/errors.ts';
import { chunksFor, quantiles, type SampledKey, samplePercent } from '#core/jobs/sql/bounds.ts';
import { type KeyTuple, rangesOf } from '#core/jobs/sql/table.ts';

const MiB = 2 ** 20;

async function boundsOf(length: number, chunks: number): Promise<number[]> {
  async function* sample(): AsyncGenerator<SampledKey> {
    for (let i = 1; i <= length; i++) yield { key: [String(i)], length };
  }
  const found: number[] = [];
  for await (const [bound] of quantiles(sample(), chunks)) found.push(Number(bound));
  return found;
}

describe('chunks of a table', () => {
  test.each([
    [0, 1],
    [1, 1],
    [128 * MiB, 1],
    [128 * MiB + 1, 2],
    [10e12, 74_506],
  ])('%d bytes are %d of 128 MiB', (bytes, chunks) => {
    expect(chunksFor({ bytes, pages: 0 }, 128 * MiB)).toBe(chunks);
  });

  test('a table that is too large, or cut too finely, is refused with what to do', () => {
    expect(() => chunksFor({ bytes: 10e12 + 1, pages: 0 }, 128 * MiB)).toThrow(Rejected);
    expect(() => chunksFor({ bytes: 10e12, pages: 0 }, MiB)).toThrow(/make larger ones/);
  });

  test.each([
    ['a small table is looked at whole', 100, 10, undefined],
    ['64 pages of each chunk', 1_000_000, 10, 0.064],
    ['fewer of each where there are many', 1_220_703_125, 74_506, 0.0793],
  ])('%s', (_, pages, chunks, percent) => {
    const given = samplePercent({ bytes: 0, pages }, chunks);
    if (percent === undefined) expect(given).toBeUndefined();
    else expect(given).toBeCloseTo(percent, 4);
  });
});

describe('bounds', () => {
  test.each([
    [8, 4, [2, 4, 6]],
    [10, 3, [4, 7]],
    [3, 5, [1, 2]],
    [1, 5, []],
    [0, 5, []],
    [5, 1, []],
  ])('of %d keys for %d chunks: %j', async (length, chunks, bounds) => {
    expect(await boundsOf(length, chunks)).toEqual(bounds);
  });

  test('a key that many rows share is one of them once', async () => {
    async function* sample(): AsyncGenerator<SampledKey> {
      for (const key of [...Array(90).fill('many'), 'o', 'p', 'q']) yield { key: [key], length: 93 };
    }
    const found: KeyTuple[] = [];
    for await (const bound of quantiles(sample(), 31)) found.push(bound);
    expect(found).toEqual([['many']]);
  });

  test('ascend, are fewer than chunks, and make chunks that differ by one key at most', async () => {
    const numbers = fc.tuple(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 60 }));
    await fc.assert(
      fc.asyncProperty(numbers, async ([length, chunks]) => {
        const bounds = await boundsOf(length, chunks);
        expect(bounds.length).toBe(Math.min(length, chunks) - 1);
        const sizes = [...bounds, length].map((bound, i) => bound - (bounds[i - 1] ?? 0));
        expect(Math.min(...sizes)).toBeGreaterThan(0);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

test('ranges touch, begin at the beginning and end at the end, whatever the bounds', () => {
  const tuples = fc.array(fc.array(fc.string(), { minLength: 1, maxLength: 3 }));
  fc.assert(
    fc.property(tuples, (bounds: KeyTuple[]) => {
      const ranges = [...rangesOf(bounds)];
      expect(ranges.map(({ upTo }) => upTo)).toEqual([...bounds, null]);
      expect(ranges.map(({ after }) => after)).toEqual([null, ...bounds]);
    }),
  );
});
