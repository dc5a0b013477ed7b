/** One state of the data for a whole job, held by one and read by others; and whoever comes when it is gone. */
import { randomUUID } from 'node:crypto';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { PostgresTables } from '#adapters/sql/postgres.ts';
import { PostgresSnapshot } from '#adapters/sql/postgres-snapshot.ts';
import { SnapshotLost } from '#core/jobs/sql/held-snapshot.ts';
import type { Snapshot } from '#core/jobs/sql/snapshot.ts';
import { type AnySource, type KeyRange, rangesOf, type Typed } from '#core/jobs/sql/table.ts';
import { client, schema } from './database.ts';

const place = inject('postgres');
const tables = new PostgresTables(place);
const { signal } = new AbortController();
const limits = { maxSeconds: 3600, beatSeconds: 30 };
const whole: KeyRange = { after: null, upTo: null };

async function table() {
  const name = await schema();
  await client.query(`CREATE TABLE "${name}".t (id int PRIMARY KEY, note text)`);
  await client.query(`INSERT INTO "${name}".t SELECT i, repeat('n', 90) FROM generate_series(1, 3000) i`);
  const given = { schema: name, table: 't', key: ['id'] };
  return { name, given, source: { ...given, types: ['integer'] } };
}

async function idsOf(source: Typed<AnySource>, range: KeyRange, snapshot: Snapshot): Promise<number[]> {
  const parts: Uint8Array[] = [];
  for await (const part of tables.read(source, range, 'text', signal, snapshot)) parts.push(part);
  const rows = Buffer.concat(parts).toString().split('\n').slice(0, -1);
  return rows.map((row) => Number.parseInt(row, 10));
}

/** The holder's own connection, ended as an administrator ends it. */
const endHolders = (name: string) =>
  client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'getschwifty' AND usename = $1`,
    [name],
  );

/** A holder that can be told from those of other tests. */
async function ownHolder() {
  const role = `holder ${randomUUID()}`;
  await client.query(`CREATE ROLE "${role}" LOGIN`);
  onTestFinished(async () => {
    await client.query(`DROP ROLE "${role}"`);
  });
  return { role, held: await new PostgresTables({ ...place, user: role }).hold(limits, signal) };
}

describe('one snapshot of a whole job', () => {
  test('all of its chunks are of one instant, and so is its plan, whatever is written meanwhile', async () => {
    const { name, given } = await table();
    await using held = await tables.hold(limits, signal);
    await client.query(`DELETE FROM "${name}".t WHERE id % 3 = 0`);
    const { source, bounds } = await tables.plan(given, 16 * 1024, signal, held.snapshot);
    const ids: number[] = [];
    for (const range of rangesOf(bounds)) {
      await client.query(`UPDATE "${name}".t SET id = -id`);
      ids.push(...(await idsOf(source, range, held.snapshot)));
      await held.beat();
    }
    expect(bounds.length).toBeGreaterThan(10);
    expect(ids).toEqual(Array.from({ length: 3000 }, (_, i) => i + 1));
  });

  test('of a query too', async () => {
    const { name } = await table();
    await using held = await tables.hold(limits, signal);
    await client.query(`DELETE FROM "${name}".t`);
    const query = { query: `SELECT id, note FROM "${name}".t`, key: ['id'] };
    const { source } = await tables.plan(query, 16 * 1024, signal, held.snapshot);
    expect((await idsOf(source, whole, held.snapshot)).length).toBe(3000);
  });
});

describe('a snapshot that is gone', () => {
  test('its holder ended: nobody begins to read of it, and who had begun reads to the end', async () => {
    const { source } = await table();
    const held = await tables.hold(limits, signal);
    const begun = tables.read(source, whole, 'text', signal, held.snapshot);
    await begun.next();
    await held[Symbol.asyncDispose]();
    await expect
      .poll(async () => idsOf(source, whole, held.snapshot).catch((error: unknown) => error))
      .toBeInstanceOf(SnapshotLost);
    for await (const bytes of begun) expect(bytes.length).toBeGreaterThan(0);
    await expect(held.beat()).rejects.toBeInstanceOf(SnapshotLost);
    await expect(tables.plan(source, 1024, signal, held.snapshot)).rejects.toThrow(
      /snapshot is gone: .*run the job again/,
    );
  });

  test('its connection was ended: the holder hears it at its next beat, and from then on', async () => {
    const { role, held } = await ownHolder();
    await held.beat();
    expect((await endHolders(role)).rowCount).toBe(1);
    await expect(held.beat()).rejects.toThrow(/snapshot is gone: its holder/);
    await expect(held.beat()).rejects.toBeInstanceOf(SnapshotLost);
  });

  test('the time that the job gave it is over: it is let go', async () => {
    const { source } = await table();
    const began = Date.now();
    const held = await PostgresSnapshot.hold(place, limits, signal, began);
    await held.beat(began + 3_599_999);
    await expect(held.beat(began + 3_600_000)).rejects.toThrow(/its 3600 s are over/);
    await expect
      .poll(async () => idsOf(source, whole, held.snapshot).catch((error: unknown) => error))
      .toBeInstanceOf(SnapshotLost);
  });

  test('a holder of whom nothing is heard is ended by the database', async () => {
    const held = await tables.hold({ maxSeconds: 3600, beatSeconds: 0.05 }, signal);
    const { source } = await table();
    await expect
      .poll(async () => idsOf(source, whole, held.snapshot).catch((error: unknown) => error))
      .toBeInstanceOf(SnapshotLost);
    await expect(held.beat()).rejects.toBeInstanceOf(SnapshotLost);
  });

  test('another one of the same name, as after a restart, is not taken for it', async () => {
    const { source } = await table();
    await using held = await tables.hold(limits, signal);
    const sees = '0'.repeat(64);
    await expect(idsOf(source, whole, { ...held.snapshot, sees })).rejects.toThrow(/another one the same/);
  });

  test('one of another database is none', async () => {
    const { source } = await table();
    await using held = await new PostgresTables({ ...place, database: 'template1' }).hold(limits, signal);
    await expect(idsOf(source, whole, held.snapshot)).rejects.toThrow(/gone: cannot import a snapshot/);
  });

  test('who is told to stop is told so', async () => {
    const stop = new AbortController();
    const held = await tables.hold(limits, stop.signal);
    stop.abort(new Error('told to go'));
    await expect(held.beat()).rejects.toThrow('told to go');
  });
});
