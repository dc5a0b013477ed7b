/** The tests' own connection to MariaDB, and a schema for each test. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, inject, onTestFinished } from 'vitest';
import { MysqlConnection } from '#adapters/sql/mysql-connection.ts';

let connection: MysqlConnection;
beforeAll(async () => {
  connection = await MysqlConnection.open(inject('mariadb'), new AbortController().signal);
});
afterAll(() => connection[Symbol.asyncDispose]());

/** One statement; NULL is shown as such. */
export async function sql(text: string): Promise<string[][]> {
  const { rows } = await connection.query(text);
  return rows.map((row) => row.map((cell) => (cell === null ? 'NULL' : Buffer.from(cell).toString())));
}

/** Its name is one that must be quoted. */
export async function mariadbSchema(): Promise<string> {
  const name = `s ${randomUUID()}`;
  await sql(`CREATE DATABASE \`${name}\``);
  onTestFinished(async () => {
    await sql(`DROP DATABASE \`${name}\``);
  });
  return name;
}
