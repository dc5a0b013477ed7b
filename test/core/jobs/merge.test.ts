/** Lines of many streams in one order: as a stable sort of all has them, whatever is in them; what is not in order is told of. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linesOf, mergedLines } from '#core/jobs/merge.ts';
import { Order } from '#core/jobs/reduce.ts';

const inLatin = (text: string) => Buffer.from(text, 'latin1');
const compare = (a: string, b: string) => Buffer.compare(inLatin(a), inLatin(b));
const keyOf = (line: string, { field, separator }: Order): string =>
  field === undefined ? line : (line.split(separator)[field - 1] ?? '');
const byKey = (order: Order) => (a: string, b: string) => compare(keyOf(a, order), keyOf(b, order));

const orders = fc.constantFrom({}, { field: 1, separator: ',' }, { field: 2, separator: ',' }, { field: 3 });
const line = fc
  .array(fc.constantFrom('a', 'b', 'B', 'ä', 'ÿ', ',', '\t', ' ', '"', '\r', '10', '9'), { maxLength: 6 })
  .map((parts) => parts.join(''));
const streams = fc.array(fc.array(line, { maxLength: 12 }), { maxLength: 7 });

/** Cut anywhere, as blocks come; one that is released is used again at once, and no third one is there before. */
async function* cut(text: Buffer, length: number) {
  let held = 0;
  for (let at = 0; at < text.length; at += length) {
    const bytes = Buffer.from(text.subarray(at, at + length));
    expect(++held).toBeLessThanOrEqual(2);
    const release = () => {
      held -= 1;
      bytes.fill('!');
    };
    yield { bytes, release };
  }
}
async function merged(texts: readonly string[], order: Order, block = 5): Promise<string[]> {
  const sources = texts.map((text, i) => ({
    name: `stream ${i}`,
    lines: linesOf(cut(inLatin(text), block), 1000),
  }));
  const found: string[] = [];
  for await (const one of mergedLines(sources, order)) found.push(Buffer.from(one).toString('latin1'));
  return found;
}
const textOf = (lines: readonly string[]) => lines.map((one) => `${one}\n`).join('');

test('is the stable sort of all, of equal lines the earlier stream first', async () => {
  await fc.assert(
    fc.asyncProperty(streams, orders, fc.integer({ min: 1, max: 20 }), async (given, parts, block) => {
      const order = Order.parse({ kind: 'merge', ...parts });
      const sorted = given.map((lines) => lines.toSorted(byKey(order)));
      expect(await merged(sorted.map(textOf), order, block)).toEqual(sorted.flat().toSorted(byKey(order)));
    }),
  );
});

test.each([
  ['the whole line', {}, []],
  ['a field', { field: 2, separator: ',' }, ['-t', ',', '-k', '2,2']],
])('is what GNU sort merges: by %s', async (_, parts, args) => {
  const order = Order.parse({ kind: 'merge', ...parts });
  const given = [0, 1, 2, 3].map((stream) =>
    Array.from(
      { length: 500 },
      (_, i) => `${(i * 7919 + stream) % 613},${(i * 104_729 + stream * 31) % 97},ä`,
    ),
  );
  const sorted = given.map((lines) => lines.toSorted(byKey(order)));
  const all = spawnSync('sort', ['-s', ...args], {
    env: { LC_ALL: 'C', PATH: process.env['PATH'] },
    input: inLatin(textOf(sorted.flat())),
  });
  expect(textOf(await merged(sorted.map(textOf), order, 777))).toBe(all.stdout.toString('latin1'));
});

test('a last line without an end has one', async () => {
  expect(await merged(['a\nc', 'b'], Order.parse({ kind: 'merge' }))).toEqual(['a', 'b', 'c']);
});

test('says which line of which stream is not in order, and which is too long', async () => {
  const order = Order.parse({ kind: 'merge' });
  await expect(merged(['a\nb\n', 'b\nc\na\n'], order)).rejects.toThrow(
    /stream 1 is not in order at its line 3/,
  );
  await expect(merged([`${'x'.repeat(2000)}\n`], order)).rejects.toThrow(/more than 1000 bytes/);
});
