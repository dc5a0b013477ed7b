/**
 * Every record lands in exactly one chunk, whatever the data, the cuts and the blocks: held against records that are read
 * from left to right.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Records } from '#core/jobs/dataset.ts';
import { cutterOf, RecordTooLarge, wholeStream } from '#core/jobs/records.ts';
import { type Cuttable, cut, lines, noLimit, pieces, rangeOf } from './cuts.ts';

/** The records as somebody reads them who begins at the beginning. */
function recordsOf(data: Buffer, records: Cuttable): Buffer[] {
  const found: Buffer[] = [];
  let from = 0;
  const take = (to: number) => {
    if (to > from) found.push(data.subarray(from, to));
    from = to;
  };
  if (records.kind === 'fixed') for (let to = records.width; to <= data.length; to += records.width) take(to);
  else if (records.kind === 'csv') {
    let quoted = false;
    for (const [i, byte] of data.entries()) {
      if (byte === 0x22) quoted = !quoted;
      if (byte === 0x0a && !quoted) take(i + 1);
    }
  } else {
    const delimiter = records.kind === 'lines' ? Buffer.from('\n') : Buffer.from(records.delimiter, 'hex');
    for (let i = data.indexOf(delimiter); i >= 0; i = data.indexOf(delimiter, i + delimiter.length))
      take(i + delimiter.length);
  }
  take(data.length);
  return found;
}

const alphabets: readonly { records: Cuttable; parts: readonly string[] }[] = [
  {
    records: lines,
    parts: ['\n', '\n', '\r\n', 'a', 'é', '日本', '\u{1F600}', '\uFEFF', '\0', 'long record '],
  },
  { records: { kind: 'csv' }, parts: ['\n', '\r\n', '"a\nb"', '""', '"x""\n"', ',', 'é', '"\uFEFF\n"'] },
  {
    records: { kind: 'delimited', delimiter: '7c7c2d' },
    parts: ['||-', '|', '||', '-', '|-', 'a', '\n', '日'],
  },
  { records: { kind: 'delimited', delimiter: '616162' }, parts: ['a', 'aa', 'b', 'aab', 'x'] },
  { records: { kind: 'delimited', delimiter: '00' }, parts: ['\0', 'a', '\n', 'bc'] },
  { records: { kind: 'fixed', width: 4 }, parts: ['abcd', '\n\n\n\n', 'éé'] },
];
const anyCase = fc.constantFrom(...alphabets).chain(({ records, parts }) =>
  fc.record({
    records: fc.constant(records),
    data: fc.array(fc.constantFrom(...parts), { maxLength: 40 }).map((some) => Buffer.from(some.join(''))),
    places: fc.array(fc.nat({ max: 1000 }), { maxLength: 6 }),
    blocks: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 4 }),
  }),
);
const boundsIn = (data: Buffer, places: readonly number[]) =>
  places.map((place) => place % (data.length + 1)).sort((a, b) => a - b);

