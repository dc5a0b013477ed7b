/** What a job asks of PostgreSQL, asked of one. */
import fc from 'fast-check';
import { describe, expect, inject, test } from 'vitest';
import { PostgresTables } from '#adapters/sql/postgres.ts';
import { Retryable } from '#core/errors.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import { type KeyRange, rangesOf, SqlSource, type TypedSource } from '#core/jobs/sql/table.ts';
import { client, schema } from './database.ts';

const place = inject('postgres');
const tables = new PostgresTables(place);
const { signal } = new AbortController();

const KiB = 1024;

async function drained(rows: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of rows) parts.push(part);
  return Buffer.concat(parts);
}

async function rowsOf(source: TypedSource, range: KeyRange): Promise<string[]> {
  return (await drained(tables.read(source, range, 'text', signal))).toString().split('\n').slice(0, -1);
}

const whole: KeyRange = { after: null, upTo: null };

/** The rows of each chunk. Together they are the table, in its order. */
async function chunksOf(given: SqlSource, chunkBytes = 64 * KiB): Promise<string[][]> {
  const { source, bounds } = await tables.plan(given, chunkBytes, signal);
  const chunks = await Promise.all([...rangesOf(bounds)].map((range) => rowsOf(source, range)));
  expect(chunks.flat()).toEqual(await rowsOf(source, whole));
  return chunks;
}

const keys: readonly [string, string, string][] = [
  ['dense numbers', 'bigint', 'i'],
  ['sparse and skewed numbers', 'bigint', '(exp(i / 1500.0) * 1000)::bigint * 4 + i % 4 - 4000000'],
  ['numbers with fractions', 'numeric(20, 5)', 'i / 7.0'],
  ['floating numbers', 'double precision', 'sin(i)'],
  ['text, with all that is awkward in it', 'text', `repeat(chr(39) || '"\\, äß', i % 3) || i || E'\\n'`],
  ['text in a language', 'text COLLATE "en-x-icu"', `(ARRAY['Ä','a','Z','z'])[i % 4 + 1] || i`],
  ['uuids', 'uuid', `md5(i::text)::uuid`],
  ['times', 'timestamptz', `'2026-03-29 00:59Z'::timestamptz + i * interval '0.37 s'`],
  ['bytes', 'bytea', `decode(md5(i::text), 'hex')`],
  ['intervals', 'interval', `i * interval '3 h'`],
];

describe('a table in chunks', () => {
  test.each(keys)('each row once: %s', async (_, type, value) => {
    const name = await schema();
    await client.query(`CREATE TABLE "${name}"."ev'il ""t" (filler text, "k ey" ${type} PRIMARY KEY)`);
    await client.query(
      `INSERT INTO "${name}"."ev'il ""t" SELECT repeat('x', 100), ${value} FROM generate_series(1, 9000) i`,
    );
    const chunks = await chunksOf({ schema: name, table: 'ev\'il "t', key: ['k ey'] });
    const given = chunks.flat();
    expect(given.length).toBe(9000);
    expect(new Set(given).size).toBe(9000);
    expect(chunks.length).toBeGreaterThan(10);
    const largest = Math.max(...chunks.map((chunk) => chunk.length));
    expect(largest).toBeLessThan((3 * 9000) / chunks.length);
  });

  test('a key of two columns, most of the rows below one value of the first', async () => {
    const name = await schema();
    await client.query(`CREATE TABLE "${name}".t (tenant text, id int, note text, PRIMARY KEY (tenant, id))`);
    const tenants = `CASE WHEN i % 10 = 0 THEN 't' || i % 7 ELSE 'large' END`;
    await client.query(
      `INSERT INTO "${name}".t SELECT ${tenants}, i, repeat('n', 80) FROM generate_series(1, 8000) i`,
    );
    const chunks = await chunksOf({ schema: name, table: 't', key: ['tenant', 'id'] });
    expect(new Set(chunks.flat()).size).toBe(8000);
    expect(chunks.flat().length).toBe(8000);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan((2.5 * 8000) / chunks.length);
  });

  test('its partitions are one table', async () => {
    const name = await schema();
    await client.query(`CREATE TABLE "${name}".p (id int PRIMARY KEY, note text) PARTITION BY HASH (id)`);
    for (const i of [0, 1, 2])
      await client.query(
        `CREATE TABLE "${name}".p${i} PARTITION OF "${name}".p FOR VALUES WITH (MODULUS 3, REMAINDER ${i})`,
      );
    await client.query(`INSERT INTO "${name}".p SELECT i, repeat('n', 80) FROM generate_series(1, 6000) i`);
    const chunks = await chunksOf({ schema: name, table: 'p', key: ['id'] });
    const ids = chunks.flat().map((row) => Number(row.split('\t')[0]));
    expect(ids).toEqual(Array.from({ length: 6000 }, (_, i) => i + 1));
    expect(chunks.length).toBeGreaterThan(5);
  });

  test('rows that come and go after the plan are in the range of their key', async () => {
    const name = await schema();
    await client.query(`CREATE TABLE "${name}".t (id int PRIMARY KEY, note text)`);
    await client.query(`INSERT INTO "${name}".t SELECT i, repeat('n', 200) FROM generate_series(1, 3000) i`);
    const plan = await tables.plan(
      SqlSource.parse({ schema: name, table: 't', key: ['id'] }),
      64 * KiB,
      signal,
    );
    await client.query(`DELETE FROM "${name}".t WHERE id % 2 = 0`);
    await client.query(`INSERT INTO "${name}".t SELECT i, 'new' FROM generate_series(-500, 0) i`);
    await client.query(`INSERT INTO "${name}".t SELECT i, 'new' FROM generate_series(3001, 9000) i`);
    const chunks = await Promise.all([...rangesOf(plan.bounds)].map((range) => rowsOf(plan.source, range)));
    expect(chunks.flat().length).toBe(1500 + 501 + 6000);
  });

  test.each([
    ['an empty table', 0, [0]],
    ['one row', 1, [1]],
  ])('%s is one chunk', async (_, rows, sizes) => {
    const name = await schema();
    await client.query(`CREATE TABLE "${name}".t (id int PRIMARY KEY)`);
    await client.query(`INSERT INTO "${name}".t SELECT i FROM generate_series(1, ${rows}) i`);
    const chunks = await chunksOf({ schema: name, table: 't', key: ['id'] });
    expect(chunks.map((chunk) => chunk.length)).toEqual(sizes);
  });

  test('whatever stands in a key is a value, and nothing but that', async () => {
    const name = await schema();
    await client.query(`CREATE TABLE "${name}".t (k text COLLATE "C" PRIMARY KEY)`);
    const texts = fc.uniqueArray(
      fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
      {
        minLength: 3,
        maxLength: 12,
      },
    );
    await fc.assert(
      fc.asyncProperty(texts, async (values) => {
        await client.query(`TRUNCATE "${name}".t`);
        await client.query(`INSERT INTO "${name}".t SELECT unnest($1::text[])`, [values]);
        const { rows } = await client.query<{ k: string }>(`SELECT k FROM "${name}".t ORDER BY k`);
        const bounds = rows.slice(0, -1).map(({ k }) => [k]);
        const source = { schema: name, table: 't', key: ['k'], types: ['text'] };
        const chunks = await Promise.all([...rangesOf(bounds)].map((range) => rowsOf(source, range)));
        expect(chunks.map((chunk) => chunk.length)).toEqual(rows.map(() => 1));
      }),
      { numRuns: 30 },
    );
  });
});

