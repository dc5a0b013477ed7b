/**
 * The SQL that PostgreSQL is asked. Names and values come from people: names are quoted, values are literals of the key's
 * own type, and nothing else of theirs is in a statement (docs: 4.1 Lexical structure; 9.24.5 Row constructor comparison).
 */
import type { KeyRange, KeyTuple, SqlSource, SqlTable, TypedSource } from './table.ts';

const quoted = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;

/** An escape string: it reads the same whatever `standard_conforming_strings` says. */
const literal = (value: string): string => `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

export const nameOf = ({ schema, table }: SqlTable): string => `${quoted(schema)}.${quoted(table)}`;

/** How each row is a line: `csv` may have line feeds in quotes, `text` writes them as `\n`, so a line is a row. */
export type RowFormat = 'csv' | 'text';

const columnsOf = ({ key }: SqlSource): string => key.map(quoted).join(', ');

const tupleOf = ({ types }: TypedSource, values: KeyTuple): string =>
  values.map((value, i) => `CAST(${literal(value)} AS ${types[i]})`).join(', ');

/** A row comparison, which an index of these columns answers. */
function conditionOf(source: TypedSource, { after, upTo }: KeyRange): string {
  const key = `(${columnsOf(source)})`;
  const behind = after === null ? [] : [`${key} > (${tupleOf(source, after)})`];
  const before = upTo === null ? [] : [`${key} <= (${tupleOf(source, upTo)})`];
  return [...behind, ...before].join(' AND ') || 'true';
}

/** In the key's order, so that the same rows are the same bytes. */
export const copyOut = (source: TypedSource, range: KeyRange, format: RowFormat): string =>
  `COPY (SELECT * FROM ${nameOf(source)} WHERE ${conditionOf(source, range)} ORDER BY ${columnsOf(source)}) ` +
  `TO STDOUT (FORMAT ${format}, ENCODING 'UTF8')`;

/**
 * Keys of a sample, as text, in the key's order, and with each of them how many there are. Of a page one row is enough: the
 * others stand beside it where the table is in the key's order.
 */
export function sampleOf(source: TypedSource, percent: number | undefined): string {
  const columns = columnsOf(source);
  const texts = source.key.map((column, i) => `${quoted(column)}::text AS k${i}`).join(', ');
  const page = '(ctid::text::point)[0]';
  const of =
    percent === undefined
      ? nameOf(source)
      : `(SELECT DISTINCT ON (tableoid, ${page}) ${columns} FROM ${nameOf(source)}
          TABLESAMPLE SYSTEM (${percent}) ORDER BY tableoid, ${page}, random()) AS sample`;
  return `SELECT ${texts}, count(*) OVER () AS length FROM ${of} ORDER BY ${columns}`;
}

/** What was spliced, kept beside the target: a chunk of a job is there once. */
const ledgerName = 'getschwifty_splices';
const ledgerOf = ({ schema }: SqlTable): string => nameOf({ schema, table: ledgerName });

/** In one transaction. The ledger's row is first: who comes second waits for it, and then has nothing to do. */
export const spliceOf = (target: SqlTable, format: RowFormat) => ({
  hasLedger: `SELECT to_regclass(${literal(ledgerOf(target))}) IS NOT NULL AS "is"`,
  makeLedger: `CREATE TABLE IF NOT EXISTS ${ledgerOf(target)} (
    job text, chunk text, target text, rows bigint NOT NULL DEFAULT 0, at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job, chunk, target))`,
  claim: `INSERT INTO ${ledgerOf(target)} (job, chunk, target) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
  known: `SELECT rows::text FROM ${ledgerOf(target)} WHERE job = $1 AND chunk = $2 AND target = $3`,
  stage: `CREATE TEMPORARY TABLE staging (LIKE ${nameOf(target)} INCLUDING DEFAULTS) ON COMMIT DROP`,
  copyIn: `COPY staging FROM STDIN (FORMAT ${format}, ENCODING 'UTF8')`,
  insert: `INSERT INTO ${nameOf(target)} SELECT * FROM staging`,
  record: `UPDATE ${ledgerOf(target)} SET rows = $4 WHERE job = $1 AND chunk = $2 AND target = $3`,
});

/** The key's columns with their types, whether each may be null, and a valid unique index of exactly these. */
export const describeKey = `
  SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS "notNull",
    EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
      AND i.indexprs IS NULL AND i.indnkeyatts = cardinality($2::text[]) AND NOT EXISTS (
        SELECT FROM unnest(i.indkey[0:i.indnkeyatts - 1]) AS k(n)
        JOIN pg_attribute ka ON ka.attrelid = i.indrelid AND ka.attnum = k.n
        WHERE ka.attname <> ALL ($2::text[]))) AS "isUnique"
  FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attname = ANY ($2::text[])`;

/** Of a partitioned table, all of its parts together. */
export const describeSize = `
  SELECT c.relkind AS kind, (SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree(c.oid)) AS parts,
    pg_relation_size(c.oid) AS main, pg_table_size(c.oid) AS whole,
    current_setting('block_size')::int AS page
  FROM pg_class c WHERE c.oid = to_regclass($1)`;
