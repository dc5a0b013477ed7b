/** A whole job of one snapshot of a real PostgreSQL: what is written meanwhile no chunk sees, and what ends its holder ends the job. */
import { randomUUID } from 'node:crypto';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import type { PostgresPlace } from '#adapters/sql/connection.ts';
import { MysqlTables } from '#adapters/sql/mysql.ts';
import { PostgresTables } from '#adapters/sql/postgres.ts';
import { PostgresSnapshot } from '#adapters/sql/postgres-snapshot.ts';
import type { ChunkEvent } from '#core/jobs/chunk.ts';
import { nextChunk } from '#core/jobs/chunk.ts';
import { RowPlan } from '#core/jobs/job-files.ts';
import { snapshotLoss } from '#core/jobs/sql/held-snapshot.ts';
import type { SqlDatabase } from '#core/jobs/sql/ports.ts';
import { type KeyChunk, KeyTuple, rangesOf } from '#core/jobs/sql/table.ts';
import { planning } from '#core/jobs/steps.ts';
import { rules } from '../core/jobs/samples.ts';
import { WorkerWorld } from '../worker/world.ts';
import { client, schema } from './database.ts';

const rows = 3000;
const place = inject('postgres');

/** A job over a table, as a role of its own. */
async function job(
  change: (tables: PostgresTables, own: PostgresPlace) => Partial<SqlDatabase> = () => ({}),
) {
  const name = await schema();
  const role = `jobs ${randomUUID()}`;
  await client.query(`CREATE TABLE "${name}".t (id int PRIMARY KEY, note text);
    INSERT INTO "${name}".t SELECT i, repeat('n', 90) FROM generate_series(1, ${rows}) i;
    CREATE ROLE "${role}" LOGIN; GRANT USAGE ON SCHEMA "${name}" TO "${role}"; GRANT SELECT ON "${name}".t TO "${role}"`);
  onTestFinished(async () => {
    await client.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`);
  });
  const world = new WorkerWorld({
    input: {
      secret: 'orders',
      source: { schema: name, table: 't', key: ['id'] },
      snapshot: { kind: 'job', maxSeconds: 600 },
    },
    leaseSeconds: 3,
  });
  const own = { ...place, user: role };
  const tables = new PostgresTables(own);
  world.tables = async () => ({
    plan: (...given) => tables.plan(...given),
    read: (...given) => tables.read(...given),
    splice: (...given) => tables.splice(...given),
    hold: (...given) => tables.hold(...given),
    ...change(tables, own),
  });
  await world.queue.send([{ job: 'j1', chunk: { id: planning, key: 't', chunkBytes: 16 * 1024 } }]);
  const holder = world.work();
  const planned = () => world.chunks.read('j1', planning);
  await expect.poll(planned, { timeout: 10_000 }).toMatchObject({ state: 'leased', handOver: true });
  return { name, role, world, holder, planned };
}

/** As the stage sends them, of the plan that was written down. */
async function chunksOf(world: WorkerWorld): Promise<KeyChunk[]> {
  const key = (await world.chunks.read('j1', planning))?.parts[0]?.output?.key ?? '';
  const lines = world.objects.results.get(key)?.toString().trimEnd().split('\n') ?? [];
  const [first, ...bounds] = lines.map((line): unknown => JSON.parse(line));
  const { types, snapshot } = RowPlan.parse(first);
  return [...rangesOf(bounds.map((bound) => KeyTuple.parse(bound)))].map((range, i) => ({
    id: String(i),
    key: 't',
    types,
    range,
    ...(snapshot && { snapshot }),
  }));
}
const send = async (world: WorkerWorld, chunks: readonly KeyChunk[]) =>
  world.queue.send(chunks.map((chunk) => ({ job: 'j1', chunk })));

/** As the stage says it. */
async function letGo(world: WorkerWorld): Promise<void> {
  const event: ChunkEvent = { kind: 'handed-over', attempt: 1 };
  const known = await world.chunks.read('j1', planning);
  const decision = known && nextChunk(known, event, rules, new Date().toISOString());
  if (decision?.outcome !== 'changed') throw new Error('it is not held');
  await world.chunks.write(decision.state, known);
}

async function sessionsOf(role: string): Promise<number> {
  const { rows } = await client.query<{ n: number }>(
    'SELECT count(*)::int n FROM pg_stat_activity WHERE usename = $1',
    [role],
  );
  return rows[0]?.n ?? 0;
}
const now = () => new Date().toISOString();

test('all chunks are of the instant at which the plan was begun, whatever is written while workers are at them', async () => {
  let writes = 0;
  const { name, role, world, holder } = await job((tables) => ({
    read: async function* (...given) {
      writes += 1;
      const n = writes;
      await client.query(`DELETE FROM "${name}".t WHERE id % 20 = ${n % 20};
        UPDATE "${name}".t SET note = 'late', id = -id WHERE id % 7 = 0;
        INSERT INTO "${name}".t SELECT i, 'late' FROM generate_series(${rows + n * 10}, ${rows + n * 10 + 9}) i`);
      yield* tables.read(...given);
    },
  }));
  const chunks = await chunksOf(world);
  expect(chunks.length).toBeGreaterThan(10);
  await send(world, chunks);
  await Promise.all([world.work(), world.work()]);
  const states = await world.states();
  expect(states.map(({ state }) => state)).toEqual(chunks.map(() => 'committed'));
  const texts = states.map(({ parts }) => String(world.objects.results.get(parts[0]?.output?.key ?? '')));
  const expected = Array.from({ length: rows }, (_, i) => `${i + 1}\t${'n'.repeat(90)}\n`);
  expect(texts.join('')).toBe(expected.join(''));
  expect(writes).toBe(chunks.length);
  // Those that read end a moment after their last word.
  await expect.poll(() => sessionsOf(role), { timeout: 10_000 }).toBe(1);
  await letGo(world);
  await holder;
  await expect.poll(() => sessionsOf(role), { timeout: 10_000 }).toBe(0);
});

describe('the end of its holder', () => {
  test('by the database is said of the plan at its next beat, and no chunk reads another state', async () => {
    const { name, role, world, holder, planned } = await job();
    const chunks = await chunksOf(world);
    await send(world, chunks.slice(0, 3));
    await world.work();
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [role]);
    await client.query(`DELETE FROM "${name}".t`);
    await holder;
    expect(await planned()).toMatchObject({ state: 'failed', lastFailure: { kind: 'snapshot' } });
    await send(world, chunks.slice(3));
    await world.work();
    const states = (await world.states()).map(({ state }) => state);
    expect(states.filter((state) => state === 'committed')).toHaveLength(3);
    expect(states.filter((state) => state === 'waiting')).toHaveLength(chunks.length - 3);
    expect(snapshotLoss(await planned(), now())).toMatch(
      /snapshot is gone: .*run the job again, with more time/,
    );
  });

  test('is told by the first worker that would read of it, where that hears of it first', async () => {
    const { role, world, holder, planned } = await job((tables) => ({
      // Beats that nobody answers.
      hold: async (limits, signal) => {
        const held = await tables.hold(limits, signal);
        return {
          snapshot: held.snapshot,
          beat: () => Promise.resolve(),
          [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
        };
      },
    }));
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [role]);
    await send(world, (await chunksOf(world)).slice(0, 1));
    await world.work();
    expect(await world.states()).toMatchObject([{ state: 'waiting', failures: 0 }]);
    expect(await planned()).toMatchObject({ state: 'failed', lastFailure: { kind: 'snapshot' } });
    await holder;
  });

  test('comes when its time is over, in words that say so', async () => {
    let ahead = 0;
    const { role, holder, planned } = await job((_, own) => ({
      hold: async (limits, signal) => {
        const held = await PostgresSnapshot.hold(own, limits, signal);
        return {
          snapshot: held.snapshot,
          beat: () => held.beat(Date.now() + ahead),
          [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
        };
      },
    }));
    ahead = 600_000;
    await holder;
    expect(snapshotLoss(await planned(), now())).toMatch(
      /its 600 s are over; run the job again, with more time/,
    );
    await expect.poll(() => sessionsOf(role), { timeout: 10_000 }).toBe(0);
  });

  test('is its being told to go: the database has no session of it any more', async () => {
    const { role, world, holder, planned } = await job();
    await expect.poll(() => sessionsOf(role), { timeout: 10_000 }).toBe(1);
    world.stop.abort('SIGTERM');
    await holder;
    await expect.poll(() => sessionsOf(role), { timeout: 10_000 }).toBe(0);
    expect(snapshotLoss(await planned(), now())).toMatch(/its holder was ended/);
  });
});

test('MySQL and MariaDB give none, which fails the plan with what to do', async () => {
  const world = new WorkerWorld({
    input: {
      secret: 'orders',
      source: { schema: 's', table: 't', key: ['id'] },
      snapshot: { kind: 'job', maxSeconds: 600 },
    },
  });
  world.tables = async () => new MysqlTables({ host: 'nowhere.example', user: 'nobody' });
  await world.queue.send([{ job: 'j1', chunk: { id: planning, key: 't', chunkBytes: 1024 } }]);
  await world.work();
  expect(await world.chunks.read('j1', planning)).toMatchObject({
    state: 'failed',
    lastFailure: { kind: 'input', message: expect.stringMatching(/give no snapshot.*leave `snapshot` out/) },
  });
});
