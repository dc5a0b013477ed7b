/** Connections to PostgreSQL: set up so that text means the same to all of them, and errors that say whether it is worth trying again. */
import { Client, type ClientConfig, DatabaseError } from 'pg';
import { InputFailed } from '#core/jobs/ports.ts';
import { DatabaseAway } from '#core/jobs/sql/ports.ts';

export type PostgresPlace = Pick<ClientConfig, 'host' | 'port' | 'database' | 'user' | 'password' | 'ssl'>;
/** With how long an answer may take, where that is known. */
type Place = PostgresPlace & Pick<ClientConfig, 'query_timeout'>;

/** Keys are written as text by one connection and read by another. */
const settings = [
  "SET datestyle = 'ISO, YMD'",
  "SET timezone = 'UTC'",
  "SET intervalstyle = 'postgres'",
  "SET bytea_output = 'hex'",
  'SET extra_float_digits = 1',
  "SET client_encoding = 'UTF8'",
].join('; ');

/** One connection, closed with its scope. The signal cuts it off, and what is under way on it. */
export class Connection implements AsyncDisposable {
  readonly client: Client;
  readonly #signal: AbortSignal;
  /** A fatal error comes beside the statement that it ends, and says more. */
  #lost: Error | undefined;

  private constructor(place: Place, signal: AbortSignal) {
    this.#signal = signal;
    this.client = new Client({ ...place, application_name: 'getschwifty', connectionTimeoutMillis: 10_000 });
    this.client.on('error', (error) => {
      this.#lost ??= error;
    });
  }

  /** @throws DatabaseAway, InputFailed, or the signal's reason. */
  static async open(place: Place, signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    const connection = new Connection(place, signal);
    signal.addEventListener('abort', connection.#cut, { once: true });
    try {
      await connection.client.connect();
      await connection.client.query(settings);
      return connection;
    } catch (error) {
      await connection[Symbol.asyncDispose]();
      throw connection.explained(error, 'connecting');
    }
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
    this.client.connection.stream.destroy();
  };
}

/** Classes of SQLSTATE (PostgreSQL: Appendix A) that pass by themselves: connection, resources, somebody ended it, conflicts. */
const passes = /^(?:08|40|53|55|57|58)/;

function explained(error: unknown, what: string): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof DatabaseError) {
    const { code = '', message, detail, where } = error;
    const said = [message, detail, where].filter(Boolean).join('; ');
    if (passes.test(code)) return new DatabaseAway(`${what}: ${said} (${code})`, { cause: error });
    return new InputFailed(`${what}: ${said} (SQLSTATE ${code})`, { cause: error });
  }
  const isNetwork = 'code' in error || /^Connection terminated|^timeout expired/.test(error.message);
  return isNetwork ? new DatabaseAway(`${what}: ${error.message}`, { cause: error }) : error;
}
