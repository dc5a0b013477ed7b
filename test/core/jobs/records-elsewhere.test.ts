/** Records are cut where others cut them: held against GNU split, and against what Dask's `read_bytes` gave. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cuttable, lines, pieces } from './cuts.ts';

/** GNU split gives a line to the part in which it begins; a cut of ours is that of the byte before. */
describe('beside GNU split', () => {
  function gnuSplit(data: Buffer, parts: number): Buffer[] {
    const folder = mkdtempSync(join(tmpdir(), 'split-'));
    try {
      writeFileSync(join(folder, 'input'), data);
      execFileSync('split', ['--number', `l/${parts}`, '--numeric-suffixes', 'input', 'part-'], {
        cwd: folder,
      });
      const names = readdirSync(folder).filter((name) => name.startsWith('part-'));
      return names.sort().map((name) => readFileSync(join(folder, name)));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  it.each([
    ['lines of all lengths', 'a\nbb\nccc\ndddd\neeeee\nffffff\n'],
    ['no end', 'one\ntwo\nthree'],
    ['carriage returns', 'one\r\ntwo\r\n\r\nthree\r\n'],
    ['empty lines', '\n\n\n\n\nx\n\n'],
    ['Unicode', 'é\n日本\n\u{1F600}\u{1F600}\n\uFEFFx\n'],
    ['one line that is longer than a part', `a\n${'x'.repeat(100)}\nb\n`],
    ['no line at all', 'x'.repeat(50)],
  ])('cuts where it cuts: %s', (_, text) => {
    for (const parts of [1, 2, 3, 5]) expectSame(Buffer.from(text), parts);
  });

  it('cuts where it cuts, whatever it is', () => {
    const some = ['\n', '\n\n', '\r\n', 'a', 'bcd', 'é', '\u{1F600}', '\uFEFF', 'x'.repeat(30)];
    const text = fc.array(fc.constantFrom(...some), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (of, parts) =>
        expectSame(Buffer.from(of.join('')), parts),
      ),
      { numRuns: 60 },
    );
  });

  function expectSame(data: Buffer, parts: number): void {
    const size = Math.floor(data.length / parts);
    // The byte before the second one is the first: its cut is 0, by definition.
    if (size < 2) return;
    const bounds = Array.from({ length: parts - 1 }, (_, i) => (i + 1) * size - 1);
    const ours = pieces(data, lines, bounds).map(({ bytes }) => String(bytes));
    expect(ours).toEqual(gnuSplit(data, parts).map(String));
  }
});

interface Known {
  readonly title: string;
  readonly text: string;
  readonly delimiter?: string;
  /** The first is 0. */
  readonly offsets: readonly number[];
  readonly blocks: readonly string[];
}

/**
 * Blocks of dask.bytes.read_bytes of Dask 2026.8.0 on these inputs, written down once, to be read; test/moto/hand-over asks Dask itself,
 * over any. It spreads a remainder over its blocks, so the offsets that it asked for are given too.
 */
describe("beside Dask's read_bytes", () => {
  const known: readonly Known[] = [
    {
      title: 'lines',
      text: 'a\nbb\nccc\ndddd\neeeee\n',
      offsets: [0, 5, 10, 15],
      blocks: ['a\nbb\nccc\n', 'dddd\n', 'eeeee\n', ''],
    },
    { title: 'no end', text: 'one\ntwo\nthree', offsets: [0, 4, 8], blocks: ['one\ntwo\n', 'three', ''] },
    {
      title: 'carriage returns',
      text: 'one\r\ntwo\r\n\r\nthree\r\n',
      offsets: [0, 6, 12],
      blocks: ['one\r\ntwo\r\n', '\r\nthree\r\n', ''],
    },
    { title: 'empty lines', text: '\n\n\n\nx\n\n', offsets: [0, 3], blocks: ['\n\n\n\n', 'x\n\n'] },
    {
      title: 'Unicode',
      text: 'é\n日本\n\u{1F600}\u{1F600}\n\uFEFFx\n',
      offsets: [0, 6, 12, 18],
      blocks: ['é\n日本\n', '\u{1F600}\u{1F600}\n', '', '\uFEFFx\n'],
    },
    {
      title: 'a record longer than a block',
      text: 'a\nxxxxxxxxxxxxxxxxxxxx\nb\n',
      offsets: [0, 6, 12, 18],
      blocks: ['a\nxxxxxxxxxxxxxxxxxxxx\n', '', '', 'b\n'],
    },
    {
      title: 'no delimiter at all',
      text: 'xxxxxxxxxxxxxxxxxxxx',
      offsets: [0, 6, 13],
      blocks: ['xxxxxxxxxxxxxxxxxxxx', '', ''],
    },
    {
      title: 'several bytes',
      text: 'a||-b|-||-c||-||-d',
      delimiter: '7c7c2d',
      offsets: [0, 4, 9, 13],
      blocks: ['a||-b|-||-', 'c||-', '||-', 'd'],
    },
  ];
  it.each(known)('$title', ({ text, delimiter = '0a', offsets, blocks }) => {
    const records: Cuttable = { kind: 'delimited', delimiter };
    const ours = pieces(Buffer.from(text), records, offsets.slice(1)).map(({ bytes }) => String(bytes));
    expect(ours).toEqual(blocks);
  });
});
