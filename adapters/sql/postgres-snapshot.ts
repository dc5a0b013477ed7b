/**
 * Transactions that read one state of the data, and one that gives its own to others as long as it is open (PostgreSQL:
 * 9.27.5 Snapshot synchronization functions; SET TRANSACTION).
 */
import { createHash } from 'node:crypto';
import { type Client, DatabaseError } from 'pg';
import {
  type SnapshotLimits,
  SnapshotLost,
  silenceSeconds,
  stillHeld,
} from '#core/jobs/sql/held-snapshot.ts';
import type { HeldSnapshot } from '#core/jobs/sql/ports.ts';
import { useSnapshot } from '#core/jobs/sql/postgres.ts';
import type { Snapshot } from '#core/jobs/sql/snapshot.ts';
import * as z from '#core/zod.ts';
import { Connection, type PostgresPlace } from './connection.ts';

const readOnly = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

/** Of one state of the data for all that the transaction reads: of this instant, or of a snapshot that somebody holds. */
export async function beginRead(client: Client, snapshot?: Snapshot): Promise<void> {
  await client.query(readOnly);
  if (snapshot === undefined) return;
  try {
    await client.query(useSnapshot(snapshot.id));
  } catch (error) {
    throw isGone(error) ? new SnapshotLost(error.message, { cause: error }) : error;
  }
  if ((await seenBy(client)) !== snapshot.sees)
    throw new SnapshotLost('the database calls another one the same now');
}

/** No such one; its transaction is over; it is of another database (22023 and, from 17 on, 42704; 55000; 0A000). */
const gone = new Set(['22023', '42704', '55000', '0A000']);

const isGone = (error: unknown): error is DatabaseError =>
  error instanceof DatabaseError && error.code !== undefined && gone.has(error.code);

const Seen = z.object({ seen: z.string() });
const Exported = z.object({ id: z.string() });

/** Its name in PostgreSQL 13 and later is another one, and this one still there. */
async function seenBy(client: Client): Promise<string> {
  const { rows } = await client.query<unknown[]>('SELECT txid_current_snapshot()::text AS seen');
  return createHash('sha256').update(Seen.parse(rows[0]).seen).digest('hex');
}

export class PostgresSnapshot implements HeldSnapshot {
  readonly snapshot: Snapshot;
  readonly #connection: Connection;
  readonly #limits: SnapshotLimits;
  readonly #begun: number;
  readonly #signal: AbortSignal;

  private constructor(
    connection: Connection,
    snapshot: Snapshot,
    limits: SnapshotLimits,
    begun: number,
    signal: AbortSignal,
  ) {
    this.#connection = connection;
    this.snapshot = snapshot;
    this.#limits = limits;
    this.#begun = begun;
    this.#signal = signal;
  }

  static async hold(
    place: PostgresPlace,
    limits: SnapshotLimits,
    signal: AbortSignal,
    begun: number = Date.now(),
  ): Promise<PostgresSnapshot> {
    const silence = silenceSeconds(limits) * 1000;
    const connection = await Connection.open({ ...place, query_timeout: silence }, signal);
    const { client } = connection;
    try {
      // Whoever is gone without a word holds nothing for long, and whoever beats is idle for no longer.
      await client.query(`SET idle_in_transaction_session_timeout = '${silence}ms'`);
      await beginRead(client);
      const { rows } = await client.query<unknown[]>('SELECT pg_export_snapshot() AS id');
      const snapshot = { id: Exported.parse(rows[0]).id, sees: await seenBy(client) };
      return new PostgresSnapshot(connection, snapshot, limits, begun, signal);
    } catch (error) {
      await connection[Symbol.asyncDispose]();
      throw connection.explained(error, "the job's snapshot");
    }
  }

  /** A connection that is lost was its transaction's end: there is no trying again. */
  async beat(now: number = Date.now()): Promise<void> {
    try {
      stillHeld(this.#limits, this.#begun, now);
      await this.#connection.client.query('SELECT');
    } catch (error) {
      const why = this.#connection.explained(error, 'its holder');
      await this[Symbol.asyncDispose]();
      if (why instanceof SnapshotLost) throw why;
      this.#signal.throwIfAborted();
      throw new SnapshotLost(why instanceof Error ? why.message : String(why), { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }
}
