/** How tables and queries of MySQL and MariaDB are cut: tables in two and again in two, for which only their indexes are asked; queries by a sample. */
import { InputFailed } from '#core/jobs/ports.ts';
import { bisected, type KeyProbes, type Piece } from '#core/jobs/sql/bisect.ts';
import { chunksFor, quantiles, samplePercent } from '#core/jobs/sql/bounds.ts';
import {
  columnsOf,
  compared,
  describeColumns,
  describeIndexes,
  describeTable,
  keysOf,
  measureOf,
  nameOf,
  noRowOf,
  quoted,
  sampleOf,
  statementOf,
} from '#core/jobs/sql/mysql.ts';
import { keyTypeOf } from '#core/jobs/sql/mysql-types.ts';
import type { SqlPlan } from '#core/jobs/sql/ports.ts';
import type { Cell } from '#core/jobs/sql/row-text.ts';
import {
  type AnySource,
  isQuery,
  type KeyTuple,
  type QuerySource,
  type SqlSource,
  type Typed,
} from '#core/jobs/sql/table.ts';
import type { MysqlConnection } from './mysql-connection.ts';

export const textOf = (cell: Cell | undefined): string => Buffer.from(cell ?? []).toString();
const numberOf = (cell: Cell | undefined): number => Number(textOf(cell));

export async function planOf<Source extends AnySource>(
  connection: MysqlConnection,
  source: Source,
  chunkBytes: number,
): Promise<SqlPlan<Source>> {
  if (isQuery(source)) await connection.prepare(statementOf(source));
  const index = isQuery(source) ? '' : await indexOf(connection, source);
  const { columns } = await connection.query(noRowOf(source));
  const typed = { ...source, types: columns.map(keyTypeOf) };
  const { bytes, bounds } = isQueryTyped(typed)
    ? await cutQuery(connection, typed, chunkBytes)
    : await cutTable(connection, typed, index, chunkBytes);
  return { source: typed, bytes, bounds };
}

const isQueryTyped = (source: Typed<AnySource>): source is Typed<QuerySource> => isQuery(source);

interface Cut {
  readonly bytes: number;
  readonly bounds: readonly KeyTuple[];
}

async function cutQuery(
  connection: MysqlConnection,
  source: Typed<QuerySource>,
  chunkBytes: number,
): Promise<Cut> {
  const { columns } = await connection.query(`SELECT * FROM (${statementOf(source)}\n) AS q LIMIT 0`);
  const measured = await connection.query(
    measureOf(
      source,
      columns.map(({ name }) => name),
    ),
  );
  const [rows, bytes] = (measured.rows[0] ?? []).map(numberOf);
  const size = { bytes: bytes ?? 0, pages: rows ?? 0 };
  const chunks = chunksFor(size, chunkBytes);
  const bounds: KeyTuple[] = [];
  if (chunks > 1)
    for await (const bound of quantiles(sample(samplePercent(size, chunks)), chunks)) bounds.push(bound);
  return { bytes: size.bytes, bounds };

  async function* sample(percent: number | undefined) {
    for await (const row of connection.each(sampleOf(source, percent)))
      yield { key: row.slice(0, -1).map(textOf), length: numberOf(row.at(-1)) };
  }
}

async function cutTable(
  connection: MysqlConnection,
  source: Typed<SqlSource>,
  index: string,
  chunkBytes: number,
): Promise<Cut> {
  const { rows } = await connection.query(describeTable(source));
  const [, , bytes, count] = (rows[0] ?? []).map(numberOf);
  const size = { bytes: bytes ?? 0, pages: count ?? 0 };
  const chunks = chunksFor(size, chunkBytes);
  const probes = new IndexProbes(connection, source, index);
  const whole = chunks === 1 ? undefined : await probes.whole();
  const bounds: KeyTuple[] = [];
  if (whole !== undefined)
    for await (const bound of bisected(
      probes,
      source.types,
      whole,
      Math.max(1, Math.ceil(size.pages / chunks)),
    ))
      bounds.push(bound);
  return { bytes: size.bytes, bounds };
}

