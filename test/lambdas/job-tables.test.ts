/** A data job over a table: a worker finds where it is cut, and the stage goes on with that; lost, doubled, refused, unconfigured. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KeyTuple, rangesOf } from '#core/jobs/sql/table.ts';
import { sendRows } from '#lambdas/jobs/tables.ts';
import { database, JobWorld, key } from './job-world.ts';

const source = { schema: 'shop', table: 'orders', key: ['tenant', 'id'] };
const table = { database: 'orders', ...source };
const target = { database: 'orders', schema: 'shop', table: 'loud' };
const types = ['text', 'bigint'];
const bounds: KeyTuple[] = [
  ['a', '7'],
  ["o'b\n", '1'],
];
const written = `jobs/${key.team}/${key.name}/plan/1`;
const signal = new AbortController().signal;

/** As worker/planner.ts writes it. */
const linesOf = (cuts: readonly KeyTuple[]) =>
  [{ ...source, types, chunks: cuts.length + 1, bytes: 5000 }, ...cuts]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');

/** The worker that takes the first message. */
async function plan(world: JobWorld, failure?: string): Promise<void> {
  world.objects.results.set(written, Buffer.from(linesOf(bounds)));
  const chunk = await world.step(() => ({ key: written, bytes: 1, crc32: 1 }), failure);
  expect(chunk).toEqual({ id: 'plan', key: 'shop.orders of orders', chunkBytes: 2 ** 20 });
}

describe('a job over a table', () => {
  it('has one worker for its plan, and then as many as it asked for, with its rows in ranges', async () => {
    const world = new JobWorld();
    await world.ask({ table, target });
    expect(await world.look()).toMatchObject({ phase: 'listing' });
    expect(await world.slots.wanted(key)).toMatchObject({
      phase: 'running',
      slots: 1,
      reach: [{ cidr: database.network, port: 5432 }],
      spec: {
        input: {
          secret: 'checkout/orders',
          source: { schema: 'shop', table: 'orders', key: ['tenant', 'id'] },
        },
        target: { secret: 'checkout/orders', table: { schema: 'shop', table: 'loud' }, format: 'csv' },
      },
    });
    expect([...world.identities.made]).toEqual([`main/${key.name}`]);
    await plan(world);
    expect(await world.look(5)).toMatchObject({ phase: 'sending', chunks: 3, bytes: 5000 });
    expect(world.lines('plan')).toEqual([{ ...source, types, chunks: 3, bytes: 5000 }, ...bounds]);
    expect(await world.look()).toMatchObject({ phase: 'running' });
    expect(await world.slots.wanted(key)).toMatchObject({ slots: 2 });
    expect(await world.work()).toEqual(['0', '1', '2']);
    expect(await world.look(15)).toMatchObject({
      phase: 'finishing',
      outcome: 'succeeded',
      tally: { committed: 3, records: 3 },
    });
    await world.seen();
    await world.look(10);
    await world.look(10);
    const ranges = [...rangesOf(bounds)];
    expect(world.lines('manifest')).toMatchObject(
      ranges.map((range, i) => ({
        chunk: String(i),
        key: 'shop.orders of orders',
        range,
        state: 'committed',
      })),
    );
  });

  it('or over a query has its plan made by a worker too', async () => {
    const world = new JobWorld();
    await world.ask({ query: { database: 'orders', sql: 'SELECT 1 AS id', key: ['id'] } });
    expect(await world.look()).toMatchObject({ phase: 'listing' });
    expect(await world.slots.wanted(key)).toMatchObject({
      slots: 1,
      reach: [{ cidr: database.network }],
      spec: { input: { source: { query: 'SELECT 1 AS id', key: ['id'] } } },
    });
    const delivery = await world.queue.receive(0, signal);
    expect(delivery?.message.chunk).toMatchObject({ id: 'plan', key: 'a query of orders' });
  });

  it('asks for its plan again only where nobody has it, and goes on where a message comes twice', async () => {
    const world = new JobWorld();
    await world.ask({ table });
    for (let i = 0; i < 3; i++) await world.look(5);
    expect(await world.queues.messages(key.name)).toBe(1);
    const lost = await world.queue.receive(0, signal);
    await world.queue.remove(lost?.receipt ?? '');
    await world.look(5);
    expect(await world.queues.messages(key.name)).toBe(1);
    await plan(world);
    expect(await world.look(5)).toMatchObject({ phase: 'sending', chunks: 3 });
  });

  it('ends with what the database says where it can not be cut, and nobody works any more', async () => {
    const world = new JobWorld();
    await world.ask({ table });
    await world.look();
    await plan(world, '"shop"."orders" has no unique index of tenant, id: a key names each row once');
    expect(await world.look(5)).toMatchObject({
      phase: 'finishing',
      outcome: 'failed',
      reason: expect.stringContaining('no unique index'),
    });
    expect(await world.slots.wanted(key)).toMatchObject({ phase: 'ending', slots: 0 });
  });

  it('wants no worker while it is paused, and is cancelled before it has a plan', async () => {
    const world = new JobWorld();
    await world.ask({ table });
    await world.look();
    await world.say({ kind: 'pause', by: 'bob' });
    await world.look(5);
    expect(await world.slots.wanted(key)).toMatchObject({ phase: 'paused', slots: 0 });
    await world.say({ kind: 'cancel', by: 'bob' });
    expect(await world.look()).toMatchObject({ phase: 'finishing', outcome: 'cancelled', manifest: true });
  });

  it('says what to do where its database is not configured any more, and goes on with what it was told', async () => {
    const without = new JobWorld(() => ({ database: () => undefined }));
    await without.ask({ table });
    await expect(without.look()).rejects.toThrow(/has no database orders any more.*cancel the job/);
    let isThere = true;
    const world = new JobWorld(({ database }) => ({
      database: (team, name) => (isThere ? database(team, name) : undefined),
    }));
    await world.ask({ table });
    await world.look();
    isThere = false;
    await plan(world);
    await world.look(5);
    await world.look();
    expect(await world.slots.wanted(key)).toMatchObject({
      slots: 2,
      spec: { input: { secret: 'checkout/orders' } },
    });
  });
});

