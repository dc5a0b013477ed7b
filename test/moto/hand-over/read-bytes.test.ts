/** Records are cut where Dask's `read_bytes` cuts them, whatever they are: Dask itself is asked. */
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import * as z from '#core/zod.ts';
import { pieces } from '../../core/jobs/cuts.ts';
import { runPython, withPython } from '../parquet/python.ts';

const Blocks = z.array(z.tuple([z.int(), z.string()]));
/** Ends of all kinds, halves of them, and what is of several bytes. */
const parts = [
  '\n',
  '\n\n',
  '\r\n',
  'a',
  'é',
  '日本',
  '\u{1F600}',
  '\uFEFF',
  '||-',
  '|',
  '-',
  'x'.repeat(30),
];
const anyCase = fc.record({
  data: fc
    .array(fc.constantFrom(...parts), { minLength: 1, maxLength: 40 })
    .map((some) => Buffer.from(some.join(''))),
  delimiter: fc.constantFrom('0a', '0d0a', '7c7c2d', 'c3a9'),
  size: fc.integer({ min: 2, max: 40 }),
});

it('cuts 500 objects where it cuts them', { timeout: 300_000 }, async () => {
  const cases = fc.sample(anyCase, 500);
  const input = cases.map((one) => JSON.stringify({ ...one, data: one.data.toString('base64') })).join('\n');
  const ran = await runPython(await withPython(), join(import.meta.dirname, 'blocks.py'), { input });
  expect({ code: ran.code, err: ran.err, answers: ran.lines.length }).toEqual({
    code: 0,
    err: '',
    answers: 500,
  });
  let several = 0;
  for (const [i, { data, delimiter, size }] of cases.entries()) {
    const blocks = Blocks.parse(ran.lines[i]);
    const bounds = blocks.slice(1).map(([offset]) => offset);
    if (bounds.length > 1) several++;
    const ours = pieces(data, { kind: 'delimited', delimiter }, bounds).map(({ bytes }) => String(bytes));
    const theirs = blocks.map(([, block]) => String(Buffer.from(block, 'base64')));
    expect({ text: String(data), delimiter, size, ours }).toEqual({
      ...{ text: String(data), delimiter, size },
      ours: theirs,
    });
  }
  expect(several).toBeGreaterThan(100);
});
