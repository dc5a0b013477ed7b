/** What environments may be built from. */
import { isSystem, PackageManager } from './packages.ts';
import * as z from './zod.ts';

export const BaseImage = z.strictObject({
  name: z.string().check(z.regex(/^[a-z0-9][a-z0-9.-]{0,63}$/)),
  /** A repository of our own registry: bases are mirrored, so that what is built from is scanned and stays. */
  repository: z.string().check(z.regex(/^base\/[a-z0-9][a-z0-9/_.-]*$/)),
  tag: z.string().check(z.minLength(1), z.maxLength(128)),
  takes: z
    .array(PackageManager)
    .check(
      z.refine((takes) => takes.filter(isSystem).length <= 1, 'apt, apk and dnf: a base has one of them'),
    ),
});

export const Catalog = z.strictObject({ bases: z.array(BaseImage).check(z.minLength(1)) });
export type Catalog = z.infer<typeof Catalog>;
