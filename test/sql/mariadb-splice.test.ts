/** Results on their way into a table of MariaDB, and rows as they leave one: as PostgreSQL's COPY writes them. */
import { randomUUID } from 'node:crypto';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { MysqlTables } from '#adapters/sql/mysql.ts';
import { PostgresTables } from '#adapters/sql/postgres.ts';
import { Retryable } from '#core/errors.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import type { SqlTables } from '#core/jobs/sql/ports.ts';
import type { SqlSource, SqlTable, Typed } from '#core/jobs/sql/table.ts';
import { client, schema } from './database.ts';
import { mariadbSchema, sql } from './mariadb-database.ts';

const place = inject('mariadb');
const tables = new MysqlTables(place);
const { signal } = new AbortController();

/** Cut anywhere: a row may come in two pieces, and so may a letter. */
async function* rowsFrom(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let i = 0; i < bytes.length; i += 7) yield bytes.subarray(i, i + 7);
}

const target = async (columns = 'id int PRIMARY KEY, note text') => {
  const name = await mariadbSchema();
  await sql(`CREATE TABLE \`${name}\`.t (${columns})`);
  return { schema: name, table: 't' };
};
const count = async ({ schema: name }: SqlTable) =>
  Number((await sql(`SELECT COUNT(*) FROM \`${name}\`.t`))[0]?.[0]);
const spliceInto = (table: SqlTable, text: string, chunk = '1') =>
  tables.splice({ job: 'job-1', chunk, target: table, format: 'csv' }, rowsFrom(text), signal);

async function somebody(may: string) {
  const user = `u${randomUUID().slice(0, 8)}`;
  await sql(`CREATE USER ${user}`);
  onTestFinished(async () => {
    await sql(`DROP USER ${user}`);
  });
  await sql(`GRANT ${may} TO ${user}`);
  return { user, theirs: new MysqlTables({ ...place, user }) };
}