describe('what can not be read says why, and what to do', () => {
  const said = async (make: string, table: string, key: string[]) => {
    const name = await schema();
    await client.query(make.replaceAll('$S', `"${name}"`));
    const failure: unknown = await tables
      .plan(SqlSource.parse({ schema: name, table, key }), 64 * KiB, signal)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InputFailed);
    return String(failure);
  };
  test.each([
    ['no table', 'SELECT', 't', ['id'], /there is no table .*"t"/],
    ['a view', 'CREATE VIEW $S.v AS SELECT 1 AS id', 'v', ['id'], /make a materialized view/],
    ['no column', 'CREATE TABLE $S.t (id int PRIMARY KEY)', 't', ['nr'], /has no column nr/],
    ['a key that may be null', 'CREATE TABLE $S.t (id int UNIQUE)', 't', ['id'], /id may be null/],
    ['no unique index', 'CREATE TABLE $S.t (a int NOT NULL)', 't', ['a'], /no unique index of a/],
    [
      'a unique index of more columns',
      'CREATE TABLE $S.t (a int, b int, PRIMARY KEY (a, b))',
      't',
      ['a'],
      /no unique index of a/,
    ],
    [
      'a unique index of some rows',
      'CREATE TABLE $S.t (a int NOT NULL); CREATE UNIQUE INDEX ON $S.t (a) WHERE a > 0',
      't',
      ['a'],
      /no unique index of a/,
    ],
  ])('%s', async (_, make, table, key, why) => {
    expect(await said(make, table, key)).toMatch(why);
  });
});

describe('what passes is worth trying again', () => {
  test('nobody answers', async () => {
    const nowhere = new PostgresTables({ ...place, host: '/nowhere' });
    const read = nowhere.plan({ schema: 'public', table: 't', key: ['id'] }, KiB, signal);
    await expect(read).rejects.toBeInstanceOf(Retryable);
  });

  test('somebody ends the connection while rows come', async () => {
    const name = await schema();
    await client.query(`CREATE TABLE "${name}".t (id int PRIMARY KEY, note text)`);
    await client.query(
      `INSERT INTO "${name}".t SELECT i, repeat('n', 1000) FROM generate_series(1, 20000) i`,
    );
    const source = { schema: name, table: 't', key: ['id'], types: ['integer'] };
    const rows = tables.read(source, whole, 'csv', signal);
    await rows.next();
    const { rowCount } = await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND query LIKE $2',
      ['getschwifty', `%${name}%`],
    );
    expect(rowCount).toBe(1);
    await expect(drained(rows)).rejects.toBeInstanceOf(Retryable);
  });

  test('who is told to stop stops, and who looks at no more rows holds nothing', async () => {
    const name = await schema();
    await client.query(`CREATE TABLE "${name}".t (id int PRIMARY KEY, note text)`);
    await client.query(
      `INSERT INTO "${name}".t SELECT i, repeat('n', 1000) FROM generate_series(1, 20000) i`,
    );
    const source = { schema: name, table: 't', key: ['id'], types: ['integer'] };
    const stop = new AbortController();
    const rows = tables.read(source, whole, 'csv', stop.signal);
    await rows.next();
    stop.abort(new Error('told to go'));
    await expect(drained(rows)).rejects.toThrow('told to go');
    for await (const some of tables.read(source, whole, 'csv', signal)) if (some.length > 0) break;
    await expect
      .poll(async () => {
        const { rows } = await client.query<{ n: number }>(
          'SELECT count(*)::int n FROM pg_stat_activity WHERE application_name = $1 AND query LIKE $2',
          ['getschwifty', `%${name}%`],
        );
        return rows[0]?.n;
      })
      .toBe(0);
  });
});
