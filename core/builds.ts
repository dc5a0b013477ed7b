/** How images are built, by the configuration: from which indexes, and how old what a package manager resolved may be. */

import { Indexes } from './indexes.ts';
import { KmsKey } from './kms-key.ts';
import type { Instant } from './names.ts';
import * as z from './zod.ts';

const label = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
/** Beside what the catalog's bases install from: `host`, `host:port`, `*.domain`, or `*` for all. */
const EgressHost = z
  .string()
  .check(
    z.maxLength(256),
    z.regex(
      new RegExp(`^(?:\\*|(?:\\*\\.)?${label}(?:\\.${label})+(?::[1-9][0-9]{0,4})?)$`),
      'a host, such as packages.example.com, packages.example.com:8443, *.example.com or *',
    ),
  );
export const Builds = z.strictObject({
  /** What a package manager resolved is at most so many days old in any image that is built or taken again. */
  epochDays: z._default(z.int().check(z.minimum(1), z.maximum(90)), 7),
  /**
   * How old a release of pip and npm is, at the day that the epoch began: most that mean harm are found within days. 0 takes all.
   * What a verdict asks for is taken whatever its age.
   */
  minimumAgeDays: z._default(z.int().check(z.minimum(0), z.maximum(30)), 3),
  indexes: z.prefault(Indexes, {}),
  /** That encrypt secrets of indexes and of private repositories, where they are not Secrets Manager's own. */
  secretKeys: z._default(z.array(KmsKey).check(z.maxLength(10)), []),
  /** Whom builds may talk to: egress.ts. */
  egress: z.prefault(z.strictObject({ allow: z._default(z.array(EgressHost), []) }), {}),
});
export type Builds = z.infer<typeof Builds>;

const dayMs = 86_400_000;
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 'yyyy-mm-dd'.length);

/**
 * The day that the running security epoch began. It stands in each instruction that installs: no layer of an older epoch
 * is taken from a cache, and no image of one is taken again.
 */
export function epochOf(now: Instant, { epochDays }: Pick<Builds, 'epochDays'>): string {
  const length = epochDays * dayMs;
  return dayOf(Math.floor(Date.parse(now) / length) * length);
}

/** What was released on this day or later is too young. The same all over an epoch, so that what was built once need not be again. */
export function tooYoungFrom(
  epoch: string,
  { minimumAgeDays }: Pick<Builds, 'minimumAgeDays'>,
): string | undefined {
  return minimumAgeDays === 0 ? undefined : dayOf(Date.parse(epoch) - minimumAgeDays * dayMs);
}