describe('results back into a table', () => {
  test('what comes again is there once, also with other rows, and at the same time', async () => {
    const table = await target();
    expect(await spliceInto(table, '1,a\n2,"b\nb"\n')).toEqual({ rows: 2, wasThere: false });
    expect(await spliceInto(table, '1,a\n2,"b\nb"\n')).toEqual({ rows: 2, wasThere: true });
    expect(await spliceInto(table, '7,x\n')).toEqual({ rows: 2, wasThere: true });
    const same = await Promise.all(Array.from({ length: 8 }, () => spliceInto(table, '3,c\n', '2')));
    expect(same.filter(({ wasThere }) => !wasThere)).toEqual([{ rows: 1, wasThere: false }]);
    const others = [10, 11, 12, 13].map((i) => spliceInto(table, `${i},d\n`, String(i)));
    expect((await Promise.all(others)).every(({ wasThere }) => !wasThere)).toBe(true);
    expect(await count(table)).toBe(7);
  });

  test('a number that is nothing stays so, where the server would give the next one', async () => {
    const table = await target('id int PRIMARY KEY AUTO_INCREMENT, note text');
    await spliceInto(table, '0,a\n5,b\n');
    expect(await sql(`SELECT id FROM \`${table.schema}\`.t ORDER BY id`)).toEqual([['0'], ['5']]);
  });

  test('one without rows is there too', async () => {
    const table = await target();
    expect(await spliceInto(table, '')).toEqual({ rows: 0, wasThere: false });
    expect(await spliceInto(table, '1,a\n')).toEqual({ rows: 0, wasThere: true });
  });

  test.each([
    [
      'a value that does not fit',
      '1,a\nzwei,b\n',
      /of rows 1 to 2: Incorrect integer value: 'zwei' for column .*id.* at row 2/,
    ],
    ['one that is too long', `1,${'x'.repeat(70_000)}\n`, /Data too long/],
    ['one column too many', '1,a\n2,b,c\n', /row 2 has 3 columns, and the table 2/],
    ['an end within quotes', '1,"a\n', /row 1 ends within quotes/],
    ['a key that is there', '1,a\n1,b\n', /Duplicate entry/],
  ])('%s says where, leaves nothing, and may come again mended', async (_, text, why) => {
    const table = await target();
    const failure: unknown = await spliceInto(table, text).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InputFailed);
    expect(String(failure)).toMatch(why);
    expect(await count(table)).toBe(0);
    expect(await spliceInto(table, '2,b\n')).toEqual({ rows: 1, wasThere: false });
  });

  test('what is not UTF-8, and a table that keeps half of it, are refused', async () => {
    const work = { job: 'j', chunk: '1', target: await target(), format: 'csv' } as const;
    async function* latin1(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('1,\xe4\n', 'latin1');
    }
    await expect(tables.splice(work, latin1(), signal)).rejects.toThrow(/row 1 .*not UTF-8/);
    await sql(`ALTER TABLE \`${work.target.schema}\`.t ENGINE = MyISAM`);
    await expect(tables.splice(work, rowsFrom('1,a\n'), signal)).rejects.toThrow(
      /is MyISAM: results go into InnoDB/,
    );
    const nothing = { ...work, target: { ...work.target, table: 'nothing' } };
    await expect(tables.splice(nothing, rowsFrom(''), signal)).rejects.toThrow(/there is no table/);
  });

  test('one that is stopped half-way, or whose rows break off, left nothing', async () => {
    const table = await target();
    const stop = new AbortController();
    async function* stopped(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('1,a\n');
      stop.abort(new Error('told to go'));
      yield Buffer.from('2,b\n');
    }
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('1,a\n');
      throw new Error('the object is gone');
    }
    const work = { job: 'job-1', chunk: '1', target: table, format: 'csv' } as const;
    await expect(tables.splice(work, stopped(), stop.signal)).rejects.toThrow('told to go');
    await expect(tables.splice(work, broken(), signal)).rejects.toThrow('the object is gone');
    expect(await count(table)).toBe(0);
    expect(await spliceInto(table, '1,a\n')).toEqual({ rows: 1, wasThere: false });
  });

  test('its connection is ended between the rows and their end: it comes again, once', async () => {
    const table = await target();
    const { user, theirs } = await somebody(`ALL ON \`${table.schema}\`.*`);
    async function* ended(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`1,${'x'.repeat(60_000)}\n`);
      await sql(`KILL USER ${user}`);
      yield Buffer.from('2,b\n');
    }
    const work = { job: 'job-1', chunk: '1', target: table, format: 'csv' } as const;
    await expect(theirs.splice(work, ended(), signal)).rejects.toBeInstanceOf(Retryable);
    expect(await count(table)).toBe(0);
    expect(await spliceInto(table, '1,a\n2,b\n')).toEqual({ rows: 2, wasThere: false });
  });

  test('who may not make the ledger can use it once it is there', async () => {
    const table = await target();
    const { user, theirs } = await somebody(`INSERT, SELECT ON \`${table.schema}\`.t`);
    const work = { job: 'job-1', chunk: '1', target: table, format: 'csv' } as const;
    await expect(theirs.splice(work, rowsFrom('1,a\n'), signal)).rejects.toThrow(/CREATE command denied/);
    await spliceInto(table, '9,z\n', '0');
    await sql(`GRANT INSERT, SELECT, UPDATE ON \`${table.schema}\`.getschwifty_splices TO ${user}`);
    expect(await theirs.splice(work, rowsFrom('1,a\n'), signal)).toEqual({ rows: 1, wasThere: false });
  });

  test('many rows are in few statements, and counted', async () => {
    const table = await target();
    const text = Array.from({ length: 20_000 }, (_, i) => `${i},"${'note, '.repeat(10)}"\n`).join('');
    expect(await spliceInto(table, text)).toEqual({ rows: 20_000, wasThere: false });
    expect(await count(table)).toBe(20_000);
  });
});