/** Each is answered by one index, in as many pages as it is deep. */
class IndexProbes implements KeyProbes {
  readonly #connection: MysqlConnection;
  readonly #source: Typed<SqlSource>;
  readonly #from: string;

  constructor(connection: MysqlConnection, source: Typed<SqlSource>, index: string) {
    this.#connection = connection;
    this.#source = source;
    this.#from = `FROM ${nameOf(source)} FORCE INDEX (${quoted(index)})`;
  }

  async whole(): Promise<Piece | undefined> {
    const first = await this.#key('TRUE', '');
    const last = await this.#key('TRUE', ' DESC');
    return first && last && { first, last };
  }

  /** What the optimizer would reckon with: it looks into the index, at both ends of the range. */
  async rows(piece: Piece): Promise<number> {
    const { rows, columns } = await this.#connection.query(
      `EXPLAIN SELECT 1 ${this.#from} WHERE ${this.#within(piece)}`,
    );
    return numberOf(rows[0]?.[columns.findIndex(({ name }) => name === 'rows')]);
  }

  upTo({ first, last }: Piece, probe: KeyTuple): Promise<KeyTuple | undefined> {
    const source = this.#source;
    const where = [compared(source, '>=', first), compared(source, '<=', probe), compared(source, '<', last)];
    return this.#key(where.join(' AND '), ' DESC');
  }

  behind(key: KeyTuple, { last }: Piece): Promise<KeyTuple | undefined> {
    return this.#key(`${compared(this.#source, '>', key)} AND ${compared(this.#source, '<=', last)}`, '');
  }

  further(key: KeyTuple, rows: number, { last }: Piece): Promise<KeyTuple | undefined> {
    return this.#key(
      `${compared(this.#source, '>', key)} AND ${compared(this.#source, '<', last)}`,
      '',
      ` OFFSET ${rows - 1}`,
    );
  }

  #within({ first, last }: Piece): string {
    return `${compared(this.#source, '>=', first)} AND ${compared(this.#source, '<=', last)}`;
  }

  async #key(where: string, order: string, offset = ''): Promise<KeyTuple | undefined> {
    const source = this.#source;
    const { rows } = await this.#connection.query(
      `SELECT ${keysOf(source)} ${this.#from} WHERE ${where} ORDER BY ${columnsOf(source, order)} LIMIT 1${offset}`,
    );
    return rows[0]?.map(textOf);
  }
}

/** The name of the unique index that the key is, in its order. */
async function indexOf(connection: MysqlConnection, source: SqlSource): Promise<string> {
  const name = nameOf(source);
  const { rows } = await connection.query(describeTable(source));
  if (rows[0] === undefined)
    throw new InputFailed(
      `there is no table ${name}, or it may not be seen: of MySQL and MariaDB \`schema\` is the database`,
    );
  if (textOf(rows[0][0]) === 'VIEW') throw new InputFailed(`${name} is no table: give a query`);
  const known = new Map(
    (await connection.query(describeColumns(source))).rows.map((row) => [textOf(row[0]), textOf(row[1])]),
  );
  for (const column of source.key) {
    if (!known.has(column)) throw new InputFailed(`${name} has no column ${column}`);
    if (known.get(column) === 'YES')
      throw new InputFailed(
        `${name}: ${column} may be null, so it is no key: name columns that are NOT NULL`,
      );
  }
  const indexes = Map.groupBy((await connection.query(describeIndexes(source))).rows, (row) =>
    textOf(row[0]),
  );
  const said = (columns: readonly string[]) => columns.join(', ');
  const usable = [...indexes].flatMap(([index, parts]) =>
    parts.every((part) => textOf(part[2]) === '1')
      ? [{ index, columns: parts.map((part) => textOf(part[1])) }]
      : [],
  );
  const found = usable.find(({ columns }) => said(columns) === said(source.key));
  if (found !== undefined) return found.index;
  const other = usable.find(({ columns }) => said(columns.toSorted()) === said(source.key.toSorted()));
  throw new InputFailed(
    other === undefined
      ? `${name} has no unique index of ${said(source.key)}: a key names each row once`
      : `${name}: the key's columns come in the order of their index: ${said(other.columns)}`,
  );
}
