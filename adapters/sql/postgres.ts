/**
 * PostgreSQL as a job's source and target: bounds from a sample, each chunk by COPY of one snapshot, results back through
 * a staging table in one transaction with the ledger that says they are there. A connection for each piece of work.
 */
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { InputFailed } from '#core/jobs/ports.ts';
import type { SnapshotLimits } from '#core/jobs/sql/held-snapshot.ts';
import type { HeldSnapshot, Splice, Spliced, SqlDatabase, SqlPlan } from '#core/jobs/sql/ports.ts';
import { copyOut, nameOf, nullOf, type RowFormat, spliceOf, titleOf } from '#core/jobs/sql/postgres.ts';
import type { Snapshot } from '#core/jobs/sql/snapshot.ts';
import {
  type AnySource,
  isQuery,
  type KeyRange,
  type QuerySource,
  type Typed,
} from '#core/jobs/sql/table.ts';
import * as z from '#core/zod.ts';
import { Connection, type PostgresPlace } from './connection.ts';
import { checkAlone, planOf } from './postgres-plan.ts';
import { beginRead, PostgresSnapshot } from './postgres-snapshot.ts';

export class PostgresTables implements SqlDatabase {
  readonly #place: PostgresPlace;

  constructor(place: PostgresPlace) {
    this.#place = place;
  }

  plan<Source extends AnySource>(
    source: Source,
    chunkBytes: number,
    signal: AbortSignal,
    snapshot?: Snapshot,
  ): Promise<SqlPlan<Source>> {
    return this.#connected(titleOf(source), signal, async (client) => {
      await beginRead(client, snapshot);
      return planOf(client, source, chunkBytes);
    });
  }

  async *read(
    source: Typed<AnySource>,
    range: KeyRange,
    format: RowFormat,
    signal: AbortSignal,
    snapshot?: Snapshot,
  ) {
    await using connection = await Connection.open(this.#place, signal);
    const { client } = connection;
    try {
      await beginRead(client, snapshot);
      if (isQuery(source)) await checkQuery(client, source, range);
      yield* client.query(copyTo(copyOut(source, range, format)));
    } catch (error) {
      throw connection.explained(error, titleOf(source));
    }
  }

  hold(limits: SnapshotLimits, signal: AbortSignal): Promise<HeldSnapshot> {
    return PostgresSnapshot.hold(this.#place, limits, signal);
  }

  splice(work: Splice, rows: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Spliced> {
    const { job, chunk, target, format } = work;
    const sql = spliceOf(target, format);
    const id = [job, chunk, nameOf(target)];
    return this.#connected(nameOf(target), signal, async (client) => {
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

  async #connected<T>(what: string, signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T> {
    await using connection = await Connection.open(this.#place, signal);
    try {
      return await work(connection.client);
    } catch (error) {
      throw connection.explained(error, what);
    }
  }
}

/** What is bigint comes as text. */
const Known = z.object({ rows: z.coerce.number() });

/** No index says that a query's key is never null, so who reads its first rows looks for such. */
async function checkQuery(client: Client, source: QuerySource, { after }: KeyRange): Promise<void> {
  await checkAlone(client, source);
  if (after !== null) return;
  const { rowCount } = await client.query(nullOf(source));
  if (rowCount !== 0)
    throw new InputFailed(
      `the query has rows in which ${source.key.join(' or ')} is null, which are in no chunk: leave them out, or fill them by coalesce`,
    );
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
