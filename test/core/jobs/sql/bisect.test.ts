/** A table that is cut in two, again and again: each key once, in the order of the database, whatever that is. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { between } from '#core/jobs/sql/between.ts';
import { bisected, type KeyProbes, type Piece } from '#core/jobs/sql/bisect.ts';
import type { KeyTuple } from '#core/jobs/sql/table.ts';

type Compare = (a: string, b: string) => number;

/** A table in memory; what is estimated is wrong by up to a factor. */
class Keys implements KeyProbes {
  readonly keys: readonly KeyTuple[];
  asked = 0;
  walked = 0;
  readonly #compare: (a: KeyTuple, b: KeyTuple) => number;
  readonly #error: number;

  constructor(keys: readonly KeyTuple[], compare: Compare, error = 1) {
    this.#compare = (a, b) => {
      for (const [i, value] of b.entries()) {
        const order = compare(a[i] ?? '', value);
        if (order !== 0) return order;
      }
      return 0;
    };
    this.keys = keys.toSorted(this.#compare);
    this.#error = error;
  }

  get whole(): Piece {
    return { first: this.keys[0] ?? [], last: this.keys.at(-1) ?? [] };
  }

  async rows({ first, last }: Piece): Promise<number> {
    this.asked += 1;
    const rows = this.#from(first, last).length;
    return Math.max(1, Math.round(rows * (rows % 2 === 0 ? this.#error : 1 / this.#error)));
  }

  async upTo({ first, last }: Piece, probe: KeyTuple): Promise<KeyTuple | undefined> {
    this.asked += 1;
    return this.#from(first, last)
      .slice(0, -1)
      .findLast((key) => this.#compare(key, probe) <= 0);
  }

  async behind(key: KeyTuple, { last }: Piece): Promise<KeyTuple | undefined> {
    this.asked += 1;
    return this.#from(key, last)[1];
  }

  async further(key: KeyTuple, rows: number, { last }: Piece): Promise<KeyTuple | undefined> {
    this.walked += rows;
    return this.#from(key, last).slice(0, -1)[rows];
  }

  #from(first: KeyTuple, last: KeyTuple): readonly KeyTuple[] {
    const at = (key: KeyTuple) => this.keys.findIndex((each) => this.#compare(each, key) === 0);
    return this.keys.slice(at(first), at(last) + 1);
  }
}

async function boundsOf(keys: Keys, types: readonly string[], chunkRows: number): Promise<number[]> {
  const at: number[] = [];
  for await (const bound of bisected(keys, types, keys.whole, chunkRows)) at.push(keys.keys.indexOf(bound));
  return at;
}

const numeric: Compare = (a, b) => (BigInt(a) < BigInt(b) ? -1 : Number(BigInt(a) > BigInt(b)));
const plain: Compare = (a, b) => (a < b ? -1 : Number(a > b));
/** Backwards, so that nothing is as it was thought. */
const strange: Compare = (a, b) => plain([...b].toReversed().join(''), [...a].toReversed().join(''));
const sizesOf = (bounds: readonly number[], length: number) =>
  [...bounds, length - 1].map((bound, i) => bound - (bounds[i - 1] ?? -1));

describe('bounds by cutting in two', () => {
  test.each([
    ['dense', (i: number) => [String(i)]],
    ['sparse and skewed', (i: number) => [String(3n ** BigInt(i % 40) * 1000n + BigInt(i))]],
    ['two heaps far from each other', (i: number) => [String(i % 2 === 0 ? i : 2n ** 62n + BigInt(i))]],
    ['below zero', (i: number) => [String(i * i * (i % 2 === 0 ? 1 : -1))]],
  ])('%s numbers: chunks of like size, and no key is looked at that is no bound', async (_, make) => {
    const keys = new Keys(
      Array.from({ length: 3000 }, (_, i) => make(i)),
      numeric,
    );
    const sizes = sizesOf(await boundsOf(keys, ['SIGNED'], 100), 3000);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(3000);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(125);
    expect(sizes.length).toBeLessThan(65);
    expect(keys.walked).toBe(0);
    expect(keys.asked).toBeLessThan(64 * sizes.length);
  });

  test('the first column that differs is halved, and within one of its values the next', async () => {
    const all = Array.from({ length: 2000 }, (_, i) => [i % 10 === 0 ? `t${i % 7}` : 'large', String(i)]);
    const keys = new Keys(all, (a, b) => (/^\d/.test(a) ? numeric(a, b) : plain(a, b)));
    const sizes = sizesOf(await boundsOf(keys, ['CHAR', 'UNSIGNED'], 100), 2000);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(125);
    expect(sizes.length).toBeLessThan(45);
    expect(keys.walked).toBe(0);
  });

  test.each([
    ['of which the order is another one', 'CHAR', strange],
    ['of which nothing is known', 'TIME(6)', plain],
  ])('a type %s is walked through, and cut as well', async (_, type, compare) => {
    const keys = new Keys(
      Array.from({ length: 1000 }, (_, i) => [`k${i}`]),
      compare,
    );
    const sizes = sizesOf(await boundsOf(keys, [type], 100), 1000);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1000);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(200);
  });

  test('ascend, whatever the keys, their order and what is estimated', async () => {
    const texts = fc.uniqueArray(fc.string({ maxLength: 6 }), { minLength: 2, maxLength: 80 });
    const given = fc.record({
      texts,
      compare: fc.constantFrom(plain, strange),
      error: fc.constantFrom(0.2, 1, 5),
      chunkRows: fc.integer({ min: 1, max: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(given, async ({ texts, compare, error, chunkRows }) => {
        const keys = new Keys(
          texts.map((text) => [text]),
          compare,
          error,
        );
        const bounds = await boundsOf(keys, ['CHAR'], chunkRows);
        expect(bounds).toEqual([...new Set(bounds)].toSorted((a, b) => a - b));
        expect(bounds.every((bound) => bound >= 0 && bound < keys.keys.length - 1)).toBe(true);
      }),
    );
  });
});

test('10 TB of rows of 270 bytes, in chunks of 128 MiB: bounds by some hundred thousand questions, and no memory but for them', async () => {
  const rows = 37_000_000_000;
  let asked = 0;
  const number = ([key = '']: KeyTuple) => Number(key);
  const answered = async <T>(answer: T): Promise<T> => {
    asked += 1;
    return answer;
  };
  const dense: KeyProbes = {
    rows: ({ first, last }) => answered(number(last) - number(first) + 1),
    upTo: (_, probe) => answered(probe),
    behind: (key) => answered([String(number(key) + 1)]),
    further: () => answered(undefined),
  };
  let bounds = 0;
  const whole = { first: ['1'], last: [String(rows)] };
  for await (const _ of bisected(dense, ['UNSIGNED'], whole, Math.ceil(rows / 74_506))) bounds += 1;
  expect(bounds).toBe(74_505);
  expect(asked).toBeLessThan(300_000);
});

describe('a value in the middle', () => {
  test.each([
    ['SIGNED', '-9223372036854775808', '9223372036854775807', '-1'],
    ['UNSIGNED', '7', '8', '7'],
    ['DECIMAL(10,3)', '-0.001', '0.002', '0.000'],
    ['DECIMAL(10,3)', '-1.500', '-0.500', '-1.000'],
    ['DATE', '2026-01-01', '2026-01-04', '2026-01-02'],
    ['DATETIME(6)', '2026-01-01 00:00:00', '2026-01-01 00:00:01', '2026-01-01 00:00:00.500000'],
    ['DATETIME(6)', '0000-00-00 00:00:00', '0000-01-01 00:00:02.000000', '0000-01-01 00:00:01.000000'],
    ['BINARY', '00', 'FF', '7F80'],
    ['CHAR', 'user-0100', 'user-0300', 'user-02'],
    ['DOUBLE', '1', '4', '2'],
    ['CHAR', 'b', 'a', undefined],
    ['TIME(6)', '00:00:00', '10:00:00', undefined],
  ])('%s: of %s and %s', (type, low, high, middle) => {
    const found = between(type, low, high, { part: 1, of: 2 });
    if (middle === undefined) expect(found).toBeUndefined();
    else expect(found?.slice(0, middle.length)).toBe(middle);
  });

  test.each([
    ['SIGNED', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String), numeric],
    [
      'BINARY',
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('hex').toUpperCase()),
      plain,
    ],
    ['DOUBLE', fc.double({ noNaN: true }).map(String), (a: string, b: string) => Number(a) - Number(b) || 0],
  ] as const)('%s: it is not before the one, and before the other', (type, values, compare) => {
    fc.assert(
      fc.property(
        values,
        values,
        fc.constantFrom({ part: 1, of: 2 }, { part: 37, of: 75 }),
        (a, b, share) => {
          const [low, high] = [a, b].toSorted(compare);
          if (low === undefined || high === undefined || compare(low, high) === 0) return;
          const middle = between(type, low, high, share);
          if (middle === undefined) {
            expect(type).toBe('BINARY');
            return;
          }
          expect(compare(low, middle)).toBeLessThanOrEqual(0);
          expect(compare(middle, high)).toBeLessThan(0);
        },
      ),
    );
  });
});
