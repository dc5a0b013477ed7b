/** Row groups by chunks: each in one, wherever chunks begin; and the file of some of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cut } from '#core/jobs/parquet/cut.ts';
import { footerAt } from '#core/jobs/parquet/footer.ts';
import { FooterCutter } from '#core/jobs/parquet/footer-cutter.ts';
import {
  cutFile,
  encoded,
  type Group,
  parquetFile,
  read,
  schema,
  struct,
  structs,
  type Value,
} from './samples.ts';

const text = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 });
const anyGroup: fc.Arbitrary<Group> = fc.record(
  {
    rows: fc.integer({ min: 1, max: 99 }),
    columns: fc.array(fc.record({ dictionary: text, data: text }, { requiredKeys: ['data'] }), {
      minLength: 1,
      maxLength: 4,
    }),
    gap: text,
  },
  { requiredKeys: ['rows', 'columns'] },
);
const anySample = fc.record({
  groups: fc.array(anyGroup, { maxLength: 20 }),
  indexes: fc.string({ unit: 'grapheme-ascii', maxLength: 300 }),
});
const pagesOf = (file: Buffer, { rowGroups }: Cut) =>
  rowGroups.map(({ begin, end, rows }) => ({ rows, pages: file.toString('latin1', begin, end) }));

describe('the chunks of a file', () => {
  it('lie end to end, have each row group once, and are files of theirs', () => {
    const bounds = fc.array(fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(anySample, bounds, fc.integer({ min: 1, max: 300 }), (sample, shares, piece) => {
        const file = parquetFile(sample);
        const size = file.length;
        const ends = [...shares.map((share) => Math.floor(share * size)).sort((a, b) => a - b), size];
        const chunks = ends.map((end, i) => cutFile(file, ends[i - 1] ?? 0, end, piece));
        let at = 0;
        for (const { cut } of chunks) {
          expect(cut.from).toBe(at);
          expect(cut.from <= cut.begin && cut.begin <= cut.end && cut.end <= cut.to).toBe(true);
          at = cut.to;
        }
        expect(at).toBe(size);
        const found = chunks
          .filter(({ cut }) => cut.rows > 0)
          .flatMap(({ cut, own }) => {
            const known = read(own);
            expect(known.rows).toBe(cut.rows);
            return pagesOf(own, known);
          });
        expect(found).toEqual(pagesOf(file, read(file)));
        expect(found.map(({ rows }) => rows)).toEqual(sample.groups.map(({ rows }) => rows));
      }),
    );
  });

  it('may be halved where row groups begin, and one of one row group not at all', () => {
    fc.assert(
      fc.property(anySample, (sample) => {
        const file = parquetFile(sample);
        const { middle, rowGroups } = read(file);
        expect(middle === undefined).toBe(sample.groups.length < 2);
        if (middle === undefined) return;
        const halves = [cutFile(file, 0, middle).cut, cutFile(file, middle).cut];
        expect(halves.every(({ rows }) => rows > 0)).toBe(true);
        expect(halves.flatMap((half) => half.rowGroups)).toEqual(rowGroups);
      }),
    );
  });

  it('of what lies behind all pages is as long as it is, for that may be gigabytes', () => {
    const file = parquetFile({
      groups: [{ rows: 1, columns: [{ data: 'x'.repeat(50) }] }],
      indexes: 'i'.repeat(5000),
    });
    expect(cutFile(file, 1000, 2000).cut).toMatchObject({ from: 1000, to: 2000, rows: 0, rowGroups: [] });
  });
});

it('the footer of a chunk says of its row groups what the whole one does, of where they lie now', () => {
  const groups = [1, 2, 3].map((rows) => ({
    rows,
    columns: [{ dictionary: 'dict', data: 'data' }, { data: 'more' }],
  }));
  const unknown = { 40: { binary: 'of the future' }, 32767: { binary: 'offsets of the whole' } } as const;
  const known = parquetFile({ groups: groups.map((group) => ({ ...group, said: unknown })), said: unknown });
  const { begin = 0 } = read(known).rowGroups[1] ?? {};
  const { own } = cutFile(known, begin);
  expect(begin).toBe(16);
  const metadata = (rows: number, page: number, first?: number) =>
    struct({
      1: { i32: 2 },
      2: { list: [{ i32: 0 }, { i32: 3 }], of: 5 },
      3: { list: [{ binary: 'c' }], of: 8 },
      4: { i32: 0 },
      5: { i64: rows },
      6: { i64: 4 },
      7: { i64: first === undefined ? 4 : 8 },
      9: { i64: page },
      11: first === undefined ? undefined : { i64: first },
      12: struct({ 3: { i64: 0 }, 7: { bool: true } }),
    });
  const chunk = (of: Value) => struct({ 2: { i64: 0 }, 3: of });
  const group = (rows: number, at: number, i16: number) =>
    struct({
      1: structs([chunk(metadata(rows, at + 4, at)), chunk(metadata(rows, at + 8))]),
      2: { i64: 5 },
      3: { i64: rows },
      5: { i64: at },
      6: { i64: 5 },
      7: { i16 },
      40: { binary: 'of the future' },
    });
  const expected = struct({
    1: { i32: 2 },
    2: schema,
    3: { i64: 5 },
    4: structs([group(2, 4, 0), group(3, 16, 1)]),
    5: structs([struct({ 1: { binary: 'who' }, 2: { binary: 'we' } })]),
    6: { binary: 'us' },
    7: structs([struct({ 1: struct({}) })]),
    40: { binary: 'of the future' },
  });
  const at = footerAt(own.length, own);
  expect([...own.subarray(at, -8)]).toEqual(encoded(expected));
  expect(own.toString('latin1', 0, at)).toBe('PAR1dictdatamoredictdatamore');
});

it('a footer of too many row groups for one chunk is refused, and smaller chunks are not', () => {
  const said = { 9: { binary: 'x'.repeat(100_000) } };
  const file = parquetFile({
    groups: Array.from({ length: 45 }, () => ({ rows: 1, columns: [{ data: 'x' }], said })),
  });
  expect(() => read(file)).toThrow(/with \d\d row groups.*smaller chunks \(chunkMiB\)/);
  expect(cutFile(file, 0, 25).footer.length).toBeGreaterThan(2_000_000);
});

it('a footer is gone through as it comes: a long one, in pieces, for a chunk of some row groups', () => {
  const said = { 9: { binary: 'x'.repeat(30_000) } };
  const columns = [{ data: 'x' }];
  const file = parquetFile({ groups: Array.from({ length: 100 }, () => ({ rows: 1, columns, said })) });
  const { cut, footer } = cutFile(file, 10, 12, 65_536);
  expect(cut).toMatchObject({ from: 10, to: 12, rows: 2 });
  expect(footer.length).toBeLessThan(61_000);
});

it.each([
  ['row group 0', [0x49, 0x1c, 0x98]],
  ['the field behind 0', [0x68]],
])('what is too long to be held is refused: %s', (what, begun) => {
  const size = 10_000_000;
  const cutter = new FooterCutter({ start: 0, end: size, size }, 4, 9_500_000);
  // A binary of 2^28 - 1 bytes.
  cutter.push(Buffer.from([...begun, 0xff, 0xff, 0xff, 0x7f]));
  const push = () => {
    for (let i = 0; i < 9; i++) cutter.push(Buffer.alloc(1_000_000));
  };
  expect(push).toThrow(`${what} of its footer has more than 4194304 bytes`);
});