it('portions are all ranges of the plan, each once, however they are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 12 }),
      fc.array(fc.nat(15), { maxLength: 5 }),
      async (cuts, stops) => {
        const world = new JobWorld();
        await world.ask({ table });
        world.objects.results.set(`jobs/${key.team}/${key.name}/plan.ndjson`, Buffer.from(linesOf(cuts)));
        const chunks = cuts.length + 1;
        const ends = [...stops.map((stop) => Math.min(stop, chunks)), chunks].sort((a, b) => a - b);
        let from = 0;
        for (const upTo of ends) {
          await sendRows(world, await world.job(), from, upTo);
          from = upTo;
        }
        const got = [];
        for (;;) {
          const delivery = await world.queue.receive(0, signal);
          if (delivery === undefined) break;
          got.push(delivery.message.chunk);
        }
        const byNumber = got.sort((a, b) => Number(a.id) - Number(b.id));
        expect(byNumber).toEqual(
          [...rangesOf(cuts)].map((range, i) => ({
            id: String(i),
            key: 'shop.orders of orders',
            types,
            range,
          })),
        );
      },
    ),
    { numRuns: 50 },
  );
});

describe('a job whose database is away', () => {
  const why = 'orders: connecting: ECONNREFUSED';
  const away = () => ({ kind: 'release', attempt: 1, away: why }) as const;

  it('for its plan tells since when, asks for it again, and fails after a day', async () => {
    const world = new JobWorld();
    await world.ask({ table });
    await world.look();
    expect(await world.work(away)).toEqual(['plan']);
    const since = (await world.look(5)).away?.since;
    expect(since).toBeDefined();
    expect(await world.work(away)).toEqual(['plan']);
    expect(await world.look(3600)).toMatchObject({ phase: 'listing', away: { since, why } });
    expect(await world.look(86_400)).toMatchObject({
      phase: 'finishing',
      outcome: 'failed',
      reason: expect.stringMatching(/its database orders was not in reach since .*ask for it anew/),
    });
  });

  it('and comes back goes on as if nothing had been', async () => {
    const world = new JobWorld();
    await world.ask({ table });
    await world.look();
    await world.work(away);
    expect(await world.look(5)).toMatchObject({ away: { why } });
    const attempt = 2;
    world.objects.results.set(written, Buffer.from(linesOf(bounds)));
    const output = { key: written, bytes: 1, crc32: 1 };
    await world.work(() => ({
      kind: 'commit',
      part: { from: 0, to: 0, records: 3, crc32: 0, attempt, milliseconds: 1, output },
    }));
    const sending = await world.look(5);
    expect(sending).toMatchObject({ phase: 'sending', chunks: 3 });
    expect(sending).not.toHaveProperty('away');
  });

  it('for its chunks tells since when, and fails after a day with what is done kept', async () => {
    const world = new JobWorld();
    await world.ask({ table });
    await world.look();
    await plan(world);
    await world.look(5);
    expect(await world.look()).toMatchObject({ phase: 'running' });
    const part = { from: 0, to: 9, records: 1, crc32: 1, attempt: 1, milliseconds: 1 };
    await world.work((id) => (id === '0' ? { kind: 'commit', part } : away()));
    const first = await world.look(15);
    expect(first).toMatchObject({ phase: 'running', tally: { committed: 1, away: 2 }, away: {} });
    expect(await world.look(86_400 - 15)).toMatchObject({ away: { since: first.away?.since } });
    expect(await world.look(130)).toMatchObject({
      phase: 'finishing',
      outcome: 'failed',
      tally: { committed: 1 },
      reason: expect.stringMatching(/was not in reach since .*retry the job: what has a result stays/),
    });
  });
});
