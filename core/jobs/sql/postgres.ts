/**
 * The SQL that PostgreSQL is asked. Names and values come from people: names are quoted, values are literals of the key's
 * own type, and nothing else of theirs is in a statement (docs: 4.1 Lexical structure; 9.24.5 Row constructor comparison).
 */
import {
  type AnySource,
  isQuery,
  type KeyRange,
  type KeyTuple,
  type QuerySource,
  type SqlTable,
  type Typed,
} from './table.ts';

const quoted = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;

/** An escape string: it reads the same whatever `standard_conforming_strings` says. */
const literal = (value: string): string => `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

export const nameOf = ({ schema, table }: SqlTable): string => `${quoted(schema)}.${quoted(table)}`;

/** What people call it. */
export const titleOf = (source: AnySource): string => (isQuery(source) ? 'the query' : nameOf(source));

/** A query may end in a comment, so its bracket is on the next line. */
const fromOf = (source: AnySource): string =>
  isQuery(source) ? `(${statementOf(source)}\n) AS q` : nameOf(source);

const statementOf = ({ query }: QuerySource): string => query.replace(/[\s;]+$/, '');

/**
 * Asked by the extended protocol, which takes one statement and no more. What is one by itself is one between brackets too,
 * so nothing of it gets out of them. It is not run.
 */
export const standsAlone = (source: QuerySource): string => `PREPARE given AS ${statementOf(source)}`;

/** How each row is a line: `csv` may have line feeds in quotes, `text` writes them as `\n`, so a line is a row. */
export type RowFormat = 'csv' | 'text';

const columnsOf = ({ key }: AnySource): string => key.map(quoted).join(', ');

const tupleOf = ({ types }: Typed<AnySource>, values: KeyTuple): string =>
  values.map((value, i) => `CAST(${literal(value)} AS ${types[i]})`).join(', ');

/** A row comparison, which an index of these columns answers. */
function conditionOf(source: Typed<AnySource>, { after, upTo }: KeyRange): string {
  const key = `(${columnsOf(source)})`;
  const behind = after === null ? [] : [`${key} > (${tupleOf(source, after)})`];
  const before = upTo === null ? [] : [`${key} <= (${tupleOf(source, upTo)})`];
  return [...behind, ...before].join(' AND ') || 'true';
}

/** In the key's order, so that the same rows are the same bytes. */
export const copyOut = (source: Typed<AnySource>, range: KeyRange, format: RowFormat): string =>
  `COPY (SELECT * FROM ${fromOf(source)} WHERE ${conditionOf(source, range)} ORDER BY ${columnsOf(source)}) ` +
  `TO STDOUT (FORMAT ${format}, ENCODING 'UTF8')`;

/** Keys of a sample, as text, in the key's order, and with each of them how many there are. */
export function sampleOf(source: AnySource, percent: number | undefined): string {
  const texts = source.key.map((column, i) => `${quoted(column)}::text AS k${i}`).join(', ');
  const of = percent === undefined ? fromOf(source) : `(${somePercent(source, percent)}) AS sample`;
  return `SELECT ${texts}, count(*) OVER () AS length FROM ${of} ORDER BY ${columnsOf(source)}`;
}

/** Of a page one row is enough: the others stand beside it where the table is in the key's order. A query has no pages. */
function somePercent(source: AnySource, percent: number): string {
  const columns = columnsOf(source);
  if (isQuery(source)) return `SELECT ${columns} FROM ${fromOf(source)} WHERE random() < ${percent / 100}`;
  const page = '(ctid::text::point)[0]';
  return `SELECT DISTINCT ON (tableoid, ${page}) ${columns} FROM ${nameOf(source)}
    TABLESAMPLE SYSTEM (${percent}) ORDER BY tableoid, ${page}, random()`;
}

/** The key's columns of a query, for their types. */
export const noRowOf = (source: QuerySource): string =>
  `SELECT ${columnsOf(source)} FROM ${fromOf(source)} LIMIT 0`;

/** All of a query is run for it. */
export const measureOf = (source: QuerySource): string =>
  `SELECT count(*) AS rows, coalesce(sum(pg_column_size(q.*)), 0) AS bytes FROM ${fromOf(source)}`;

/** A row whose key is in no range. */
export const nullOf = (source: QuerySource): string =>
  `SELECT FROM ${fromOf(source)} WHERE ${source.key.map((column) => `${quoted(column)} IS NULL`).join(' OR ')} LIMIT 1`;

export const useSnapshot = (id: string): string => `SET TRANSACTION SNAPSHOT ${literal(id)}`;

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
