/** The tables of a database that a secret names, by the client of its engine: one that is not asked for is not loaded. */
import { unreachable } from '#core/errors.ts';
import type { SqlDatabase } from '#core/jobs/sql/ports.ts';
import { databasePlace } from './database-secret.ts';

/** @throws InputFailed where the secret is none. */
export async function tablesOf(secret: string): Promise<SqlDatabase> {
  const database = await databasePlace(secret);
  switch (database.engine) {
    case 'postgres': {
      const { PostgresTables } = await import('#adapters/sql/postgres.ts');
      return new PostgresTables(database.place);
    }
    case 'mysql': {
      const { MysqlTables } = await import('#adapters/sql/mysql.ts');
      return new MysqlTables(database.place);
    }
    default:
      return unreachable(database);
  }
}
