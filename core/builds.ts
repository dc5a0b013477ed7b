/** How images are built, by the configuration: from which indexes, and how old what a package manager resolved may be. */

import { Indexes } from './indexes.ts';
import type { Instant } from './names.ts';
import * as z from './zod.ts';

export const Builds = z.strictObject({
  /** What a package manager resolved is at most so many days old in any image that is built or taken again. */
  epochDays: z._default(z.int().check(z.minimum(1), z.maximum(90)), 7),
  indexes: z.prefault(Indexes, {}),
});
export type Builds = z.infer<typeof Builds>;

const dayMs = 86_400_000;

/**
 * The day that the running security epoch began. It stands in each instruction that installs: no layer of an older epoch
 * is taken from a cache, and no image of one is taken again.
 */
export function epochOf(now: Instant, { epochDays }: Pick<Builds, 'epochDays'>): string {
  const length = epochDays * dayMs;
  const began = Math.floor(Date.parse(now) / length) * length;
  return new Date(began).toISOString().slice(0, 'yyyy-mm-dd'.length);
}
