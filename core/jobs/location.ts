/** Where a dataset is, as people write it, and whether a team may read there. */
import type { TeamName } from '../names.ts';
import * as z from '../zod.ts';

/** S3's rules for general purpose buckets, without dots: one with dots has no certificate of its own. */
const bucket = '[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])';
/** S3's safe characters, and `=` of Hive's partitions. No space: URLs lose one at their end, and `.. ` is `..` then. */
const key = "[A-Za-z0-9!_.*'()=+-]+(?:/[A-Za-z0-9!_.*'()=+-]+)*/?";

/** An object, or with `/` at its end all objects below it. */
export const DatasetUrl = z.string().check(
  z.maxLength(1100),
  z.regex(new RegExp(`^s3://${bucket}/${key}$`), 's3://bucket/key, or s3://bucket/prefix/ for all below it'),
  z.refine(
    (url) => !url.split('/').some((segment) => segment === '.' || segment === '..'),
    'no segment that is . or ..',
  ),
  z.refine((url) => locationOf(url).key.length <= 1024, 'a key of at most 1024 characters'),
);

/** Where a team may read: `s3://bucket/` or below it. */
export const DatasetPrefix = DatasetUrl.check(
  z.refine((url) => url.endsWith('/'), 'with / at its end: s3://bucket/prefix/'),
);

export interface Location {
  readonly bucket: string;
  readonly key: string;
  /** All objects below it. */
  readonly isPrefix: boolean;
}

export function locationOf(url: string): Location {
  const rest = url.slice('s3://'.length);
  const at = rest.indexOf('/');
  const found = { bucket: rest.slice(0, at), key: rest.slice(at + 1) };
  return { ...found, isPrefix: found.key.endsWith('/') };
}

/** Both end where a name does: `s3://lake/sales/` lets nobody into `s3://lake/sales-secret/`. */
export const mayRead = (dataset: string, allowed: readonly string[]): boolean =>
  allowed.some((prefix) => dataset.startsWith(prefix));

/** A team's own place in the bucket of jobs, and what the configuration gives it. */
export const readableBy = (
  { name, datasets }: { readonly name: TeamName; readonly datasets: readonly string[] },
  bucket: string,
): readonly string[] => [`s3://${bucket}/datasets/${name}/`, ...datasets];