describe('laws', () => {
  it('chunks joined are the input, and their records are those of the input, each once', () => {
    fc.assert(
      fc.property(anyCase, ({ records, data, places, blocks }) => {
        const chunks = pieces(data, records, boundsIn(data, places), blocks);
        expect(Buffer.concat(chunks.map(({ bytes }) => bytes)).equals(data)).toBe(true);
        const split = chunks.flatMap(({ bytes }) => recordsOf(bytes, records));
        expect(split.map(String)).toEqual(recordsOf(data, records).map(String));
        for (const chunk of chunks) expect(chunk.records).toBe(recordsOf(chunk.bytes, records).length);
      }),
      { numRuns: 3000 },
    );
  });

  it('what a chunk says of its range is where its bytes were', () => {
    fc.assert(
      fc.property(anyCase, ({ records, data, places, blocks }) => {
        let at = 0;
        for (const { bytes, from, to } of pieces(data, records, boundsIn(data, places), blocks)) {
          expect(data.subarray(from, to).equals(bytes)).toBe(true);
          if (from === to) continue;
          expect(from).toBe(at);
          at = to;
        }
        expect(at).toBe(data.length);
      }),
      { numRuns: 1000 },
    );
  });

  it('a chunk that is gone on with behind a record of its own, and one cut in halves, miss nothing', () => {
    fc.assert(
      fc.property(anyCase, fc.nat(), ({ records, data, places, blocks }, place) => {
        for (const whole of pieces(data, records, boundsIn(data, places).slice(0, 2), blocks)) {
          if (whole.from === whole.to || whole.from >= whole.end) continue;
          const middle = whole.from + 1 + (place % (whole.end - whole.from));
          const size = data.length;
          const first = cutterOf(rangeOf(whole.from, middle, size, { aligned: true }), records, noLimit);
          const bytes = cut(first, data, blocks);
          const rest = { aligned: true, scanFrom: first.found.to };
          const resumed = cutterOf(rangeOf(first.found.to, whole.end, size, rest), records, noLimit);
          expect(Buffer.concat([bytes, cut(resumed, data, blocks)]).equals(whole.bytes)).toBe(true);
          const half = { aligned: false, scanFrom: whole.from };
          const second = cutterOf(rangeOf(middle, whole.end, size, half), records, noLimit);
          expect(Buffer.concat([bytes, cut(second, data, blocks)]).equals(whole.bytes)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the largest record', () => {
  const limited = (data: Buffer, records: Cuttable, limit: number, blocks: readonly number[]) => {
    const cutter = cutterOf(rangeOf(0, data.length, data.length), records, limit);
    return { bytes: cut(cutter, data, blocks), records: cutter.found.records };
  };

  it('that is allowed passes, and one that is larger fails, where it is, whatever the blocks', () => {
    fc.assert(
      fc.property(anyCase, fc.integer({ min: 1, max: 30 }), ({ records, data, blocks }, limit) => {
        if (records.kind === 'fixed') return;
        const all = recordsOf(data, records);
        const at = all.findIndex(({ length }) => length > limit);
        if (at < 0) {
          const found = limited(data, records, limit, blocks);
          expect(found).toEqual({ bytes: data, records: all.length });
        } else {
          const offset = all.slice(0, at).reduce((sum, { length }) => sum + length, 0);
          expect(() => limited(data, records, limit, blocks)).toThrow(
            expect.objectContaining({ name: 'RecordTooLarge', offset }),
          );
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('by hand', () => {
  const chunk = (text: string, start: number, end: number, limit = noLimit) => {
    const data = Buffer.from(text);
    const cutter = cutterOf(rangeOf(start, end, data.length), lines, limit);
    return String(cut(cutter, data));
  };

  it.each([
    ['a record that begins right at a boundary is of the chunk before', 'ab\ncd\nef\n', 3, 6, 'ef\n'],
    ['… which has read it to its end', 'ab\ncd\nef\n', 0, 3, 'ab\ncd\n'],
    [
      'a record that is longer than several chunks is of the one where it begins',
      'a\nlooooooong\nb\n',
      0,
      4,
      'a\nlooooooong\n',
    ],
    ['… and the chunks within it are empty', 'a\nlooooooong\nb\n', 4, 8, ''],
    ['the last line may have no end', 'a\nb', 0, 3, 'a\nb'],
    ['empty lines are records', '\n\n\n', 1, 3, '\n'],
    ['a carriage return stays with its line', 'a\r\nb\r\n', 0, 2, 'a\r\n'],
    ['a byte order mark is a part of the first record', '\uFEFFa\nb\n', 0, 3, '\uFEFFa\n'],
  ])('%s', (_, text, start, end, ours) => {
    expect(chunk(text, start, end)).toBe(ours);
  });

  it('a record that is too large fails with its offset, ended or not, and that of another chunk does not', () => {
    for (const text of ['ab\nabcdefgh\nx\n', 'ab\nabcdefgh', `ab\n${'x'.repeat(1000)}`])
      expect(() => chunk(text, 0, text.length, 5)).toThrow(
        expect.objectContaining({ name: 'RecordTooLarge', offset: 3 }),
      );
    expect(new RecordTooLarge(3, 5).message).toContain('offset 3');
    expect(chunk('abcdefgh\nx\n', 2, 11, 5)).toBe('x\n');
    expect(chunk('abcd\nx\n', 0, 7, 5)).toBe('abcd\nx\n');
  });

  it('what comes from a decompressor has no size, and its fixed records must be whole', () => {
    expect(String(cut(cutterOf(wholeStream, lines, noLimit), Buffer.from('a\nb')))).toBe('a\nb');
    const fixed = cutterOf(wholeStream, { kind: 'fixed', width: 4 }, noLimit);
    expect(() => cut(fixed, Buffer.from('abcdab'))).toThrow(/at offset 4, has 2 of 4 bytes/);
  });

  it('a delimiter that overlaps itself is refused: it ends records elsewhere from each start', () => {
    for (const delimiter of ['0a0a', '616261', 'ff00ff'])
      expect(Records.safeParse({ kind: 'delimited', delimiter }).success).toBe(false);
    for (const delimiter of ['0a', '0d0a', '616162'])
      expect(Records.safeParse({ kind: 'delimited', delimiter }).success).toBe(true);
  });
});
