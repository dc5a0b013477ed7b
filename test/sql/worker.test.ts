/** Workers between tables: rows of one, through a command, into another; and whatever comes twice or breaks off on the way. */
import { describe, expect, inject, test } from 'vitest';
import { PostgresTables } from '#adapters/sql/postgres.ts';
import { Retryable } from '#core/errors.ts';
import { isOfRows } from '#core/jobs/chunk.ts';
import type { SqlDatabase } from '#core/jobs/sql/ports.ts';
import { rangesOf } from '#core/jobs/sql/table.ts';
import { WorkerWorld } from '../worker/world.ts';
import { client, schema } from './database.ts';

const tables = new PostgresTables(inject('postgres'));
const { signal } = new AbortController();
const rows = 3000;

/** A table of orders, and one for what becomes of them. */
async function job(command: readonly string[], records: 'csv' | 'lines' = 'csv') {
  const name = await schema();
  await client.query(`CREATE TABLE "${name}".orders (id int PRIMARY KEY, who text, note text)`);
  await client.query(`CREATE TABLE "${name}".loud (id int, who text, note text)`);
  await client.query(
    `INSERT INTO "${name}".orders
     SELECT i, 'who ' || i % 7, CASE WHEN i % 3 = 0 THEN NULL ELSE E'two\nlines, "quoted" ' || i END FROM generate_series(1, ${rows}) i`,
  );
  const plan = await tables.plan({ schema: name, table: 'orders', key: ['id'] }, 16 * 1024, signal);
  const world = new WorkerWorld({
    input: { secret: 'orders', source: plan.source },
    target: {
      secret: 'loud',
      table: { schema: name, table: 'loud' },
      format: records === 'csv' ? 'csv' : 'text',
    },
    records: { kind: records },
    command: [...command],
  });
  world.tables = async () => tables;
  const chunks = [...rangesOf(plan.bounds)].map((range, i) => ({
    id: String(i),
    key: 'orders',
    types: plan.source.types,
    range,
  }));
  const send = () => world.queue.send(chunks.map((chunk) => ({ job: 'j1', chunk })));
  await send();
  const missing = async (expected: string) => {
    const { rows } = await client.query<{ n: number }>(
      `SELECT count(*)::int n FROM ((TABLE "${name}".loud EXCEPT ALL ${expected}) UNION ALL (${expected} EXCEPT ALL TABLE "${name}".loud)) d`,
    );
    return rows[0]?.n;
  };
  const loud = `SELECT id, upper(who), upper(note) FROM "${name}".orders`;
  return { name, world, chunks, send, missing, loud };
}

const upper = ['tr', 'a-z', 'A-Z'];

describe('a plan', () => {
  const planOf = async (world: WorkerWorld, chunkBytes = 16 * 1024) => {
    await world.queue.send([{ job: 'j1', chunk: { id: 'plan', key: 'orders', chunkBytes } }]);
    return world.work();
  };

  test('is made by who takes it first, once, and written down as it is', async () => {
    const { name, world, chunks } = await job(upper);
    // Its own messages are of no interest here.
    for (let left = await world.queue.receive(0, signal); left; left = await world.queue.receive(0, signal))
      await world.queue.remove(left.receipt);
    await planOf(world);
    await planOf(world);
    const plan = await world.chunks.read('j1', 'plan');
    expect(plan).toMatchObject({ state: 'committed', attempts: 1, parts: [{ records: chunks.length }] });
    const written = world.objects.results.get(plan?.parts[0]?.output?.key ?? '')?.toString() ?? '';
    const lines = written
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines[0]).toMatchObject({
      ...{ schema: name, table: 'orders', key: ['id'], types: ['integer'], chunks: chunks.length },
    });
    expect(lines.slice(1)).toEqual(chunks.slice(0, -1).map(({ range }) => range.upTo));
    expect(world.queue.size).toBe(0);
    expect(await world.states()).toEqual([]);
  });

  test('of what can not be cut fails with what to do, and leaves nothing written', async () => {
    const { name, world } = await job(upper);
    await client.query(`ALTER TABLE "${name}".orders DROP CONSTRAINT orders_pkey`);
    await planOf(world);
    expect(await world.chunks.read('j1', 'plan')).toMatchObject({
      state: 'failed',
      lastFailure: { kind: 'input', message: expect.stringMatching(/no unique index of id/) },
    });
    expect([...world.objects.results.keys()].filter((key) => key.includes('/plan/'))).toEqual([]);
  });

  test('that its worker could not make for a moment is made by the next', async () => {
    const { world } = await job(upper);
    let calls = 0;
    world.tables = async () => {
      calls += 1;
      if (calls === 1) throw new Retryable('the database is starting');
      return tables;
    };
    await expect(planOf(world)).rejects.toThrow('starting');
    await world.work();
    expect(await world.chunks.read('j1', 'plan')).toMatchObject({ state: 'committed', failures: 0 });
  });
});

