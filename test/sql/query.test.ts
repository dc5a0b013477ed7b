/** A person's query as what a job reads, of PostgreSQL. */
import { describe, expect, inject, test } from 'vitest';
import { PostgresTables } from '#adapters/sql/postgres.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import { type AnySource, type KeyRange, QuerySource, rangesOf, type Typed } from '#core/jobs/sql/table.ts';
import { client, schema } from './database.ts';

const tables = new PostgresTables(inject('postgres'));
const { signal } = new AbortController();
const whole: KeyRange = { after: null, upTo: null };

async function rowsOf(source: Typed<AnySource>, range: KeyRange): Promise<string[]> {
  const parts: Uint8Array[] = [];
  for await (const part of tables.read(source, range, 'text', signal)) parts.push(part);
  return Buffer.concat(parts).toString().split('\n').slice(0, -1);
}

async function chunksOf(query: string, key: string[], chunkBytes = 16 * 1024) {
  const given = QuerySource.parse({ query, key });
  const { source, bounds, bytes } = await tables.plan(given, chunkBytes, signal);
  const chunks = await Promise.all([...rangesOf(bounds)].map((range) => rowsOf(source, range)));
  return { source, chunks, bounds, bytes };
}

const refused = async (query: string, key: string[]): Promise<string> => {
  const failure: unknown = await chunksOf(query, key).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(InputFailed);
  return String(failure);
};

async function orders(): Promise<string> {
  const name = await schema();
  await client.query(`CREATE TABLE "${name}".o (id int PRIMARY KEY, who text, total numeric(10, 2))`);
  await client.query(
    `INSERT INTO "${name}".o SELECT i, 'who ' || i % 40, i / 7.0 FROM generate_series(1, 6000) i`,
  );
  return `"${name}".o`;
}

describe('a query in chunks', () => {
  test('each row once, in the order of a key that it makes itself', async () => {
    const table = await orders();
    const query = `SELECT id * 10 AS "the key", upper(who) AS who FROM ${table} WHERE id % 2 = 0 -- even ones;`;
    const { source, chunks, bytes } = await chunksOf(query, ['the key']);
    expect(source.types).toEqual(['integer']);
    const keys = chunks.flat().map((row) => Number(row.split('\t')[0]));
    expect(keys).toEqual(Array.from({ length: 3000 }, (_, i) => (i + 1) * 20));
    expect(chunks.length).toBe(Math.ceil(bytes / (16 * 1024)));
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan((3 * 3000) / chunks.length);
  });

  test('rows that share a key are in one chunk, however many they are', async () => {
    const table = await orders();
    const query = `SELECT CASE WHEN id < 3000 THEN 'many' ELSE who END AS k, id FROM ${table};`;
    const { chunks, bounds } = await chunksOf(query, ['k'], 4096);
    expect(chunks.flat().length).toBe(6000);
    expect(new Set(chunks.flat()).size).toBe(6000);
    expect(new Set(bounds.map(([key]) => key)).size).toBe(bounds.length);
    const chunksOfKey = new Map<string, Set<number>>();
    for (const [i, rows] of chunks.entries())
      for (const row of rows) {
        const key = row.split('\t')[0] ?? '';
        chunksOfKey.set(key, (chunksOfKey.get(key) ?? new Set()).add(i));
      }
    expect([...chunksOfKey.values()].every((of) => of.size === 1)).toBe(true);
    expect(chunksOfKey.size).toBe(41);
  });

  test('groups, by a key of two columns with a type of its own', async () => {
    const table = await orders();
    const query = `SELECT who, round(total / 100)::numeric(10, 1) AS hundreds, count(*) FROM ${table} GROUP BY 1, 2`;
    const { source, chunks } = await chunksOf(query, ['who', 'hundreds'], 2048);
    expect(source.types).toEqual(['text', 'numeric(10,1)']);
    const { rows } = await client.query(query);
    expect(chunks.flat().length).toBe(rows.length);
    expect(new Set(chunks.flat()).size).toBe(rows.length);
    expect(chunks.length).toBeGreaterThan(3);
  });

  test('no rows are one chunk', async () => {
    const { chunks } = await chunksOf('SELECT 1 AS k WHERE false', ['k']);
    expect(chunks).toEqual([[]]);
  });
});

describe('what is no query is refused, and nothing of it is done', () => {
  test.each([
    ['two statements', 'SELECT id FROM $T; DROP TABLE $T', /multiple commands/],
    [
      'brackets that get out',
      'SELECT id FROM $T) AS q) TO STDOUT; DROP TABLE $T; COPY (SELECT 1 AS id FROM (SELECT 1',
      /syntax error/,
    ],
    ['brackets that get out of one statement', 'SELECT id FROM $T) AS q, (SELECT 1 AS one', /syntax error/],
    ['a comment that does not end', 'SELECT id FROM $T /* and so on', /unterminated/],
    ['a statement that writes', 'DELETE FROM $T RETURNING id', /syntax error|DELETE/],
    ['one that writes within', 'WITH d AS (DELETE FROM $T RETURNING id) SELECT id FROM d', /data-modifying/],
    ['a function that writes', `SELECT id, nextval('$S.s') FROM $T`, /read-only transaction/],
    ['no statement', 'COMMIT', /syntax error/],
    ['no such column', 'SELECT id AS other FROM $T', /column "id" does not exist/],
    ['a column that is there twice', 'SELECT id, id FROM $T', /ambiguous/],
    ['what has no order', 'SELECT point(id, id) AS id FROM $T', /ordering operator/],
    ['a parameter', 'SELECT id FROM $T WHERE id = $1', /parameter/],
  ])('%s', async (_, query, why) => {
    const table = await orders();
    const name = table.slice(0, -2);
    await client.query(`CREATE SEQUENCE ${name}.s`);
    const said = await refused(query.replaceAll('$T', table).replaceAll('$S', name), ['id']);
    expect(said).toMatch(why);
    const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int n FROM ${table}`);
    expect(rows[0]?.n).toBe(6000);
  });

  test('a reader sees that too, for it knows not who planned', async () => {
    const table = await orders();
    const query = `SELECT id FROM ${table}) AS q) TO STDOUT; COMMIT; DROP TABLE ${table}; COPY (SELECT 1 AS id FROM (SELECT 1 AS id`;
    const source = { query, key: ['id'], types: ['integer'] };
    await expect(rowsOf(source, { after: ['1'], upTo: null })).rejects.toThrow(/syntax error/);
    const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int n FROM ${table}`);
    expect(rows[0]?.n).toBe(6000);
  });

  test('a key that is null is in no range: who reads the first one says so, also of what came after the plan', async () => {
    const table = await orders();
    const source = {
      query: `SELECT nullif(id, 4711) AS k, who FROM ${table}`,
      key: ['k', 'who'],
      types: ['integer', 'text'],
    };
    await expect(rowsOf(source, whole)).rejects.toThrow(/k or who is null.*coalesce/);
    await expect(rowsOf(source, { after: null, upTo: ['5', 'x'] })).rejects.toBeInstanceOf(InputFailed);
    expect((await rowsOf(source, { after: ['1', ''], upTo: ['5', ''] })).length).toBe(4);
    await client.query(`DELETE FROM ${table} WHERE id = 4711`);
    expect((await rowsOf(source, whole)).length).toBe(5999);
  });
});
