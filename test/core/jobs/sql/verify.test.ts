/** A manifest of a table's job is held against its plan: nothing is missed but where nothing is wrong. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type KeyTuple, rangesOf } from '#core/jobs/sql/table.ts';
import { verifyRanges } from '#core/jobs/sql/verify.ts';

const bounds = fc.uniqueArray(fc.array(fc.string(), { minLength: 1, maxLength: 3 }), { maxLength: 20 });
const readOf = (cuts: readonly KeyTuple[]) =>
  [...rangesOf(cuts)].map((range, i) => ({ chunk: String(i), range }));

test('what was read as it was planned is whole, in whatever order', () => {
  fc.assert(
    fc.property(
      bounds.chain((cuts) =>
        fc.tuple(fc.constant(cuts), fc.shuffledSubarray(readOf(cuts), { minLength: cuts.length + 1 })),
      ),
      ([cuts, read]) => {
        expect(verifyRanges(cuts, read)).toEqual([]);
      },
    ),
  );
});

test('each range that is missing, doubled or another one is a fault of its own', () => {
  fc.assert(
    fc.property(bounds, fc.nat(), fc.constantFrom('missing', 'doubled', 'other'), (cuts, at, what) => {
      const read = readOf(cuts);
      const i = at % read.length;
      const own = read[i];
      if (own === undefined) return;
      const other = { ...own, range: { after: ['somewhere', 'else', 'than', 'planned'], upTo: null } };
      const said =
        what === 'missing' ? read.toSpliced(i, 1) : what === 'doubled' ? [...read, own] : read.with(i, other);
      expect(verifyRanges(cuts, said)).toMatchObject([{ chunk: String(i) }]);
    }),
  );
});

test('a chunk that nobody planned is told of', () => {
  expect(
    verifyRanges([['5']], [...readOf([['5']]), { chunk: '7', range: { after: null, upTo: null } }]),
  ).toEqual([{ kind: 'range', chunk: '7', why: 'it is not in the plan' }]);
});
