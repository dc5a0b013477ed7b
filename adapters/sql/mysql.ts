/**
 * MySQL and MariaDB as a job's source and target: bounds by cutting in two, each chunk by one SELECT of one snapshot, results back
 * in one transaction with the ledger that says they are there. A connection for each piece of work.
 */
import { InputFailed } from '#core/jobs/ports.ts';
import {
  describeTable,
  nameOf,
  nullOf,
  selectOf,
  spliceOf,
  statementOf,
  titleOf,
} from '#core/jobs/sql/mysql.ts';
import { kindOf } from '#core/jobs/sql/mysql-types.ts';
import type { HeldSnapshot, Splice, Spliced, SqlDatabase, SqlPlan } from '#core/jobs/sql/ports.ts';
import type { RowFormat } from '#core/jobs/sql/postgres.ts';
import { rowsIn } from '#core/jobs/sql/row-text.ts';
import { valuesOf } from '#core/jobs/sql/row-values.ts';
import type { Snapshot } from '#core/jobs/sql/snapshot.ts';
import { type AnySource, isQuery, type KeyRange, type SqlTable, type Typed } from '#core/jobs/sql/table.ts';
import * as z from '#core/zod.ts';
import { MysqlConnection, type MysqlPlace } from './mysql-connection.ts';
import { planOf, textOf } from './mysql-plan.ts';

const readOnly = 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY';
const noSnapshot =
  'MySQL and MariaDB give no snapshot to other connections, so its chunks have one each: leave `snapshot` out, or read a replica that stands still';
/** Of one INSERT; what a server takes at least is 4 MiB. */
const statementLength = 256 * 1024;
const duplicate = z.object({ errno: z.literal(1062) });

export class MysqlTables implements SqlDatabase {
  readonly #place: MysqlPlace;

  constructor(place: MysqlPlace) {
    this.#place = place;
  }

  plan<Source extends AnySource>(
    source: Source,
    chunkBytes: number,
    signal: AbortSignal,
    snapshot?: Snapshot,
  ): Promise<SqlPlan<Source>> {
    return this.#connected(titleOf(source), signal, async (connection) => {
      await beginRead(connection, snapshot);
      return planOf(connection, source, chunkBytes);
    });
  }

  async *read(
    source: Typed<AnySource>,
    range: KeyRange,
    format: RowFormat,
    signal: AbortSignal,
    snapshot?: Snapshot,
  ): AsyncGenerator<Uint8Array> {
    await using connection = await MysqlConnection.open(this.#place, signal);
    try {
      await beginRead(connection, snapshot);
      if (isQuery(source)) {
        await connection.prepare(statementOf(source));
        const nulls = range.after === null ? await connection.query(nullOf(source)) : undefined;
        if (nulls !== undefined && nulls.rows.length > 0)
          throw new InputFailed(
            `the query has rows in which ${source.key.join(' or ')} is null, which are in no chunk: leave them out, or fill them by coalesce`,
          );
      }
      yield* connection.text(selectOf(source, range), format);
    } catch (error) {
      throw connection.explained(error, titleOf(source));
    }
  }

  async hold(): Promise<HeldSnapshot> {
    throw new InputFailed(noSnapshot);
  }

  splice(work: Splice, rows: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Spliced> {
    const { job, chunk, target, format } = work;
    const sql = spliceOf(target, job, chunk);
    return this.#connected(nameOf(target), signal, async (connection) => {
      await checkTarget(connection, target);
      if ((await connection.query(sql.hasLedger)).rows.length === 0) await connection.query(sql.makeLedger);
      await connection.query('START TRANSACTION');
      if (!(await isClaimed(connection, sql.claim))) {
        const known = await connection.query(sql.known);
        return { rows: Number(textOf(known.rows[0]?.[0])), wasThere: true };
      }
      const count = await insert(connection, sql, rowsIn(stoppable(rows, signal), format));
      await connection.query(sql.record(count));
      await connection.query('COMMIT');
      return { rows: count, wasThere: false };
    });
  }

  async #connected<T>(
    what: string,
    signal: AbortSignal,
    work: (connection: MysqlConnection) => Promise<T>,
  ): Promise<T> {
    await using connection = await MysqlConnection.open(this.#place, signal);
    try {
      return await work(connection);
    } catch (error) {
      throw connection.explained(error, what);
    }
  }
}

async function beginRead(connection: MysqlConnection, snapshot: Snapshot | undefined): Promise<void> {
  if (snapshot !== undefined) throw new InputFailed(noSnapshot);
  await connection.query(readOnly);
}

/** Half a chunk must never be there. */
async function checkTarget(connection: MysqlConnection, target: SqlTable): Promise<void> {
  const { rows } = await connection.query(describeTable(target));
  if (rows[0] === undefined)
    throw new InputFailed(
      `there is no table ${nameOf(target)}, or it may not be seen: of MySQL and MariaDB \`schema\` is the database`,
    );
  const engine = textOf(rows[0][1]);
  if (engine !== 'InnoDB')
    throw new InputFailed(`${nameOf(target)} is ${engine || 'no table'}: results go into InnoDB only`);
}

/** @returns false where it is there already: whoever came first has committed. */
async function isClaimed(connection: MysqlConnection, claim: string): Promise<boolean> {
  try {
    await connection.query(claim);
    return true;
  } catch (error) {
    if (duplicate.safeParse(error).success) return false;
    throw error;
  }
}

async function* stoppable(rows: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const bytes of rows) {
    signal.throwIfAborted();
    yield bytes;
  }
}

/** Many rows at once, in as few statements as they fit into. @returns how many. */
async function insert(
  connection: MysqlConnection,
  sql: ReturnType<typeof spliceOf>,
  rows: ReturnType<typeof rowsIn>,
): Promise<number> {
  const kinds = (await connection.query(sql.columns)).columns.map(kindOf);
  let values: string[] = [];
  let length = 0;
  let count = 0;
  const flush = async () => {
    const first = count - values.length + 1;
    try {
      if (values.length > 0) await connection.query(sql.insert + values.join(','));
    } catch (error) {
      if (error instanceof Error) error.message = `of rows ${first} to ${count}: ${error.message}`;
      throw error;
    }
    values = [];
    length = 0;
  };
  for await (const row of rows) {
    count += 1;
    const value = valuesOf(row, kinds, count);
    values.push(value);
    length += value.length;
    if (length >= statementLength) await flush();
  }
  await flush();
  return count;
}
