/** A million rows of each engine, cut, read and put together: each once. Larger ones are for `npm run bench`. */
import { expect, inject, test } from 'vitest';
import { MysqlTables } from '#adapters/sql/mysql.ts';
import { PostgresTables } from '#adapters/sql/postgres.ts';
import type { SqlTables } from '#core/jobs/sql/ports.ts';
import { rangesOf } from '#core/jobs/sql/table.ts';
import { client, schema } from './database.ts';
import { mariadbSchema, sql } from './mariadb-database.ts';

const million = 1_000_000;
const { signal } = new AbortController();

/** Skewed: half of the keys are close to each other, and the others are not. */
async function inPostgres(): Promise<string> {
  const name = await schema();
  await client.query(`CREATE TABLE "${name}".t (id bigint PRIMARY KEY, note text)`);
  await client.query(
    `INSERT INTO "${name}".t SELECT CASE WHEN i % 2 = 0 THEN i ELSE i * 1000003::bigint END, 'note' FROM generate_series(1, ${million}) i`,
  );
  return name;
}

async function inMariadb(): Promise<string> {
  const name = await mariadbSchema();
  await sql(`CREATE TABLE \`${name}\`.t (id bigint PRIMARY KEY, note varchar(20))`);
  await sql(
    `INSERT INTO \`${name}\`.t SELECT IF(seq % 2 = 0, seq, seq * 1000003), 'note' FROM \`${name}\`.seq_1_to_${million}`,
  );
  await sql(`ANALYZE TABLE \`${name}\`.t`);
  return name;
}

test.each([
  ['PostgreSQL', inPostgres, (): SqlTables => new PostgresTables(inject('postgres'))],
  ['MariaDB', inMariadb, (): SqlTables => new MysqlTables(inject('mariadb'))],
])('%s', async (_, make, open) => {
  const name = await make();
  const tables = open();
  const plan = await tables.plan({ schema: name, table: 't', key: ['id'] }, 512 * 1024, signal);
  const seen = new Set<number>();
  const sizes: number[] = [];
  for (const range of rangesOf(plan.bounds)) {
    let rest = '';
    let rows = 0;
    for await (const bytes of tables.read(plan.source, range, 'text', signal)) {
      const lines = (rest + Buffer.from(bytes).toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      rows += lines.length;
      for (const line of lines) seen.add(Number.parseInt(line, 10));
    }
    sizes.push(rows);
  }
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(million);
  expect(seen.size).toBe(million);
  expect(sizes.length).toBeGreaterThan(40);
  expect(Math.max(...sizes)).toBeLessThan((4 * million) / sizes.length);
});
