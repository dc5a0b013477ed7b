/** Connections to MariaDB: whom they trust, what they keep in memory, and workers between its tables. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { MysqlTables } from '#adapters/sql/mysql.ts';
import { MysqlConnection, type MysqlPlace } from '#adapters/sql/mysql-connection.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import { rangesOf } from '#core/jobs/sql/table.ts';
import { WorkerWorld } from '../worker/world.ts';
import { mariadbSchema, sql } from './mariadb-database.ts';

const { signal } = new AbortController();

describe('by TLS', () => {
  const place = inject('mariadbTls');
  beforeAll(async () => {
    await sql("CREATE USER IF NOT EXISTS tls@'%' REQUIRE SSL");
  });

  const cipherOf = async (given: MysqlPlace) => {
    await using connection = await MysqlConnection.open(given, signal);
    const { rows } = await connection.query("SHOW STATUS LIKE 'Ssl_cipher'");
    return String(rows[0]?.[1]);
  };

  test('a server whose certificate is of the given CA, and of its name', async () => {
    expect(await cipherOf(place)).toMatch(/^TLS_|AES/);
  });

  test.each([
    ['a CA that nobody knows', { ...place, ssl: true }, /self-signed/],
    [
      'an address, of which the certificate has none',
      { ...place, host: '127.0.0.1' },
      /give the server's name/,
    ],
    ['no TLS where the server wants it', { ...place, ssl: false }, /Access denied/],
  ])('%s is refused, and not tried again', async (_, given, why) => {
    const failure: unknown = await cipherOf(given).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InputFailed);
    expect(String(failure)).toMatch(why);
  });
});

test('rows that nobody takes wait at the server', async () => {
  const name = await mariadbSchema();
  await sql(`CREATE TABLE \`${name}\`.t (id int PRIMARY KEY, note text)`);
  await sql(`INSERT INTO \`${name}\`.t SELECT seq, REPEAT('n', 10000) FROM \`${name}\`.seq_1_to_3000`);
  await using connection = await MysqlConnection.open(inject('mariadb'), signal);
  const text = connection.text(`SELECT * FROM \`${name}\`.t`, 'csv');
  let bytes = 0;
  for await (const some of text) {
    bytes += some.length;
    if (bytes > 5_000_000 && bytes < 6_000_000) await sleep(5);
    expect(text.readableLength).toBeLessThan(512 * 1024);
  }
  expect(bytes).toBeGreaterThan(30_000_000);
});

test('rows of a table through a command into another, each once, whoever works and however often it is told', async () => {
  const name = await mariadbSchema();
  await sql(`CREATE TABLE \`${name}\`.orders (id int PRIMARY KEY, who varchar(20), note text)`);
  await sql(`CREATE TABLE \`${name}\`.loud (id int, who varchar(20), note text)`);
  await sql(
    `INSERT INTO \`${name}\`.orders
     SELECT seq, CONCAT('who ', seq % 7), IF(seq % 3 = 0, NULL, CONCAT('two\nlines, "quoted" ', seq)) FROM \`${name}\`.seq_1_to_3000`,
  );
  await sql(`ANALYZE TABLE \`${name}\`.orders`);
  const tables = new MysqlTables(inject('mariadb'));
  const { source, bounds } = await tables.plan(
    { schema: name, table: 'orders', key: ['id'] },
    16 * 1024,
    signal,
  );
  const world = new WorkerWorld({
    input: { secret: 'orders', source },
    target: { secret: 'loud', table: { schema: name, table: 'loud' }, format: 'csv' },
    records: { kind: 'csv' },
    command: ['tr', 'a-z', 'A-Z'],
  });
  world.tables = async () => tables;
  const chunks = [...rangesOf(bounds)].map((range, i) => ({
    id: String(i),
    key: 'orders',
    types: source.types,
    range,
  }));
  const send = () => world.queue.send(chunks.map((chunk) => ({ job: 'j1', chunk })));
  await send();
  await send();
  await Promise.all([world.work(), world.work()]);
  world.ahead = 300_000;
  await world.work();
  expect(chunks.length).toBeGreaterThan(5);
  expect((await world.states()).map(({ state }) => state)).toEqual(chunks.map(() => 'committed'));
  const expected = `SELECT id, UPPER(who), UPPER(note) FROM \`${name}\`.orders`;
  expect(await sql(`SELECT COUNT(*) FROM \`${name}\`.loud`)).toEqual([['3000']]);
  expect(
    await sql(
      `SELECT id, BINARY who, BINARY note FROM \`${name}\`.loud EXCEPT (${expected.replaceAll('UPPER', 'BINARY UPPER')})`,
    ),
  ).toEqual([]);
});
