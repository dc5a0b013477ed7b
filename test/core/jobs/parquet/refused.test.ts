/** Files that can't be cut: each says which row group, which column, and what to do; and whatever byte is another one, nothing is cut wrong. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rejected } from '#core/errors.ts';
import { mostFooterBytes } from '#core/jobs/parquet/footer.ts';
import { FooterCutter } from '#core/jobs/parquet/footer-cutter.ts';
import { cutFile, encoded, type Group, parquetFile, read, struct, structs } from './samples.ts';

describe('what is refused', () => {
  const column = { data: 'data' };
  const group = { rows: 1, columns: [column] };
  const odd = (more: Partial<Group> & { readonly column?: object }): Buffer => {
    const { column: other, ...rest } = more;
    return parquetFile({
      groups: [group, { ...group, ...(other && { columns: [{ ...column, ...other }] }), ...rest }],
    });
  };
  it.each<[string, Buffer, RegExp]>([
    [
      'another magic',
      parquetFile({ groups: [group], end: 'ORC1' }),
      /ends with "ORC1", not with PAR1: it is cut off, or no Parquet/,
    ],
    [
      'an encrypted footer',
      parquetFile({ groups: [group], end: 'PARE' }),
      /footer is encrypted.*decrypt it first/,
    ],
    ['a file that is cut off', parquetFile({ groups: [group] }).subarray(0, -40), /not with PAR1/],
    ['too few bytes', Buffer.from('PAR1PAR1'), /no Parquet file/],
    [
      'a footer that is longer than the file',
      parquetFile({ groups: [group], footerLength: 5000 }),
      /said to have 5000 bytes, and the whole has/,
    ],
    [
      'a footer that is too long',
      parquetFile({ groups: [group], footerLength: mostFooterBytes + 1 }),
      /are read at most: write it as several files/,
    ],
    ['a footer of other bytes', Buffer.from(`PAR1${'\xff'.repeat(50)}\x20\0\0\0PAR1`, 'latin1'), /byte/],
    ['no row groups', parquetFile({ groups: [], said: { 4: undefined } }), /its row groups are not said/],
    [
      'row groups that are none',
      parquetFile({ groups: [], said: { 4: { list: [{ i32: 3 }], of: 5 } } }),
      /row groups are no structs/,
    ],
    [
      'too many columns',
      odd({ said: { 1: structs(Array(100_001).fill(struct({}))) } }),
      /columns of row group 1 are 100001, and 100000 are read at most/,
    ],
    [
      'more row groups than bytes',
      parquetFile({ groups: [], said: { 4: { raw: [0xfc, 0xff, 0xff, 0xff, 0x7f] } } }),
      /said to have 268435455 row groups in a footer of/,
    ],
    [
      'another number of rows',
      parquetFile({ groups: [group], said: { 3: { i64: 7 } } }),
      /says that it has 7 rows, and its row groups have 1/,
    ],
    [
      'fewer rows than none',
      odd({ rows: 1, said: { 3: { i64: -1 } } }),
      /rows of row group 1 is said to be -1/,
    ],
    ['rows without pages', odd({ columns: [] }), /row group 1 has 1 rows and no pages/],
    [
      'encrypted columns',
      parquetFile({ groups: [group], said: { 8: struct({ 1: struct({}) }) } }),
      /columns are encrypted/,
    ],
    [
      'an encrypted column',
      odd({ column: { chunk: { 8: struct({}) } } }),
      /column 0 of row group 1 is encrypted/,
    ],
    [
      'pages of another file',
      odd({ column: { chunk: { 1: { binary: 'part-0' } } } }),
      /column 0 of row group 1 lies in another file/,
    ],
    ['no metadata', odd({ column: { chunk: { 3: undefined } } }), /does not say where it lies/],
    [
      'pages beyond the file',
      odd({ column: { said: { 9: { i64: 1_000_000 } } } }),
      /lie from byte 1000000 to 1000004, and the footer begins at 12/,
    ],
    [
      'pages that are longer than the file',
      odd({ column: { said: { 7: { i64: 1_000_000 } } } }),
      /to 1000008, and the footer begins/,
    ],
    [
      'pages before the file',
      odd({ column: { said: { 9: { i64: -5 } } } }),
      /column 0 of row group 1 lies nowhere: its first page is said to be -5/,
    ],
    [
      'pages that overlap',
      odd({ column: { said: { 9: { i64: 6 } } } }),
      /begin at byte 6, and what is before it ends at 8: they overlap/,
    ],
    ['pages in the magic', odd({ column: { said: { 9: { i64: 0 } } } }), /overlap/],
    [
      'columns that overlap',
      odd({ columns: [column, { data: 'x', said: { 9: { i64: 9 }, 7: { i64: 2 } } }] }),
      /overlap/,
    ],
    [
      'a dictionary far before',
      odd({ column: { said: { 11: { i64: 4 } } } }),
      /first page lies 4 behind its beginning/,
    ],
  ])('%s', (_, file, why) => {
    expect(() => read(file)).toThrow(Rejected);
    expect(() => read(file)).toThrow(why);
  });

  it('a field that is there twice', () => {
    const footer = Buffer.from(
      encoded({
        struct: [
          [3, { i64: 0 }],
          [3, { i64: 1 }],
        ],
      }),
    );
    const cutter = new FooterCutter({ start: 0, end: 99, size: 99 }, 4, footer.length);
    expect(() => cutter.push(footer)).toThrow(/field 3 is there twice/);
  });

  it('or is cut right, whatever byte is another one', () => {
    const file = parquetFile({ groups: [group, group, { ...group, rows: 3 }], indexes: 'i'.repeat(20) });
    fc.assert(
      fc.property(
        fc.nat({ max: file.length - 1 }),
        fc.nat({ max: 255 }),
        fc.nat({ max: file.length }),
        (at, byte, bound) => {
          const other = Buffer.from(file);
          other[at] = byte;
          try {
            for (const { cut, own } of [cutFile(other, 0, bound, 64), cutFile(other, bound)])
              if (cut.rows > 0) read(own);
          } catch (error) {
            expect(error).toBeInstanceOf(Rejected);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
