/** A person's query as what a job reads, of MariaDB. */
import { describe, expect, test } from 'vitest';
import { InputFailed } from '#core/jobs/ports.ts';
import { rangesOf } from '#core/jobs/sql/table.ts';
import { mariadbSchema, sql } from './mariadb-database.ts';
import { rowsOf, signal, tables, whole } from './mariadb-tables.ts';

const KiB = 1024;

describe('a query in chunks', () => {
  const orders = async () => {
    const name = await mariadbSchema();
    await sql(`CREATE TABLE \`${name}\`.o (id int PRIMARY KEY, who varchar(20), total decimal(10, 2))`);
    await sql(
      `INSERT INTO \`${name}\`.o SELECT seq, CONCAT('who ', seq % 40), seq / 7 FROM \`${name}\`.seq_1_to_6000`,
    );
    return `\`${name}\`.o`;
  };

  test('each row once, also where many share a key', async () => {
    const table = await orders();
    const query = `SELECT IF(id < 3000, 'many', who) AS \`the key\`, id FROM ${table} -- all of them;`;
    const { source, bounds } = await tables.plan({ query, key: ['the key'] }, 4 * KiB, signal);
    const chunks: string[][] = [];
    for (const range of rangesOf(bounds)) chunks.push(await rowsOf(source, range));
    expect(source.types).toEqual(['CHAR']);
    expect(chunks.flat().length).toBe(6000);
    expect(new Set(chunks.flat()).size).toBe(6000);
    const at = chunks.flatMap((rows, i) => rows.map((row) => `${row.split('\t')[0]} ${i}`));
    expect(new Set(at).size).toBe(41);
    expect(chunks.length).toBeGreaterThan(5);
  });

  test.each([
    ['two statements', 'SELECT id FROM $T; DROP TABLE $T', /syntax/],
    ['brackets that get out', 'SELECT id FROM $T) AS q, (SELECT 1 AS one', /syntax/],
    ['a comment that does not end', 'SELECT id FROM $T /* and so on', /syntax/],
    ['a statement that writes', 'DELETE FROM $T', /READ ONLY/],
    ['a file', `SELECT id FROM $T INTO OUTFILE '/tmp/never'`, /syntax|INTO/],
    ['no such column', 'SELECT id AS other FROM $T', /Unknown column/],
    ['a column that is there twice', 'SELECT id, id FROM $T', /Duplicate column/],
    ['a type that does not sort as its text', 'SELECT CAST(id AS FLOAT) AS id FROM $T', /id can be no key/],
  ])('%s is refused', async (_, query, why) => {
    const table = await orders();
    const given = { query: query.replaceAll('$T', table), key: ['id'] };
    const failure: unknown = await tables.plan(given, KiB, signal).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InputFailed);
    expect(String(failure)).toMatch(why);
    expect(await sql(`SELECT COUNT(*) FROM ${table}`)).toEqual([['6000']]);
  });

  test('a reader sees that too, for it knows not who planned', async () => {
    const table = await orders();
    const query = `SELECT id FROM ${table}) AS other, (SELECT 1 AS one`;
    const read = rowsOf({ query, key: ['id'], types: ['SIGNED'] }, { after: ['1'], upTo: null });
    await expect(read).rejects.toThrow(/syntax/);
  });

  test('a key that is null is in no range: who reads the first one says so', async () => {
    const table = await orders();
    const source = { query: `SELECT NULLIF(id, 4711) AS k FROM ${table}`, key: ['k'], types: ['SIGNED'] };
    await expect(rowsOf(source, whole)).rejects.toThrow(/k is null.*coalesce/);
    expect((await rowsOf(source, { after: ['1'], upTo: ['5'] })).length).toBe(4);
  });
});