describe('rows of a table through a command into another', () => {
  test.each(['csv', 'lines'] as const)(
    'each once, as %s, whoever works and however often it is told',
    async (records) => {
      // `\n` of the text format would become `\N`, which is NULL.
      const command =
        records === 'csv' ? upper : ['sed', 's/who/WHO/; s/two/TWO/; s/lines/LINES/; s/quoted/QUOTED/'];
      const { world, chunks, send, missing, loud } = await job(command, records);
      await send();
      await Promise.all([world.work(), world.work(), world.work()]);
      await send();
      // Those that were busy when they came again are hidden as long as a lease.
      world.ahead = 300_000;
      await world.work();
      expect(await missing(loud)).toBe(0);
      const states = await world.states();
      expect(states.map(({ state }) => state)).toEqual(chunks.map(() => 'committed'));
      expect(states.reduce((sum, { parts }) => sum + (parts[0]?.records ?? 0), 0)).toBe(rows);
      expect(chunks.length).toBeGreaterThan(5);
      expect(world.queue.size).toBe(0);
    },
  );

  test('a worker that dies at any moment of handing over: another one goes on, and each row is there once', async () => {
    const { world, chunks, missing, loud } = await job(upper);
    let turn = 0;
    const before: SqlDatabase = {
      plan: (...given) => tables.plan(...given),
      hold: (...given) => tables.hold(...given),
      read: (...given) => tables.read(...given),
      // Dies before it, behind it, or not at all.
      splice: async (...given) => {
        turn += 1;
        if (turn % 3 === 1) throw new Retryable('died before');
        const spliced = await tables.splice(...given);
        if (turn % 3 === 2) throw new Retryable('died behind');
        return spliced;
      },
    };
    world.tables = async () => before;
    let deaths = 0;
    while (world.queue.size > 0) await world.work().catch(() => (deaths += 1));
    expect(deaths).toBeGreaterThan(chunks.length);
    expect(await missing(loud)).toBe(0);
    const states = await world.states();
    expect(states.map(({ state }) => state)).toEqual(chunks.map(() => 'committed'));
    // Worked through once: what was handed over again is what was written first.
    expect(states.every(({ parts }) => parts.length === 1 && parts[0]?.attempt === 1)).toBe(true);
  });

  test('results that the table does not take fail their chunk with the reason, and the others are there', async () => {
    const { name, world, missing } = await job(['sed', 's/^1000,/one thousand,/']);
    await world.work();
    const failed = (await world.states()).filter(({ state }) => state === 'failed');
    expect(failed.map(({ lastFailure }) => lastFailure?.kind)).toEqual(['target']);
    expect(failed[0]?.lastFailure?.message).toMatch(
      /invalid input syntax for type integer: "one thousand".*column id/,
    );
    const [chunk] = failed.map(({ chunk }) => chunk);
    if (chunk === undefined || !isOfRows(chunk)) throw new Error('no rows');
    const { after, upTo } = chunk.range;
    const others = `SELECT * FROM "${name}".orders WHERE id <= ${after?.[0]} OR id > ${upTo?.[0]}`;
    expect(await missing(others)).toBe(0);
  });

  test('a table that is gone is the input that failed', async () => {
    const { name, world } = await job(upper);
    await client.query(`DROP TABLE "${name}".orders`);
    await world.work();
    const kinds = new Set((await world.states()).map(({ lastFailure }) => lastFailure?.kind));
    expect([...kinds]).toEqual(['input']);
  });
});
