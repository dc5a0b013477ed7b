/** What a job asks of MySQL and MariaDB, asked of a MariaDB. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MysqlTables } from '#adapters/sql/mysql.ts';
import { Retryable } from '#core/errors.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import { conditionOf, nameOf } from '#core/jobs/sql/mysql.ts';
import { type KeyRange, rangesOf, type SqlSource } from '#core/jobs/sql/table.ts';
import { mariadbSchema, sql } from './mariadb-database.ts';
import { place, rowsOf, signal, tables, whole } from './mariadb-tables.ts';

const KiB = 1024;

/** The rows of each chunk. Together they are the table, in its order. */
async function chunksOf(given: SqlSource, chunkBytes = 64 * KiB): Promise<string[][]> {
  await sql(`ANALYZE TABLE ${nameOf(given)}`);
  const { source, bounds } = await tables.plan(given, chunkBytes, signal);
  const chunks: string[][] = [];
  for (const range of rangesOf(bounds)) chunks.push(await rowsOf(source, range));
  expect(chunks.flat()).toEqual(await rowsOf(source, whole));
  return chunks;
}

const uuid = `CONCAT_WS('-', LEFT(MD5(seq), 8), LEFT(SHA1(seq), 4), CONCAT('4', LEFT(MD5(seq * 7), 3)), CONCAT('a', LEFT(MD5(seq * 11), 3)), RIGHT(MD5(seq), 12))`;
const keys: readonly [string, string, string][] = [
  ['dense numbers', 'bigint', 'seq'],
  ['numbers below zero and above', 'bigint', '(CAST(seq AS SIGNED) - 4500) * 1000003'],
  ['the largest numbers', 'bigint unsigned', '18446744073709551615 - seq'],
  ['sparse and skewed numbers', 'bigint', 'CAST(EXP(seq / 400) AS SIGNED) * 9001 + seq'],
  ['numbers with fractions', 'decimal(20, 5)', 'seq / 7'],
  ['floating numbers', 'double', 'SIN(seq) * EXP(seq / 300)'],
  ['text of one case', 'varchar(64) collate utf8mb4_bin', `CONCAT('user-', LPAD(seq, 9, '0'))`],
  [
    'text in a language',
    'varchar(64) collate utf8mb4_unicode_ci',
    `CONCAT(ELT(seq % 4 + 1, 'Ä', 'a', 'Z', 'z'), seq)`,
  ],
  [
    'text, with all that is awkward in it',
    'varchar(64)',
    `CONCAT(REPEAT('''"\\\\, äß', seq % 3), seq, '\n')`,
  ],
  ['text of latin1', 'varchar(64) character set latin1', `CONCAT('ä', MD5(seq))`],
  ['uuids', 'uuid', uuid],
  ['uuids as text', 'char(36)', uuid],
  ['bytes', 'binary(16)', 'UNHEX(MD5(seq))'],
  ['bytes of any length', 'varbinary(40)', `CONCAT(CHAR(seq % 3), UNHEX(SHA1(seq)))`],
  ['times', 'datetime(3)', `'2026-03-29 00:59:00' + INTERVAL seq * 37000 MICROSECOND`],
  ['times in a zone', 'timestamp', `'2026-03-29 00:00:00' + INTERVAL seq MINUTE`],
  ['days', 'date', `'1990-01-01' + INTERVAL seq DAY`],
  ['times of day', 'time(6)', `SEC_TO_TIME(seq * 13) - INTERVAL 7 HOUR`],
  ['addresses', 'inet6', `CONCAT('2001:db8::', HEX(seq))`],
];

