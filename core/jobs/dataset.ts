/** What a data job reads: objects of S3, each pinned by its ETag, and how their bytes divide into records. */
import * as z from '../zod.ts';

export const DatasetObject = z.object({
  key: z.string().check(z.minLength(1), z.maxLength(1024)),
  size: z.int().check(z.nonnegative()),
  /** As S3 says it, quotes and all: each range is asked for with If-Match. */
  etag: z.string().check(z.minLength(1)),
});
export type DatasetObject = z.infer<typeof DatasetObject>;

/** As it was listed: a line of the plan. */
export const ListedObject = z.object({
  ...DatasetObject.shape,
  /** Of all its bytes, as S3 has it: where whoever wrote it asked for that. */
  crc32: z.optional(z.int()),
});
export type ListedObject = z.infer<typeof ListedObject>;

/** Bytes in hexadecimal. One that overlaps itself (`\n\n`) ends records at other places from each start: it can't be split. */
const Delimiter = z.string().check(
  z.regex(/^(?:[0-9a-f]{2}){1,64}$/, 'a delimiter: 1 to 64 bytes in lower-case hexadecimal'),
  z.refine((hex) => !overlapsItself(hex), 'a delimiter whose beginning is its end too can not be split at'),
);

export const Records = z.discriminatedUnion('kind', [
  /** Each ends with a line feed, the last one may not. A carriage return before it belongs to its record. */
  z.object({ kind: z.literal('lines') }),
  z.object({ kind: z.literal('delimited'), delimiter: Delimiter }),
  z.object({ kind: z.literal('fixed'), width: z.int().check(z.positive()) }),
  /** RFC 4180: a line feed between double quotes ends nothing, and a quote in a field is doubled. */
  z.object({ kind: z.literal('csv') }),
  /** Its rows, by row groups: a command gets each chunk as a Parquet file of its own. */
  z.object({ kind: z.literal('parquet') }),
]);
export type Records = z.infer<typeof Records>;

/** `PAR1` twice, the length of a footer, and one. */
export const fewestParquetBytes = 13;

/**
 * Whether an object below a prefix is data. Beside Parquet files lies what is none (`_SUCCESS`, `_metadata`, `.part-0.crc`): who reads
 * folders of them passes over these names. @param path behind the prefix.
 */
export const isData = ({ kind }: Records, path: string): boolean =>
  kind !== 'parquet' || !path.split('/').some((name) => /^(?:\.|_(?!.*=))/.test(name));

/** A compressed object is one chunk: it is read from its beginning. But for one that says where its frames begin. */
export const Compression = z.enum(['none', 'gzip', 'zstd', 'zstd-seekable']);
export type Compression = z.infer<typeof Compression>;

/** Whether an object of it may be several chunks. */
export const isCut = (compression: Compression): boolean =>
  compression === 'none' || compression === 'zstd-seekable';

/** Whether some proper beginning of it is its end too: `abab`, `aa`. */
function overlapsItself(hex: string): boolean {
  for (let length = 2; length < hex.length; length += 2)
    if (hex.slice(0, length) === hex.slice(-length)) return true;
  return false;
}
