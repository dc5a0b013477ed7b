/** Who reaches an environment: never more than cluster and team allow, and nothing is open to all because a line was left out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { block, text } from '#core/cidr.ts';
import { schemeOf, schemes, whyNotExposed } from '#core/exposure.ts';

const cluster = (loadBalancerScheme: (typeof schemes)[number]) => ({ name: 'main', loadBalancerScheme });
const internal = cluster('internal');
const open = cluster('internet-facing');
const fieldsOf = (...asked: Parameters<typeof whyNotExposed>) =>
  whyNotExposed(...asked).map(({ path }) => path);

describe('the scheme', () => {
  it.each([
    [undefined, internal, 'internal'],
    ['internal', internal, 'internal'],
    // The cluster became narrower since.
    ['internet-facing', internal, 'internal'],
    [undefined, open, 'internet-facing'],
    ['internal', open, 'internal'],
    ['internet-facing', open, 'internet-facing'],
  ] as const)('asked for as %s in a cluster as %o is %s', (scheme, place, is) => {
    expect(schemeOf({ scheme }, place)).toBe(is);
  });

  it('wider than the cluster is refused by its field', () => {
    const sourceRanges = ['203.0.113.0/24'];
    expect(whyNotExposed({ scheme: 'internet-facing', sourceRanges }, internal, 0)).toEqual([
      {
        path: 'spec.access.scheme',
        message: 'cluster main is reached from its own network alone: leave it out, or say internal',
      },
    ]);
  });
});

describe('from where', () => {
  it('must be said where it is the internet, and need not where it is not', () => {
    expect(fieldsOf({}, open, 0)).toEqual(['spec.access.sourceRanges']);
    expect(fieldsOf({ scheme: 'internet-facing' }, open, 0)).toEqual(['spec.access.sourceRanges']);
    expect(fieldsOf({ scheme: 'internal' }, open, 0)).toEqual([]);
    expect(fieldsOf({}, internal, 0)).toEqual([]);
  });

  it('names everybody as a way only to a team that may be open to everybody', () => {
    const says = (widest: number) => whyNotExposed({}, open, widest)[0]?.message;
    expect(says(0)).toMatch(/"0\.0\.0\.0\/0"\] is everybody$/);
    expect(says(8)).toMatch(/your team allows no range wider than \/8$/);
  });

  it('each range that is too wide is named, wherever it is asked from', () => {
    const sourceRanges = ['203.0.113.0/24', '0.0.0.0/0', '128.0.0.0/1'];
    const too = ['spec.access.sourceRanges.1', 'spec.access.sourceRanges.2'];
    for (const place of [internal, open]) expect(fieldsOf({ sourceRanges }, place, 8)).toEqual(too);
    expect(fieldsOf({ sourceRanges }, open, 0)).toEqual([]);
    expect(whyNotExposed({ sourceRanges }, open, 8)[0]?.message).toBe(
      '0.0.0.0/0 is wider than your team allows: /8 at the widest',
    );
  });

  const range = fc
    .tuple(fc.integer({ min: 0, max: 32 }), fc.nat(2 ** 32 - 1))
    .map(([bits, address]) => text([address - (address % 2 ** (32 - bits)), bits]));
  it('what is let through is of ranges that the team allows, all of it said where the internet asks', () => {
    fc.assert(
      fc.property(
        fc.option(fc.constantFrom(...schemes), { nil: undefined }),
        fc.option(fc.array(range, { minLength: 1, maxLength: 20 }), { nil: undefined }),
        fc.constantFrom(internal, open),
        fc.integer({ min: 0, max: 32 }),
        (scheme, sourceRanges, place, widest) => {
          if (whyNotExposed({ scheme, sourceRanges }, place, widest).length > 0) return;
          for (const each of sourceRanges ?? []) expect(block(each)[1]).toBeGreaterThanOrEqual(widest);
          if (schemeOf({ scheme }, place) === 'internet-facing') expect(sourceRanges).toBeDefined();
          if (place === internal) expect(scheme).not.toBe('internet-facing');
        },
      ),
    );
  });
});