describe('a table in chunks', () => {
  test.each(keys)('each row once: %s', async (_, type, value) => {
    const name = await mariadbSchema();
    const table = `\`${name}\`.\`ev'il \`\` "t\``;
    await sql(`CREATE TABLE ${table} (filler varchar(200), \`k ey\` ${type} PRIMARY KEY)`);
    await sql(`INSERT INTO ${table} SELECT REPEAT('x', 100), ${value} FROM \`${name}\`.seq_1_to_9000`);
    const chunks = await chunksOf({ schema: name, table: 'ev\'il ` "t', key: ['k ey'] });
    const given = chunks.flat();
    expect(given.length).toBe(9000);
    expect(new Set(given).size).toBe(9000);
    expect(chunks.length).toBeGreaterThan(10);
    const largest = Math.max(...chunks.map((chunk) => chunk.length));
    expect(largest).toBeLessThan((3.5 * 9000) / chunks.length);
  });

  test('a key of three columns, most of the rows below one value of the first', async () => {
    const name = await mariadbSchema();
    await sql(
      `CREATE TABLE \`${name}\`.t (tenant varchar(20), day date, id int, note varchar(200), PRIMARY KEY (tenant, day, id))`,
    );
    await sql(
      `INSERT INTO \`${name}\`.t SELECT IF(seq % 10 = 0, CONCAT('T', seq % 7), 'large'), '2026-01-01' + INTERVAL seq % 5 DAY, seq, REPEAT('n', 80)
       FROM \`${name}\`.seq_1_to_8000`,
    );
    const chunks = await chunksOf({ schema: name, table: 't', key: ['tenant', 'day', 'id'] });
    expect(new Set(chunks.flat()).size).toBe(8000);
    expect(chunks.flat().length).toBe(8000);
    expect(chunks.length).toBeGreaterThan(8);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan((3.5 * 8000) / chunks.length);
  });

  test('a range of several columns is one of the index, and not more of it than its rows', async () => {
    const name = await mariadbSchema();
    await sql(`CREATE TABLE \`${name}\`.t (a int, b int, c int, note varchar(200), PRIMARY KEY (a, b, c))`);
    await sql(
      `INSERT INTO \`${name}\`.t SELECT seq DIV 1000, seq DIV 10 % 100, seq % 10, REPEAT('n', 80) FROM \`${name}\`.seq_0_to_9999`,
    );
    const source = { schema: name, table: 't', key: ['a', 'b', 'c'], types: ['SIGNED', 'SIGNED', 'SIGNED'] };
    const range: KeyRange = { after: ['4', '98', '6'], upTo: ['5', '1', '3'] };
    expect((await rowsOf(source, range)).length).toBe(27);
    const [plan] = await sql(
      `EXPLAIN SELECT * FROM ${nameOf(source)} WHERE ${conditionOf(source, range)} ORDER BY a, b, c`,
    );
    const [, , , type, , key, , , rows] = plan ?? [];
    expect([type, key]).toEqual(['range', 'PRIMARY']);
    expect(Number(rows)).toBeLessThan(60);
    // What it is written out for: of a row constructor the optimizer makes no range.
    const [other] = await sql(
      `EXPLAIN SELECT * FROM ${nameOf(source)} WHERE (a, b, c) > (4, 98, 6) AND (a, b, c) <= (5, 1, 3)`,
    );
    expect(Number(other?.[8])).toBeGreaterThan(1000);
  });

  test('rows that come and go after the plan are in the range of their key', async () => {
    const name = await mariadbSchema();
    await sql(`CREATE TABLE \`${name}\`.t (id int PRIMARY KEY, note varchar(200))`);
    await sql(`INSERT INTO \`${name}\`.t SELECT seq, REPEAT('n', 150) FROM \`${name}\`.seq_1_to_3000`);
    await sql(`ANALYZE TABLE \`${name}\`.t`);
    const plan = await tables.plan({ schema: name, table: 't', key: ['id'] }, 64 * KiB, signal);
    expect(plan.bounds.length).toBeGreaterThan(5);
    await sql(`DELETE FROM \`${name}\`.t WHERE id % 2 = 0`);
    await sql(`INSERT INTO \`${name}\`.t SELECT -seq, 'new' FROM \`${name}\`.seq_0_to_500`);
    await sql(`INSERT INTO \`${name}\`.t SELECT seq, 'new' FROM \`${name}\`.seq_3001_to_9000`);
    const chunks = await Promise.all([...rangesOf(plan.bounds)].map((range) => rowsOf(plan.source, range)));
    expect(chunks.flat().length).toBe(1500 + 501 + 6000);
  });

  test('dates that are none are keys too', async () => {
    const name = await mariadbSchema();
    await sql(`CREATE TABLE \`${name}\`.t (d datetime PRIMARY KEY)`);
    for (const day of ['0000-00-00', '2026-02-00', '2026-02-31', '2026-03-01'])
      await sql(`INSERT INTO \`${name}\`.t VALUES ('${day} 00:00:00')`);
    const source = { schema: name, table: 't', key: ['d'], types: ['DATETIME(6)'] };
    const bounds = (await rowsOf(source, whole)).slice(0, -1).map((row) => [row]);
    const chunks = await Promise.all([...rangesOf(bounds)].map((range) => rowsOf(source, range)));
    expect(chunks.map((chunk) => chunk.length)).toEqual([1, 1, 1, 1]);
  });

  test.each([
    ['an empty table', 0, [0]],
    ['one row', 1, [1]],
  ])('%s is one chunk', async (_, rows, sizes) => {
    const name = await mariadbSchema();
    await sql(`CREATE TABLE \`${name}\`.t (id int PRIMARY KEY)`);
    if (rows > 0) await sql(`INSERT INTO \`${name}\`.t VALUES (1)`);
    const chunks = await chunksOf({ schema: name, table: 't', key: ['id'] });
    expect(chunks.map((chunk) => chunk.length)).toEqual(sizes);
  });

  test('whatever stands in a key is a value, and nothing but that', async () => {
    const name = await mariadbSchema();
    await sql(`CREATE TABLE \`${name}\`.t (k varchar(200) COLLATE utf8mb4_nopad_bin PRIMARY KEY)`);
    const texts = fc.uniqueArray(fc.string({ unit: 'grapheme' }), { minLength: 3, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(texts, async (values) => {
        await sql(`DELETE FROM \`${name}\`.t`);
        const hex = values.map((value) => `(_utf8mb4 X'${Buffer.from(value).toString('hex')}')`);
        await sql(`INSERT INTO \`${name}\`.t VALUES ${hex.join(', ')}`);
        const bounds = (await sql(`SELECT k FROM \`${name}\`.t ORDER BY k`)).slice(0, -1);
        const source = { schema: name, table: 't', key: ['k'], types: ['CHAR'] };
        const chunks = await Promise.all([...rangesOf(bounds)].map((range) => rowsOf(source, range)));
        expect(chunks.map((chunk) => chunk.length)).toEqual(values.map(() => 1));
      }),
      { numRuns: 20 },
    );
  });
});

describe('what can not be read says why, and what to do', () => {
  test.each([
    ['no table', 'SELECT 1', 't', ['id'], /there is no table .*`t`.*`schema` is the database/],
    ['a view', 'CREATE VIEW $S.v AS SELECT 1 AS id', 'v', ['id'], /give a query/],
    ['no column', 'CREATE TABLE $S.t (id int PRIMARY KEY)', 't', ['nr'], /has no column nr/],
    ['a key that may be null', 'CREATE TABLE $S.t (id int UNIQUE)', 't', ['id'], /id may be null/],
    ['no unique index', 'CREATE TABLE $S.t (a int NOT NULL, KEY (a))', 't', ['a'], /no unique index of a/],
    [
      'one of more columns',
      'CREATE TABLE $S.t (a int, b int, PRIMARY KEY (a, b))',
      't',
      ['a'],
      /no unique index of a/,
    ],
    [
      'another order',
      'CREATE TABLE $S.t (a int, b int, PRIMARY KEY (b, a))',
      't',
      ['a', 'b'],
      /their index: b, a/,
    ],
    [
      'a part of a column',
      'CREATE TABLE $S.t (a varchar(90) NOT NULL, UNIQUE (a(5)))',
      't',
      ['a'],
      /no unique index/,
    ],
    ['an enum', `CREATE TABLE $S.t (a enum('x', 'y') PRIMARY KEY)`, 't', ['a'], /a can be no key/],
  ])('%s', async (_, make, table, key, why) => {
    const name = await mariadbSchema();
    await sql(make.replaceAll('$S', `\`${name}\``));
    const failure: unknown = await tables
      .plan({ schema: name, table, key }, KiB, signal)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InputFailed);
    expect(String(failure)).toMatch(why);
  });

  test('a snapshot for a whole job', async () => {
    const snapshot = { id: '1', sees: '0'.repeat(64) };
    const read = tables.plan({ schema: 'mysql', table: 't', key: ['id'] }, KiB, signal, snapshot);
    await expect(read).rejects.toThrow(/give no snapshot/);
  });
});

