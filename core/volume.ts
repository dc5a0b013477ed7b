/**
 * The volume that an environment keeps its work on: it outlives pods, rollouts, stops and resizes, and ends with the
 * environment. docs/adr/0026
 */
import { SnapshotName } from './snapshot-name.ts';
import * as z from './zod.ts';

export const VolumeAccess = z.enum(['ReadWriteOnce', 'ReadWriteMany']);
export const VolumeClassName = z
  .string()
  .check(z.regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'lower-case letters, digits and hyphens'));

export const Volume = z.strictObject({
  sizeGiB: z.int().check(z.minimum(1), z.maximum(16_384)),
  /** One of the cluster's, as the catalog has them. */
  class: z._default(VolumeClassName, 'gp3'),
  /** Once: of one node at a time, and so of one pod. Many: of all its pods. */
  access: z._default(VolumeAccess, 'ReadWriteOnce'),
  /** A snapshot that the team keeps: what is on it is on the volume when it is made. */
  from: z.optional(SnapshotName),
});
export type Volume = z.infer<typeof Volume>;

export interface WithVolume {
  readonly volume?: Volume | undefined;
}

/** Two pods can't have it at once: the one before ends first. */
export const isAlone = ({ volume }: WithVolume): boolean => volume?.access === 'ReadWriteOnce';

/** Why a volume that is there may not become another; undefined where it may. What would lose data is never done. */
export function whyNotAnother(before: Volume | undefined, after: Volume | undefined): string | undefined {
  if (!before && after?.from !== undefined)
    return 'A volume is made from a snapshot when its environment is asked for. Ask for another environment with it.';
  if (!before) return undefined;
  if (!after) return 'Its volume would go, with all that is on it. Ask for another environment without one.';
  if (before.class !== after.class || before.access !== after.access)
    return `Its volume is ${before.access} of class ${before.class}, and stays so. Ask for another environment, and copy what you need.`;
  if (before.from !== after.from)
    return `Its volume was made from ${before.from ?? 'no snapshot'}, and its spec says so: leave \`from\` as it is.`;
  if (after.sizeGiB < before.sizeGiB)
    return `Its volume has ${before.sizeGiB} GiB, and can't be made smaller. Ask for ${before.sizeGiB} or more.`;
  return undefined;
}
