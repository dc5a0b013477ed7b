/** Lists page by page: all of it, in order, each once, also where some come and go meanwhile. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pageOf } from '#api/paging.ts';

const idOf = ({ id }: { readonly id: string }): string => id;
const ids = fc.uniqueArray(fc.stringMatching(/^[a-f]{1,4}$/), { maxLength: 40 });
const of = (names: readonly string[]) => names.map((id) => ({ id }));

/** @param meanwhile what the list is when its next page is asked for. */
function pages(list: readonly string[], limit: number, meanwhile: (turn: number) => readonly string[]) {
  const found: string[] = [];
  let now = list;
  let cursor: string | undefined;
  for (let turn = 1; ; turn++) {
    const { page, next } = pageOf(of(now), idOf, { cursor, limit });
    expect(page.length).toBeLessThanOrEqual(limit);
    found.push(...page.map(idOf));
    if (next === undefined) return found;
    expect(page.length).toBe(limit);
    cursor = next;
    now = meanwhile(turn);
  }
}

it('gives all, in the order of their ids, each once', () => {
  fc.assert(
    fc.property(ids, fc.integer({ min: 1, max: 10 }), (list, limit) => {
      expect(pages(list, limit, () => list)).toEqual(list.toSorted());
    }),
  );
});

it('gives what stays exactly once, whatever comes and goes between two pages', () => {
  fc.assert(
    fc.property(ids, ids, fc.integer({ min: 1, max: 10 }), (stays, others, limit) => {
      const passing = others.filter((id) => !stays.includes(id));
      const at = (turn: number) => [...stays, ...passing.filter((_, i) => (i + turn) % 2 === 0)];
      const found = pages(at(0), limit, at);
      expect(found.filter((id) => stays.includes(id))).toEqual(stays.toSorted());
      expect(new Set(found).size).toBe(found.length);
    }),
  );
});

it('has a hundred on a page where nobody says how many', () => {
  const list = Array.from({ length: 101 }, (_, i) => `k${String(i).padStart(3, '0')}`);
  expect(pageOf(of(list), idOf, {})).toMatchObject({ next: 'k099' });
  expect(pageOf(of(list.slice(1)), idOf, {})).not.toHaveProperty('next');
});