describe('what passes is worth trying again', () => {
  const large = async () => {
    const name = await mariadbSchema();
    await sql(`CREATE TABLE \`${name}\`.t (id int PRIMARY KEY, note text)`);
    await sql(`INSERT INTO \`${name}\`.t SELECT seq, REPEAT('n', 1000) FROM \`${name}\`.seq_1_to_20000`);
    const threads = () =>
      sql(
        `SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE '%SELECT * FROM \`${name}\`%' AND ID <> CONNECTION_ID()`,
      );
    return { source: { schema: name, table: 't', key: ['id'], types: ['SIGNED'] }, threads };
  };

  test('nobody answers', async () => {
    const nowhere = new MysqlTables({ ...place, host: '/nowhere' });
    const read = nowhere.plan({ schema: 'a', table: 't', key: ['id'] }, KiB, signal);
    await expect(read).rejects.toBeInstanceOf(Retryable);
  });

  test('a password that is wrong is not', async () => {
    const nobody = new MysqlTables({ ...place, user: 'nobody', password: 'p4ss' });
    const failure: unknown = await nobody
      .plan({ schema: 'a', table: 't', key: ['id'] }, KiB, signal)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InputFailed);
    expect(String(failure)).toMatch(/Access denied/);
    expect(String(failure)).not.toContain('p4ss');
  });

  test('somebody ends the connection while rows come', async () => {
    const { source, threads } = await large();
    const rows = tables.read(source, whole, 'csv', signal);
    await rows.next();
    const found = await threads();
    expect(found.length).toBe(1);
    await sql(`KILL ${found[0]?.[0]}`);
    const rest = async () => {
      for await (const bytes of rows) expect(bytes.length).toBeGreaterThan(0);
    };
    await expect(rest()).rejects.toBeInstanceOf(Retryable);
  });

  test('who is told to stop stops, who looks at no more rows holds nothing, and few wait meanwhile', async () => {
    const { source, threads } = await large();
    const stop = new AbortController();
    const rows = tables.read(source, whole, 'csv', stop.signal);
    await rows.next();
    stop.abort(new Error('told to go'));
    await expect(rows.next().then(() => rows.next())).rejects.toThrow('told to go');
    for await (const some of tables.read(source, whole, 'csv', signal)) if (some.length > 0) break;
    await expect.poll(async () => (await threads()).length).toBe(0);
  });
});
