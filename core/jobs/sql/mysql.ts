/**
 * The SQL that MySQL and MariaDB are asked. Names are quoted and values are literals in hexadecimal digits, whatever `sql_mode`
 * says. A range of several columns is written out: their optimizers find no range of an index in `(a, b) > (x, y)`
 * (MySQL: 10.2.1.22 Row Constructor Expression Optimization).
 */
import { InputFailed } from '../ports.ts';
import {
  type AnySource,
  isQuery,
  type KeyRange,
  type KeyTuple,
  type QuerySource,
  type SqlTable,
  type Typed,
} from './table.ts';

export const quoted = (identifier: string): string => `\`${identifier.replaceAll('`', '``')}\``;

const hexOf = (text: string): string => Buffer.from(text).toString('hex');
const textLiteral = (text: string): string => `_utf8mb4 X'${hexOf(text)}'`;

/** MySQL calls a database what is a schema elsewhere. */
export const nameOf = ({ schema, table }: SqlTable): string => `${quoted(schema)}.${quoted(table)}`;

export const titleOf = (source: AnySource): string => (isQuery(source) ? 'the query' : nameOf(source));

/** A query may end in a comment, so its bracket is on the next line. */
const fromOf = (source: AnySource): string =>
  isQuery(source) ? `(${statementOf(source)}\n) AS q` : nameOf(source);

/** Prepared by itself first: then nothing of it gets out of the brackets that it is put into. */
export const statementOf = ({ query }: QuerySource): string => query.replace(/[\s;]+$/, '');

export const columnsOf = ({ key }: AnySource, order = ''): string =>
  key.map((column) => `${quoted(column)}${order}`).join(', ');

/** Keys as text, in the order of their columns. */
export const keysOf = ({ key, types }: Typed<AnySource>): string =>
  key
    .map((column, i) => (types[i] === 'BINARY' ? `HEX(${quoted(column)})` : quoted(column)))
    .map((value, i) => `${value} AS k${i}`)
    .join(', ');

const castable =
  /^(?:SIGNED|UNSIGNED|DOUBLE|DATE|DATETIME\(6\)|TIME\(6\)|DECIMAL\(\d{1,2},\d{1,2}\)|UUID|INET[46])$/;

/** Text has its column's collation, as only a literal does. */
function literalOf(type: string, value: string): string {
  if (type === 'CHAR') return textLiteral(value);
  if (type === 'BINARY') return `X'${/^(?:[0-9A-Fa-f]{2})*$/.test(value) ? value : hexOf(value)}'`;
  if (!castable.test(type)) throw new InputFailed(`${type} is no type of a key`);
  return `CAST(${textLiteral(value)} AS ${type})`;
}

type Compared = '<' | '<=' | '>' | '>=';

/** Of the first columns of a key, as many as there are values. */
export function compared({ key, types }: Typed<AnySource>, how: Compared, values: KeyTuple): string {
  const strict = how === '<' || how === '<=' ? '<' : '>';
  const from = (i: number): string => {
    const column = quoted(key[i] ?? '');
    const literal = literalOf(types[i] ?? '', values[i] ?? '');
    if (i === values.length - 1) return `${column} ${how} ${literal}`;
    const deeper = `${column} ${strict} ${literal} OR (${column} = ${literal} AND (${from(i + 1)}))`;
    // Said twice, so that who looks no further finds a range too.
    return i === 0 ? `${column} ${strict}= ${literal} AND (${deeper})` : deeper;
  };
  return `(${from(0)})`;
}

export function conditionOf(source: Typed<AnySource>, { after, upTo }: KeyRange): string {
  const behind = after === null ? [] : [compared(source, '>', after)];
  const before = upTo === null ? [] : [compared(source, '<=', upTo)];
  return [...behind, ...before].join(' AND ') || 'TRUE';
}

/** In the key's order, so that the same rows are the same bytes. */
export const selectOf = (source: Typed<AnySource>, range: KeyRange): string =>
  `SELECT * FROM ${fromOf(source)} WHERE ${conditionOf(source, range)} ORDER BY ${columnsOf(source)}`;

