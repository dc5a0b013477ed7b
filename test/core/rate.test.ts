/** The bucket's laws: in any span no more is let through than the burst and what came in since, and nobody is kept for ever. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Rate, take } from '#core/rate.ts';

const rates = fc.record({
  perSecond: fc.integer({ min: 1, max: 100 }),
  burst: fc.integer({ min: 1, max: 50 }),
});
const gaps = fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 200 });

function taken(rate: Rate, instants: readonly number[]): number[] {
  let fullAt: number | undefined;
  return instants.filter((now) => {
    const outcome = take(fullAt, rate, now);
    if (outcome.taken) fullAt = outcome.fullAt;
    return outcome.taken;
  });
}
const instantsOf = (some: readonly number[]) =>
  some.map((_, i) => some.slice(0, i + 1).reduce((a, b) => a + b, 0));

it('lets through, in any span, its burst and what the span brings in', () => {
  fc.assert(
    fc.property(rates, gaps, (rate, some) => {
      const through = taken(rate, instantsOf(some));
      through.forEach((from, i) => {
        through.slice(i).forEach((to, n) => {
          expect(n + 1).toBeLessThanOrEqual(rate.burst + ((to - from) / 1000) * rate.perSecond + 1e-6);
        });
      });
    }),
  );
});

it('who waits as long as they were told is let through', () => {
  fc.assert(
    fc.property(rates, (rate) => {
      let fullAt: number | undefined;
      for (;;) {
        const outcome = take(fullAt, rate, 0);
        if (!outcome.taken) {
          expect(take(fullAt, rate, Math.ceil(outcome.waitMs)).taken).toBe(true);
          return;
        }
        fullAt = outcome.fullAt;
      }
    }),
  );
});

it('twenty a second and a hundred at once, unless somebody says otherwise', () => {
  expect(Rate.parse({})).toEqual({ perSecond: 20, burst: 100 });
  expect(Rate.safeParse({ perSecond: 0 }).success).toBe(false);
});