describe('rows are the same bytes from both engines', () => {
  const columns = 'id int PRIMARY KEY, n numeric(12, 3), r double precision, t text, d date, b $B';
  const values = (hex: (digits: string) => string) =>
    [
      `(1, 1.5, 0.1, 'plain', '2026-03-29', ${hex('00ff5c78')})`,
      `(2, NULL, NULL, NULL, NULL, NULL)`,
      `(3, -0.001, -1.25, '', '1999-12-31', ${hex('')})`,
      `(4, 0, 3, 'a, "b" ''c'' äß€', '2026-01-01', ${hex('0a')})`,
    ].join(', ');
  const awkward = [...'\\\t\n\r\b\f\v,"', '\\N', '\\.x', '\\x00', ' '];

  async function both() {
    const mine = await target(columns.replace('$B', 'blob'));
    await sql(`INSERT INTO \`${mine.schema}\`.t VALUES ${values((digits) => `X'${digits}'`)}`);
    const name = await schema();
    await client.query(`CREATE TABLE "${name}".t (${columns.replace('$B', 'bytea')})`);
    await client.query(`INSERT INTO "${name}".t VALUES ${values((digits) => `'\\x${digits}'`)}`);
    for (const [i, text] of awkward.entries()) {
      await sql(
        `INSERT INTO \`${mine.schema}\`.t (id, t) VALUES (${10 + i}, X'${Buffer.from(text).toString('hex')}')`,
      );
      await client.query(`INSERT INTO "${name}".t (id, t) VALUES ($1, $2)`, [10 + i, text]);
    }
    return { mine, theirs: { schema: name, table: 't' } };
  }

  async function textOf(from: SqlTables, source: Typed<SqlSource>, format: 'csv' | 'text'): Promise<string> {
    const parts: Uint8Array[] = [];
    for await (const part of from.read(source, { after: null, upTo: null }, format, signal)) parts.push(part);
    return Buffer.concat(parts).toString();
  }

  test.each(['csv', 'text'] as const)('as %s, and each takes what the other gave', async (format) => {
    const { mine, theirs } = await both();
    const postgres = new PostgresTables(inject('postgres'));
    const [a, b] = [
      { ...mine, key: ['id'], types: ['SIGNED'] },
      { ...theirs, key: ['id'], types: ['integer'] },
    ];
    const text = await textOf(tables, a, format);
    expect(text).toBe(await textOf(postgres, b, format));
    await sql(`CREATE TABLE \`${mine.schema}\`.copy LIKE \`${mine.schema}\`.t`);
    await client.query(`CREATE TABLE "${theirs.schema}".copy (LIKE "${theirs.schema}".t INCLUDING ALL)`);
    const work = { job: 'j', chunk: '1', format };
    await tables.splice({ ...work, target: { ...mine, table: 'copy' } }, rowsFrom(text), signal);
    await postgres.splice({ ...work, target: { ...theirs, table: 'copy' } }, rowsFrom(text), signal);
    expect(await textOf(tables, { ...a, table: 'copy' }, format)).toBe(text);
    expect(await textOf(postgres, { ...b, table: 'copy' }, format)).toBe(text);
  });

  test('bits, and what only this engine has', async () => {
    const table = await target("id int PRIMARY KEY, b bit(10), y year, e enum('x', 'y'), j json, u uuid");
    await sql(
      `INSERT INTO \`${table.schema}\`.t VALUES (1, b'1011', 2026, 'y', '{"a":1}', '5b5e1a2c-0000-4000-8000-00000000000a')`,
    );
    const source = { ...table, key: ['id'], types: ['SIGNED'] };
    const text = await textOf(tables, source, 'text');
    expect(text).toBe('1\t1011\t2026\ty\t{"a":1}\t5b5e1a2c-0000-4000-8000-00000000000a\n');
    await sql(`CREATE TABLE \`${table.schema}\`.copy LIKE \`${table.schema}\`.t`);
    const work = { job: 'j', chunk: '1', target: { ...table, table: 'copy' }, format: 'text' } as const;
    await tables.splice(work, rowsFrom(text), signal);
    expect(await textOf(tables, { ...source, table: 'copy' }, 'text')).toBe(text);
  });
});
