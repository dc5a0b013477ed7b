/**
 * A token bucket, as the instant at which it would be full again (the generic cell rate algorithm, ITU-T I.371): one number,
 * that a table can add to under a condition, without reading it first.
 */
import * as z from './zod.ts';

export const Rate = z.strictObject({
  /** Requests, in the long run. */
  perSecond: z._default(z.number().check(z.positive(), z.maximum(10_000)), 20),
  /** At once, after a rest. */
  burst: z._default(z.int().check(z.minimum(1), z.maximum(100_000)), 100),
});
export type Rate = z.infer<typeof Rate>;

export type Taken =
  | { readonly taken: true; readonly fullAt: number }
  | { readonly taken: false; readonly waitMs: number };

/** What a request costs, and how far ahead of now the bucket may be full again before it is empty. */
export const measuresOf = ({ perSecond, burst }: Rate) => {
  const costMs = 1000 / perSecond;
  return { costMs, aheadMs: costMs * (burst - 1) };
};

/**
 * @param fullAt milliseconds since 1970; undefined for a bucket that nobody took from.
 * @param tokens that it costs.
 */
export function take(fullAt: number | undefined, rate: Rate, now: number, tokens = 1): Taken {
  const { costMs, aheadMs } = measuresOf(rate);
  const from = Math.max(fullAt ?? now, now);
  const latest = now + aheadMs - costMs * (tokens - 1);
  if (from > latest) return { taken: false, waitMs: from - latest };
  return { taken: true, fullAt: from + costMs * tokens };
}
