/** What environments may be built from. */
import { Digest } from './names.ts';
import { isSystem, PackageManager } from './packages.ts';
import { GitPrefix } from './source.ts';
import * as z from './zod.ts';

export const BaseImage = z.strictObject({
  name: z.string().check(z.regex(/^[a-z0-9][a-z0-9.-]{0,63}$/)),
  /** As people read it; without it they read `name`. */
  title: z.optional(z.string().check(z.minLength(1), z.maxLength(80))),
  /** A repository of our own registry: bases are mirrored, so that what is built from is scanned and stays. */
  repository: z.string().check(z.regex(/^base\/[a-z0-9][a-z0-9/_.-]*$/)),
  tag: z.string().check(z.minLength(1), z.maxLength(128)),
  /** What is built from, whatever the tag names. Without it, what the tag names when a build begins. */
  digest: z.optional(Digest),
  takes: z
    .array(PackageManager)
    .check(
      z.refine((takes) => takes.filter(isSystem).length <= 1, 'apt, apk and dnf: a base has one of them'),
    ),
});

export type BaseImage = z.infer<typeof BaseImage>;

/** `base/debian@sha256:…`, or by its tag. */
export const baseReference = ({ repository, tag, digest }: BaseImage): string =>
  digest === undefined ? `${repository}:${tag}` : `${repository}@${digest}`;

/** For whoever asked for it, and for whoever keeps the catalog. */
export const whyBaseIsGone = (base: BaseImage): string =>
  `${baseReference(base)} is not in the registry: mirror it there ${base.digest === undefined ? 'first' : 'again, or name another digest in the catalog'}`;

export const Catalog = z.strictObject({
  bases: z.array(BaseImage).check(z.minLength(1)),
  /** What the URL of a Git repository must begin with to be built: `https://github.com/acme/`. Without any, none is. */
  git: z._default(z.array(GitPrefix).check(z.maxLength(32)), []),
});
export type Catalog = z.infer<typeof Catalog>;
