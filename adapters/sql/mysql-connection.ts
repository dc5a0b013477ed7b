/** Connections to MySQL and MariaDB: set up so that text means the same to all of them, rows as they come, and errors that say whether it is worth trying again. */
import { connect, isIP, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { type Connection, createConnection, type Query } from 'mysql2';
import { InputFailed } from '#core/jobs/ports.ts';
import { Column, kindOf } from '#core/jobs/sql/mysql-types.ts';
import { DatabaseAway } from '#core/jobs/sql/ports.ts';
import type { RowFormat } from '#core/jobs/sql/postgres.ts';
import { type Cell, RowWriter } from '#core/jobs/sql/row-text.ts';
import * as z from '#core/zod.ts';

export interface MysqlPlace {
  /** Or a folder with a socket. */
  readonly host: string;
  readonly port?: number;
  readonly database?: string;
  readonly user: string;
  readonly password?: string;
  readonly ssl?: boolean | { readonly ca: string };
}

/**
 * Keys are written as text by one connection and read by another. A slow command must not be taken for a dead client: by
 * default the server gives up after a minute in which nobody read. Dates that are none may stand in a table, and so in a key.
 */
const settings = [
  'NAMES utf8mb4',
  "SESSION time_zone = '+00:00'",
  "SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'",
  'SESSION net_write_timeout = 86400',
  'SESSION net_read_timeout = 86400',
  'SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
].map((each) => `SET ${each}`);

const enough = 64 * 1024;

export interface Result {
  readonly rows: readonly (readonly Cell[])[];
  readonly columns: readonly Column[];
  readonly affected: number;
}

const Header = z.object({ affectedRows: z.int() });
const Cells = z.array(z.nullable(z.instanceof(Buffer)));
const Fields = z.array(Column);

/** One connection, closed with its scope. The signal cuts it off, and what is under way on it. */
export class MysqlConnection implements AsyncDisposable {
  readonly #client: Connection;
  readonly #socket: Socket;
  readonly #signal: AbortSignal;
  #lost: Error | undefined;

  private constructor({ host, port = 3306, ssl, ...place }: MysqlPlace, signal: AbortSignal) {
    this.#signal = signal;
    this.#socket = host.startsWith('/')
      ? connect(host)
      : connect({ host, port, keepAlive: true, noDelay: true });
    this.#client = createConnection({
      ...place,
      host,
      port,
      stream: () => this.#socket,
      connectTimeout: 10_000,
      rowsAsArray: true,
      typeCast: false,
      disableEval: true,
      // One statement is one: a person's query is a part of ours.
      multipleStatements: false,
      // Whose name the certificate has is looked at too.
      ...(ssl && { ssl: { ...(ssl === true ? {} : ssl), verifyIdentity: true } }),
    });
    this.#client.on('error', (error) => {
      this.#lost ??= error;
    });
  }

  /** @throws DatabaseAway, InputFailed, or the signal's reason. */
  static async open(place: MysqlPlace, signal: AbortSignal): Promise<MysqlConnection> {
    signal.throwIfAborted();
    // The client would compare the certificate's names with `localhost`.
    if (place.ssl && isIP(place.host) !== 0)
      throw new InputFailed(
        `${place.host}: give the server's name, which its certificate has, instead of its address`,
      );
    const connection = new MysqlConnection(place, signal);
    signal.addEventListener('abort', connection.#cut, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        connection.#client.connect((error) => (error ? reject(error) : resolve()));
      });
      for (const setting of settings) await connection.query(setting);
      return connection;
    } catch (error) {
      await connection[Symbol.asyncDispose]();
      throw connection.explained(error, 'connecting');
    }
  }

  query(sql: string): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#client.query(sql, (error: Error | null, rows: unknown, fields: unknown) => {
        if (error) return reject(error);
        try {
          if (!Array.isArray(rows))
            return resolve({ rows: [], columns: [], affected: Header.parse(rows).affectedRows });
          resolve({ rows: z.array(Cells).parse(rows), columns: Fields.parse(fields), affected: 0 });
        } catch (unexpected) {
          reject(unexpected);
        }
      });
    });
  }

  /** The server reads it as one statement, and does not run it. */
  prepare(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.prepare(sql, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Rows one by one. */
  async *each(sql: string): AsyncGenerator<readonly Cell[]> {
    for await (const row of this.#until(this.#client.query(sql).stream({ highWaterMark: 1000 })))
      yield Cells.parse(row);
  }

  /** Rows as text, as fast as they are taken: what the server sends then waits with it. */
  text(sql: string, format: RowFormat): Readable {
    const query = this.#client.query(sql);
    const text = this.#until(new Readable({ read: () => this.#client.resume(), highWaterMark: 2 * enough }));
    let writer = new RowWriter([], format);
    query.on('error', (error) => text.destroy(error));
    query.on('fields', (fields: unknown) => {
      writer = new RowWriter(Fields.parse(fields).map(kindOf), format);
    });
    onRow(query, (row) => {
      writer.push(row);
      if (writer.length >= enough && !text.push(writer.take())) this.#client.pause();
    });
    query.on('end', () => {
      if (writer.length > 0) text.push(writer.take());
      text.push(null);
    });
    return text;
  }

  /** The end of a connection is told to itself, and not to what streams from it. */
  #until(stream: Readable): Readable {
    const lost = (error: Error) => stream.destroy(error);
    this.#client.on('error', lost);
    if (this.#lost !== undefined) stream.destroy(this.#lost);
    return stream.once('close', () => this.#client.off('error', lost));
  }

  /** What to throw for what a statement threw. */
  explained(error: unknown, what: string): unknown {
    if (this.#signal.aborted) return this.#signal.reason;
    return explained(this.#lost ?? error, what);
  }

  /** Nothing that the server still does for us is of use: a transaction that is open then was never. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener('abort', this.#cut);
    this.#cut();
  }

  readonly #cut = (): void => {
    this.#socket.destroy();
  };
}

/** Too many of them to have each one checked by a schema. */
function onRow(query: Query, take: (row: readonly Cell[]) => void): void {
  query.on('result', (row: unknown) => {
    if (!Array.isArray(row)) throw new Error('a row that is no list of values');
    take(row);
  });
}

/** Numbers of errors that pass by themselves (MySQL: Server Error Message Reference): too many connections, a shutdown, locks, a killed connection. */
const passes = new Set([
  1021, 1037, 1038, 1040, 1041, 1053, 1129, 1158, 1159, 1160, 1161, 1180, 1203, 1205, 1213, 1226, 1317, 1412,
  1637, 1927, 4031,
]);

const Said = z.object({ message: z.string(), errno: z.int(), sqlState: z.string() });
const Failed = z.object({ message: z.string(), code: z.string() });
/** By what a certificate or the lack of one is told: nothing that passes. */
const untrusted = /^(?:HANDSHAKE_|CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;

function explained(error: unknown, what: string): unknown {
  if (!(error instanceof Error)) return error;
  const said = Said.safeParse(error);
  if (said.success) {
    const { message, errno, sqlState } = said.data;
    const text = `${what}: ${message} (error ${errno}, SQLSTATE ${sqlState})`;
    return passes.has(errno)
      ? new DatabaseAway(text, { cause: error })
      : new InputFailed(text, { cause: error });
  }
  const failed = Failed.safeParse(error);
  if (!failed.success) return error;
  const text = `${what}: ${error.message} (${failed.data.code})`;
  return untrusted.test(failed.data.code)
    ? new InputFailed(text, { cause: error })
    : new DatabaseAway(text, { cause: error });
}
