/** Results on their way into a table of PostgreSQL: each chunk's rows are there once, or not at all. */
import { randomUUID } from 'node:crypto';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { PostgresTables } from '#adapters/sql/postgres.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import type { SqlTable } from '#core/jobs/sql/table.ts';
import { client, schema } from './database.ts';

const place = inject('postgres');
const tables = new PostgresTables(place);
const { signal } = new AbortController();

describe('results back into a table', () => {
  async function* rowsFrom(text: string): AsyncGenerator<Uint8Array> {
    // Cut anywhere: a row may come in two pieces.
    for (let i = 0; i < text.length; i += 7) yield Buffer.from(text.slice(i, i + 7));
  }
  const spliceInto = (target: SqlTable, text: string, chunk = '1', stop = signal) =>
    tables.splice({ job: 'job-1', chunk, target, format: 'csv' }, rowsFrom(text), stop);
  const target = async (columns = 'id int PRIMARY KEY, note text') => {
    const name = await schema();
    await client.query(`CREATE TABLE "${name}".t (${columns})`);
    return { schema: name, table: 't' };
  };
  const count = async ({ schema: name }: SqlTable) => {
    const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int n FROM "${name}".t`);
    return rows[0]?.n;
  };

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

  test('one without rows is there too', async () => {
    const table = await target();
    expect(await spliceInto(table, '')).toEqual({ rows: 0, wasThere: false });
    expect(await spliceInto(table, '1,a\n')).toEqual({ rows: 0, wasThere: true });
  });

  test('rows that do not fit say where, leave nothing, and may come again mended', async () => {
    const table = await target();
    const failure: unknown = await spliceInto(table, '1,a\nzwei,b\n').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InputFailed);
    expect(String(failure)).toMatch(/invalid input syntax for type integer: "zwei".*line 2, column id/);
    await spliceInto(table, '1,a\n', '9');
    await expect(spliceInto(table, '1,a\n', '3')).rejects.toThrow(/duplicate key/);
    expect(await count(table)).toBe(1);
    expect(await spliceInto(table, '2,b\n')).toEqual({ rows: 1, wasThere: false });
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

  test('who may not make the ledger can use it once it is there', async () => {
    const table = await target();
    const role = `role ${randomUUID()}`;
    await client.query(`CREATE ROLE "${role}" LOGIN`);
    onTestFinished(async () => {
      await client.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`);
    });
    await client.query(`GRANT USAGE ON SCHEMA "${table.schema}" TO "${role}"`);
    await client.query(`GRANT INSERT, SELECT ON "${table.schema}".t TO "${role}"`);
    const theirs = new PostgresTables({ ...place, user: role });
    const work = { job: 'job-1', chunk: '1', target: table, format: 'csv' } as const;
    await expect(theirs.splice(work, rowsFrom('1,a\n'), signal)).rejects.toThrow(
      /permission denied for schema/,
    );
    await spliceInto(table, '9,z\n', '0');
    await client.query(`GRANT INSERT, SELECT, UPDATE ON "${table.schema}".getschwifty_splices TO "${role}"`);
    expect(await theirs.splice(work, rowsFrom('1,a\n'), signal)).toEqual({ rows: 1, wasThere: false });
  });
});