/** The key's columns with nothing in them, for their types. */
export const noRowOf = (source: AnySource): string =>
  `SELECT ${columnsOf(source)} FROM ${fromOf(source)} LIMIT 0`;

export const measureOf = (source: QuerySource, columns: readonly string[]): string =>
  `SELECT COUNT(*), COALESCE(SUM(${columns.map((name) => `COALESCE(LENGTH(${quoted(name)}), 0) + 1`).join(' + ')}), 0) FROM ${fromOf(source)}`;

export const nullOf = (source: QuerySource): string =>
  `SELECT 1 FROM ${fromOf(source)} WHERE ${source.key.map((column) => `${quoted(column)} IS NULL`).join(' OR ')} LIMIT 1`;

/** Keys of a sample in the key's order, and with each of them how many there are. All of the query is run for it. */
export const sampleOf = (source: Typed<QuerySource>, percent: number | undefined): string =>
  `SELECT ${keysOf(source)}, COUNT(*) OVER () AS length
   FROM (SELECT ${columnsOf(source)} FROM ${fromOf(source)} WHERE RAND() < ${(percent ?? 100) / 100}) AS s ORDER BY ${columnsOf(source)}`;

const here = ({ schema, table }: SqlTable): string =>
  `TABLE_SCHEMA = ${textLiteral(schema)} AND TABLE_NAME = ${textLiteral(table)}`;

/** Both are estimates: of the last time that the server looked. */
export const describeTable = (table: SqlTable): string =>
  `SELECT TABLE_TYPE, COALESCE(ENGINE, ''), COALESCE(DATA_LENGTH, 0), COALESCE(TABLE_ROWS, 0) FROM information_schema.TABLES WHERE ${here(table)}`;

export const describeColumns = (table: SqlTable): string =>
  `SELECT COLUMN_NAME, IS_NULLABLE FROM information_schema.COLUMNS WHERE ${here(table)}`;

/** Columns of unique indexes; of a part of a column, or of an expression, it is none that a range can be of. */
export const describeIndexes = (table: SqlTable): string =>
  `SELECT INDEX_NAME, COALESCE(COLUMN_NAME, ''), SUB_PART IS NULL AND INDEX_TYPE = 'BTREE' FROM information_schema.STATISTICS
   WHERE ${here(table)} AND NON_UNIQUE = 0 ORDER BY INDEX_NAME, SEQ_IN_INDEX`;

const ledgerOf = ({ schema }: SqlTable): string => nameOf({ schema, table: 'getschwifty_splices' });

/** What was spliced, kept beside the target. Whoever comes second to `claim` waits for the first, and then may not. */
export function spliceOf(target: SqlTable, job: string, chunk: string) {
  const ledger = ledgerOf(target);
  const id = [job, chunk, nameOf(target)].map(textLiteral);
  const mine = `\`job\` = ${id[0]} AND \`chunk\` = ${id[1]} AND \`target\` = ${id[2]}`;
  return {
    hasLedger: `SELECT 1 FROM information_schema.TABLES WHERE ${here({ ...target, table: 'getschwifty_splices' })}`,
    makeLedger: `CREATE TABLE IF NOT EXISTS ${ledger} (
      \`job\` VARCHAR(64), \`chunk\` VARCHAR(32), \`target\` VARCHAR(200), \`rows\` BIGINT NOT NULL DEFAULT 0,
      \`at\` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (\`job\`, \`chunk\`, \`target\`)
    ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
    claim: `INSERT INTO ${ledger} (\`job\`, \`chunk\`, \`target\`) VALUES (${id.join(', ')})`,
    known: `SELECT \`rows\` FROM ${ledger} WHERE ${mine}`,
    columns: `SELECT * FROM ${nameOf(target)} LIMIT 0`,
    insert: `INSERT INTO ${nameOf(target)} VALUES `,
    record: (rows: number) => `UPDATE ${ledger} SET \`rows\` = ${rows} WHERE ${mine}`,
  };
}
