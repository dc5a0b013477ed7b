/** Which connections end, and when: a revoked key's at once, one of which nothing is known after a minute. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Connection, endingOf, isRevoked, unansweredMs } from '#core/gate.ts';

const open = (keyedAt?: number): Connection => ({
  openedAt: 1_000,
  keys: new Set(keyedAt === undefined ? [] : ['a']),
  keyedAt,
});

it.each<[string, Connection, number, number, string | undefined]>([
  ['who is still logging in goes on', open(), 0, 41_000, undefined],
  ['who does not log in ends', open(), 0, 41_001, 'no login'],
  ['who is in goes on while there are answers', open(2_000), 900_000, 960_000, undefined],
  ['who is in ends a minute after the last answer', open(2_000), 900_000, 960_001, 'no answer'],
  ['whose key was good after that has a minute from then', open(950_000), 900_000, 1_010_000, undefined],
  ['and no more', open(950_000), 900_000, 1_010_001, 'no answer'],
])('%s', (_, connection, answeredAt, now, expected) => {
  expect(endingOf(connection, answeredAt, now)).toBe(expected);
});

describe('a revoked key', () => {
  const ids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'));
  it('ends a connection whatever other keys it has; what was not asked for is not judged', () => {
    fc.assert(
      fc.property(ids, ids, ids, (keys, asked, good) => {
        const bad = keys.filter((key) => asked.includes(key) && !good.includes(key));
        expect(isRevoked({ keys: new Set(keys) }, new Set(asked), new Set(good))).toBe(bad.length > 0);
      }),
    );
  });
  it('adding a key to a connection never keeps it open longer', () => {
    fc.assert(
      fc.property(ids, ids, ids, (keys, more, good) => {
        const asked = new Set([...keys, ...more]);
        if (!isRevoked({ keys: new Set(keys) }, asked, new Set(good))) return;
        expect(isRevoked({ keys: asked }, asked, new Set(good))).toBe(true);
      }),
    );
  });
});

it('nothing goes on for ever without an answer', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 0, max: 1e6 }), (keyedAt, answeredAt) => {
      const late = Math.max(keyedAt, answeredAt) + unansweredMs + 1;
      expect(endingOf({ openedAt: 0, keys: new Set(['a']), keyedAt }, answeredAt, late)).toBe('no answer');
    }),
  );
});
