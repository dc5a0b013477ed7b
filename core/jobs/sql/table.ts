/** A table that a data job reads or writes, and the pieces of it: ranges of its key, which touch and leave nothing out. */
import * as z from '../../zod.ts';
import { Snapshot } from './snapshot.ts';

/** Quoted wherever it is written, so any text that PostgreSQL takes: 63 bytes (its NAMEDATALEN), no NUL. MySQL takes no less. */
const Identifier = z.string().check(
  z.minLength(1),
  z.refine((name) => Buffer.byteLength(name) <= 63 && !name.includes('\0'), 'a name of 63 bytes at most'),
);

export const SqlTable = z.object({
  /** Of MySQL and MariaDB, the database. */
  schema: z._default(Identifier, 'public'),
  table: Identifier,
});
export type SqlTable = z.infer<typeof SqlTable>;

/** A table, and the columns of a unique key of it: chunks are ranges of that key, in its own order. */
export const SqlSource = z.object({
  ...SqlTable.shape,
  key: z.array(Identifier).check(z.minLength(1), z.maxLength(8)),
});
export type SqlSource = z.infer<typeof SqlSource>;

/**
 * A statement as a person wrote it, and columns of its result that order it. Rows that share a key are in one chunk, for a
 * range is of keys, not of rows.
 */
export const QuerySource = z.object({
  query: z.string().check(z.minLength(1), z.maxLength(16_384)),
  key: SqlSource.shape.key,
});
export type QuerySource = z.infer<typeof QuerySource>;

export type AnySource = SqlSource | QuerySource;
export type Typed<Source extends AnySource> = Source & { readonly types: string[] };

export const isQuery = (source: AnySource): source is QuerySource => 'query' in source;

/** With the types of its key's columns, in the database's own words (PostgreSQL: `format_type`). */
export const TypedSource = z.object({ ...SqlSource.shape, types: z.array(z.string()) });
export type TypedSource = z.infer<typeof TypedSource>;

/** A value for each key column, as the database writes it in text. */
export const KeyTuple = z.array(z.string()).check(z.minLength(1), z.maxLength(8));
export type KeyTuple = z.infer<typeof KeyTuple>;

/** Rows behind `after`, up to `upTo` and with it; null is the table's own beginning or end. */
export const KeyRange = z.object({ after: z.nullable(KeyTuple), upTo: z.nullable(KeyTuple) });
export type KeyRange = z.infer<typeof KeyRange>;

/** A piece of a table, as a message. */
export const KeyChunk = z.object({
  id: z.string().check(z.regex(/^\d{1,7}$/)),
  /** What people call the table. */
  key: z.string(),
  /** Of the key's columns: values are literals of them. */
  types: TypedSource.shape.types,
  range: KeyRange,
  /** Of which it is read, where the whole job is of one. */
  snapshot: z.optional(Snapshot),
});
export type KeyChunk = z.infer<typeof KeyChunk>;

/**
 * The first chunk of a job that reads a table, and no piece of it: who takes it finds where the table is cut. It is led as all
 * chunks are, so that one plan counts, whoever dies over it.
 */
export const PlanChunk = z.object({
  id: z.literal('plan'),
  key: z.string(),
  chunkBytes: z.int().check(z.positive()),
});
export type PlanChunk = z.infer<typeof PlanChunk>;

/**
 * One more range than bounds. Whatever the bounds are, each key is in exactly one range as long as they ascend: stale
 * statistics make chunks of unequal size, never a gap or a row that comes twice.
 */
export function* rangesOf(bounds: Iterable<KeyTuple>): Generator<KeyRange> {
  let after: KeyTuple | null = null;
  for (const upTo of bounds) {
    yield { after, upTo };
    after = upTo;
  }
  yield { after, upTo: null };
}
