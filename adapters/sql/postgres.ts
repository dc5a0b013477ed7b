/**
 * PostgreSQL as a job's source and target: bounds from a sample, each chunk by COPY of one snapshot, results back through
 * a staging table in one transaction with the ledger that says they are there. A connection for each piece of work.
 */
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { InputFailed } from '#core/jobs/ports.ts';
import { chunksFor, quantiles, samplePercent, type TableSize } from '#core/jobs/sql/bounds.ts';
import type { Splice, Spliced, SqlPlan, SqlTables } from '#core/jobs/sql/ports.ts';
import {
  copyOut,
  describeKey,
  describeSize,
  nameOf,
  type RowFormat,
  sampleOf,
  spliceOf,
} from '#core/jobs/sql/postgres.ts';
import type { KeyRange, KeyTuple, SqlSource, SqlTable, TypedSource } from '#core/jobs/sql/table.ts';
import * as z from '#core/zod.ts';
import { Connection, type PostgresPlace } from './connection.ts';

/** One state of the data for all that a transaction reads. */
const readOnly = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
const rowsAtOnce = 10_000;

export class PostgresTables implements SqlTables {
  readonly #place: PostgresPlace;

  constructor(place: PostgresPlace) {
    this.#place = place;
  }

  plan(source: SqlSource, chunkBytes: number, signal: AbortSignal): Promise<SqlPlan> {
    return this.#connected(source, signal, async (client) => {
      await client.query(readOnly);
      const size = await sizeOf(client, source);
      const typed = await typedOf(client, source);
      const chunks = chunksFor(size, chunkBytes);
      const bounds = chunks === 1 ? [] : await boundsOf(client, typed, size, chunks);
      return { source: typed, bytes: size.bytes, bounds };
    });
  }

  async *read(source: TypedSource, range: KeyRange, format: RowFormat, signal: AbortSignal) {
    await using connection = await Connection.open(this.#place, signal);
    const { client } = connection;
    try {
      await client.query(readOnly);
      yield* client.query(copyTo(copyOut(source, range, format)));
    } catch (error) {
      throw connection.explained(error, nameOf(source));
    }
  }

  splice(work: Splice, rows: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Spliced> {
    const { job, chunk, target, format } = work;
    const sql = spliceOf(target, format);
    const id = [job, chunk, nameOf(target)];
    return this.#connected(target, signal, async (client) => {
      await makeLedger(client, sql);
      await client.query('BEGIN');
      const claimed = await client.query(sql.claim, id);
      if (claimed.rowCount === 0) {
        const { rows } = await client.query<unknown[]>(sql.known, id);
        return { rows: Known.parse(rows[0]).rows, wasThere: true };
      }
      await client.query(sql.stage);
      await pipeline(rows, client.query(copyFrom(sql.copyIn)), { signal });
      const { rowCount } = await client.query(sql.insert);
      await client.query(sql.record, [...id, rowCount]);
      await client.query('COMMIT');
      return { rows: rowCount ?? 0, wasThere: false };
    });
  }

  async #connected<T>(
    table: SqlTable,
    signal: AbortSignal,
    work: (client: Client) => Promise<T>,
  ): Promise<T> {
    await using connection = await Connection.open(this.#place, signal);
    try {
      return await work(connection.client);
    } catch (error) {
      throw connection.explained(error, nameOf(table));
    }
  }
}

/** What is bigint comes as text. */
const Count = z.coerce.number();
const Known = z.object({ rows: Count });
const Size = z.object({
  kind: z.string(),
  parts: z.nullable(Count),
  main: Count,
  whole: Count,
  page: z.int(),
});
const KeyColumn = z.object({
  name: z.string(),
  type: z.string(),
  notNull: z.boolean(),
  isUnique: z.boolean(),
});

/** What can be sampled by pages: a table, its partitions together, a materialized view. */
const kinds = new Set(['r', 'p', 'm']);

async function sizeOf(client: Client, table: SqlTable): Promise<TableSize> {
  const name = nameOf(table);
  const { rows } = await client.query<unknown[]>(describeSize, [name]);
  if (rows[0] === undefined) throw new InputFailed(`there is no table ${name}, or it may not be seen`);
  const { kind, parts, main, whole, page } = Size.parse(rows[0]);
  if (!kinds.has(kind))
    throw new InputFailed(`${name} is no table: make a materialized view of it, with a unique index`);
  const bytes = kind === 'p' ? (parts ?? 0) : whole;
  return { bytes, pages: Math.ceil((kind === 'p' ? bytes : main) / page) };
}

async function typedOf(client: Client, source: SqlSource): Promise<TypedSource> {
  const name = nameOf(source);
  const { rows } = await client.query<unknown[]>(describeKey, [name, source.key]);
  const columns = z.array(KeyColumn).parse(rows);
  const types = source.key.map((column) => {
    const known = columns.find((each) => each.name === column);
    if (known === undefined) throw new InputFailed(`${name} has no column ${column}`);
    if (!known.notNull)
      throw new InputFailed(
        `${name}: ${column} may be null, so it is no key: name columns that are NOT NULL`,
      );
    if (!known.isUnique)
      throw new InputFailed(
        `${name} has no unique index of ${source.key.join(', ')}: a key names each row once`,
      );
    return known.type;
  });
  return { ...source, types };
}

async function boundsOf(
  client: Client,
  source: TypedSource,
  size: TableSize,
  chunks: number,
): Promise<KeyTuple[]> {
  const width = source.key.length;
  await client.query(`DECLARE sample NO SCROLL CURSOR FOR ${sampleOf(source, samplePercent(size, chunks))}`);
  const Row = z.array(z.string()).check(z.length(width + 1));
  const bounds: KeyTuple[] = [];
  for await (const bound of quantiles(batches(), chunks)) bounds.push(bound);
  return bounds;

  async function* batches() {
    for (;;) {
      const { rows } = await client.query<unknown[]>({
        text: `FETCH ${rowsAtOnce} FROM sample`,
        rowMode: 'array',
      });
      for (const row of z.array(Row).parse(rows))
        yield { key: row.slice(0, width), length: Number(row[width]) };
      if (rows.length < rowsAtOnce) return;
    }
  }
}

/** Who may not make it needs it only the first time, and there may be two who make it. */
async function makeLedger(
  client: Client,
  { hasLedger, makeLedger }: ReturnType<typeof spliceOf>,
): Promise<void> {
  const { rows } = await client.query<unknown[]>(hasLedger);
  if (z.object({ is: z.boolean() }).parse(rows[0]).is) return;
  await client.query(
    `BEGIN; SELECT pg_advisory_xact_lock(hashtext('getschwifty ledger')); ${makeLedger}; COMMIT`,
  );
}
