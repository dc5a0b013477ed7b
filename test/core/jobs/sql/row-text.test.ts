/** Rows as text and back: whatever stands in them, wherever the bytes are cut. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InputFailed } from '#core/jobs/ports.ts';
import { type Row, RowWriter, rowsIn } from '#core/jobs/sql/row-text.ts';
import { valuesOf } from '#core/jobs/sql/row-values.ts';

async function* cut(bytes: Uint8Array, at: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += at) yield bytes.subarray(i, i + at);
}

async function read(text: string | Uint8Array, format: 'csv' | 'text', at = 1000): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of rowsIn(cut(Buffer.from(text), at), format)) rows.push(row);
  return rows;
}

const awkward = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom(...'\\N"\n\r\t,\b\v\f x.') }),
);

test.each(['csv', 'text'] as const)('%s: what is written is what is read', async (format) => {
  const rows = fc
    .integer({ min: 1, max: 4 })
    .chain((width) =>
      fc.array(fc.array(fc.option(awkward), { minLength: width, maxLength: width }), { maxLength: 8 }),
    );
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 20 }), async (given, at) => {
      const writer = new RowWriter(['text', 'text', 'text', 'text'], format);
      for (const row of given) writer.push(row.map((value) => (value === null ? null : Buffer.from(value))));
      expect(await read(writer.take(), format, at)).toEqual(given);
    }),
  );
});

test.each([
  ['csv', 'a,b', [['a', 'b']]],
  [
    'csv',
    'a,b\r\n,""\r\n',
    [
      ['a', 'b'],
      [null, ''],
    ],
  ],
  ['csv', 'x"y,z"w,"a""b"\n', [['xy,zw', 'a"b']]],
  ['csv', '"a\r"\r\n', [['a\r']]],
  ['csv', '\n', [[null]]],
  ['text', 'a\t\\N\t\n', [['a', null, '']]],
  ['text', '\\\\N\\x\\t\r\n', [['\\Nx\t']]],
] as const)('%s: %j', async (format, text, rows) => {
  expect(await read(text, format)).toEqual(rows);
  expect(await read(text, format, 1)).toEqual(rows);
});

test('a row that never ends is refused before it fills the memory', async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield Buffer.alloc(4 * 2 ** 20, 'x');
  }
  for (const format of ['csv', 'text'] as const)
    await expect(async () => {
      for await (const row of rowsIn(endless(), format)) expect(row).toEqual([]);
    }).rejects.toThrow(/row 1 is longer/);
});

test('values of an INSERT: nothing gets out of its quotes, bytes and bits are digits', () => {
  const row = ["it's \\ \n\0", null, '\\x00fF', '0101'];
  expect(valuesOf(row, ['text', 'text', 'bytes', 'bits'], 1)).toBe(
    String.raw`('it\'s \\ \n\0',NULL,X'00fF',b'0101')`,
  );
  expect(() => valuesOf(["x' OR 1"], ['bits'], 3)).toThrow(/row 3, column 1: bits/);
  expect(() => valuesOf(['\\x0'], ['bytes'], 3)).toThrow(/row 3, column 1: bytes/);
  expect(() => valuesOf([], ['bytes'], 3)).toThrow(InputFailed);
});
