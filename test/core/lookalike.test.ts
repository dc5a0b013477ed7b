/** Names one slip of the finger away from one that many ask for. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lookalikes } from '#core/lookalike.ts';
import { Packages, packageGrammar } from '#core/packages.ts';
import { popular } from '#core/popular.ts';

const managers = ['pip', 'npm'] as const;
const ask = (manager: 'pip' | 'npm', ...names: string[]) =>
  lookalikes(Packages.parse({ [manager]: names.map((name) => ({ name })) }));
const known = (manager: 'pip' | 'npm') => popular[manager] ?? [];

describe('a name', () => {
  it.each([
    ['pip', 'reqeusts', 'requests'],
    ['pip', 'request', 'requests'],
    ['pip', 'numpyy', 'numpy'],
    ['pip', 'Djamgo', 'django'],
    ['pip', 'python_dateutill', 'python-dateutil'],
    ['npm', 'loadash', 'lodash'],
    ['npm', 'expres', 'express'],
    ['npm', '@types/nodes', '@types/node'],
  ] as const)('of %s: %s is warned of, for %s is meant by many', (manager, name, meant) => {
    expect(ask(manager, 'left-alone', name)).toEqual([
      { path: `spec.packages.${manager}.1`, message: expect.stringContaining(`away from ${meant},`) },
    ]);
  });

  it.each([
    ['pip', 'requests'],
    ['pip', 'Typing_Extensions'],
    ['pip', 'psycopg2'],
    ['pip', 'requestsss'],
    ['pip', 'six'],
    ['npm', 'vue'],
    ['npm', 'mysql2'],
    ['npm', 'my-own-lodash'],
  ] as const)('of %s: %s is not', (manager, name) => {
    expect(ask(manager, name)).toEqual([]);
  });
});

it('no name of the lists is warned of, and each is one that could be asked for, as it is compared', () => {
  for (const manager of managers) {
    expect(known(manager).length).toBeGreaterThan(100);
    expect(new Set(known(manager)).size).toBe(known(manager).length);
    for (const name of known(manager)) {
      expect(packageGrammar[manager].safeParse({ name }).success, name).toBe(true);
      expect(ask(manager, name)).toEqual([]);
    }
  }
});

const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789');
const slip = fc.oneof(
  fc.record({ kind: fc.constant('other' as const), letter }),
  fc.record({ kind: fc.constant('more' as const), letter }),
  fc.record({ kind: fc.constant('less' as const), letter }),
  fc.record({ kind: fc.constant('swapped' as const), letter }),
);
function slipped(
  name: string,
  at: number,
  { kind, letter: typed }: { kind: string; letter: string },
): string {
  const [before, one, two, after] = [
    name.slice(0, at),
    name.charAt(at),
    name.charAt(at + 1),
    name.slice(at + 2),
  ];
  if (kind === 'more') return before + typed + one + two + after;
  if (kind === 'less') return before + two + after;
  return kind === 'swapped' ? before + two + one + after : before + typed + two + after;
}

it('whatever the slip, a long enough name is warned of, unless it has become another that many ask for', () => {
  fc.assert(
    fc.property(fc.constantFrom(...managers), fc.nat(), fc.nat(), slip, (manager, which, where, how) => {
      const long = known(manager).filter((name) => name.length > 5);
      const name = long[which % long.length] ?? '';
      const typed = slipped(name, where % name.length, how);
      fc.pre(packageGrammar[manager].safeParse({ name: typed }).success);
      fc.pre(!/[-_.]{2}/.test(typed));
      expect(ask(manager, typed)).toHaveLength(known(manager).includes(typed) ? 0 : 1);
    }),
  );
});

it('a name of another kind of letters and length is let alone', () => {
  fc.assert(
    fc.property(fc.constantFrom(...managers), fc.stringMatching(/^[a-z]{24,40}$/), (manager, name) => {
      expect(ask(manager, name)).toEqual([]);
    }),
  );
});
