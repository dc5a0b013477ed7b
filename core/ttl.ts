/**
 * How long an environment is to be there: it ends by itself, after people were told. docs/adr/0027
 */
import { addSeconds, Instant } from './names.ts';
import * as z from './zod.ts';

const unitSeconds = { m: 60, h: 3600, d: 86_400 } as const;
const maxDays = 366;

/** `90m`, `8h`, `14d`. */
export const Ttl = z.string().check(
  z.regex(/^[1-9]\d{0,5}[mhd]$/, 'a number and m, h or d, as 90m, 8h or 14d'),
  z.refine((ttl) => secondsOf(ttl) <= maxDays * unitSeconds.d, `at most ${maxDays} days`),
);

/** What does not match its grammar is refused for that: it has no length. */
function secondsOf(ttl: string): number {
  const [, count = '', unit = ''] = /^(\d+)([mhd])$/.exec(ttl) ?? [];
  return unit === 'm' || unit === 'h' || unit === 'd' ? Number(count) * unitSeconds[unit] : 0;
}

/** People have a quarter of its time to say that they need it longer, and a day of a long one. */
const leadSeconds = (ttl: string): number => Math.min(unitSeconds.d, secondsOf(ttl) / 4);

export const Expiry = z.object({
  at: Instant,
  /** When people are to be told; gone when they were. */
  warnAt: z.optional(Instant),
});
export type Expiry = z.infer<typeof Expiry>;

/** From now on. */
export function expiryOf(ttl: string, now: Instant): Expiry {
  const at = addSeconds(now, secondsOf(ttl));
  return { at, warnAt: addSeconds(at, -leadSeconds(ttl)) };
}

/** Whoever is told late has as long as who is told in time. */
export function warned({ at }: Expiry, ttl: string, now: Instant): Expiry {
  const soonest = addSeconds(now, leadSeconds(ttl));
  return { at: at > soonest ? at : soonest };
}
