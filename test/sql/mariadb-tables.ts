/** Tables of the tests' MariaDB as a job has them, and the rows that it reads of a range. */
import { inject } from 'vitest';
import { MysqlTables } from '#adapters/sql/mysql.ts';
import type { AnySource, KeyRange, Typed } from '#core/jobs/sql/table.ts';

export const place = inject('mariadb');
export const tables = new MysqlTables(place);
export const { signal } = new AbortController();
export const whole: KeyRange = { after: null, upTo: null };

export async function rowsOf(source: Typed<AnySource>, range: KeyRange): Promise<string[]> {
  const parts: Uint8Array[] = [];
  for await (const part of tables.read(source, range, 'text', signal)) parts.push(part);
  return Buffer.concat(parts).toString().split('\n').slice(0, -1);
}
