/** A worker that makes the plan of one snapshot and holds that: until it is let go, told to go, or gone; and who comes after it, or reads of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Retryable } from '#core/errors.ts';
import { type ChunkEvent, type ChunkState, freshChunk, nextChunk } from '#core/jobs/chunk.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import { SnapshotLost } from '#core/jobs/sql/held-snapshot.ts';
import type { HeldSnapshot, SqlDatabase } from '#core/jobs/sql/ports.ts';
import type { Snapshot } from '#core/jobs/sql/snapshot.ts';
import { planning } from '#core/jobs/steps.ts';
import { work } from '../../worker/worker.ts';
import { part, rules } from '../core/jobs/samples.ts';
import { WorkerWorld } from './world.ts';

const source = { schema: 'public', table: 'orders', key: ['id'] };
const planChunk = { id: planning, key: 'orders', chunkBytes: 1000 } as const;

/** A database whose snapshots are there as long as somebody holds them. */
class HoldingDatabase implements SqlDatabase {
  readonly held = new Set<string>();
  readonly read: SqlDatabase['read'];
  readonly plan: SqlDatabase['plan'];
  taken = 0;
  beats = 0;
  planMs = 0;
  /** What its next beats say. */
  lost: Error | undefined;

  constructor() {
    const mustHave = (snapshot: Snapshot | undefined) => {
      if (!this.held.has(snapshot?.id ?? '')) throw new SnapshotLost('it does not exist');
    };
    this.plan = async (given, _bytes, signal, snapshot) => {
      mustHave(snapshot);
      if (this.planMs > 0) await sleep(this.planMs, undefined, { signal });
      return { source: { ...given, types: ['integer'] }, bytes: 10, bounds: [['5']] };
    };
    this.read = (_source, range, _format, _signal, snapshot) =>
      (async function* () {
        mustHave(snapshot);
        yield Buffer.from(`${range.after ?? 'first'} of ${snapshot?.id}\n`);
      })();
  }

  splice(): never {
    throw new Error('no target');
  }

  async hold(): Promise<HeldSnapshot> {
    this.taken += 1;
    const snapshot = { id: `0000000${this.taken}`, sees: 'a'.repeat(64) };
    this.held.add(snapshot.id);
    return {
      snapshot,
      beat: async () => {
        this.beats += 1;
        if (this.lost) throw this.lost;
      },
      [Symbol.asyncDispose]: async () => void this.held.delete(snapshot.id),
    };
  }
}

const worldOf = (database: SqlDatabase = new HoldingDatabase()): WorkerWorld => {
  const world = new WorkerWorld({
    input: { secret: 'orders', source, snapshot: { kind: 'job', maxSeconds: 60 } },
    // Three beats in it.
    leaseSeconds: 3,
  });
  world.tables = async () => database;
  return world;
};
const planOf = (world: WorkerWorld) => world.chunks.read('j1', planning);
const askForPlan = (world: WorkerWorld) => world.queue.send([{ job: 'j1', chunk: planChunk }]);
const waitFor = (world: WorkerWorld, of: Partial<ChunkState>) =>
  expect.poll(() => planOf(world), { timeout: 10_000 }).toMatchObject(of);

/** What another says of the step, as it is stored. */
async function say(world: WorkerWorld, ...events: ChunkEvent[]): Promise<void> {
  for (const event of events) {
    const known = await planOf(world);
    const now = new Date(world.now()).toISOString();
    const decision = nextChunk(known ?? freshChunk('j1', planChunk), event, rules, now);
    if (decision.outcome !== 'changed') throw new Error(`${event.kind}: ${decision.outcome}`);
    await world.chunks.write(decision.state, known);
  }
}

/** One that holds a snapshot, and has written down its plan. */
async function holding(database = new HoldingDatabase()) {
  const world = worldOf(database);
  await askForPlan(world);
  const holder = world.work();
  await waitFor(world, { state: 'leased', handOver: true });
  return { world, database, holder };
}
const linesOf = async (world: WorkerWorld) => {
  const key = (await planOf(world))?.parts[0]?.output?.key ?? '';
  const text = world.objects.results.get(key)?.toString() ?? '';
  return text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
};
const chunkOf = (id: string, snapshot: Snapshot) => ({
  job: 'j1',
  chunk: { id, key: 'orders', types: ['integer'], range: { after: null, upTo: null }, snapshot },
});
const first: Snapshot = { id: '00000001', sees: 'a'.repeat(64) };

describe('a holder', () => {
  it('cuts the plan within its snapshot, says which it is, and lives until it is let go', async () => {
    const { world, database, holder } = await holding();
    expect(await linesOf(world)).toEqual([
      { ...source, types: ['integer'], chunks: 2, bytes: 10, snapshot: first },
      ['5'],
    ]);
    const { beats } = database;
    await expect.poll(() => database.beats, { timeout: 10_000 }).toBeGreaterThan(beats + 1);
    await world.queue.send([chunkOf('0', first), chunkOf('1', first)]);
    await world.work();
    expect(await world.output()).toBe('first of 00000001\n'.repeat(2));
    expect([...database.held]).toEqual(['00000001']);
    await say(world, { kind: 'handed-over', attempt: 1 });
    await holder;
    expect(await planOf(world)).toMatchObject({ state: 'committed', parts: [{ records: 2 }] });
    expect(database.held.size).toBe(0);
    expect(world.queue.size).toBe(0);
    expect(world.lines.join('\n')).not.toMatch(/no heartbeat/);
  });

  it('beats while it plans, and one whose snapshot is gone meanwhile leaves no plan', async () => {
    const database = new HoldingDatabase();
    database.planMs = 60_000;
    database.lost = new SnapshotLost('its 60 s are over');
    const world = worldOf(database);
    await askForPlan(world);
    await world.work();
    const gone = { kind: 'snapshot', message: expect.stringMatching(/its 60 s are over.*run the job again/) };
    expect(await planOf(world)).toMatchObject({ state: 'failed', parts: [], lastFailure: gone });
    expect([...world.objects.results.keys()]).toEqual([]);
    expect(world.objects.unfinished.size).toBe(0);
    expect(database.held.size).toBe(0);
  });

  it('whose time is over, or whose connection is lost, says so, and lets it go', async () => {
    const { world, database, holder } = await holding();
    database.lost = new SnapshotLost('its 60 s are over');
    await holder;
    expect(await planOf(world)).toMatchObject({ state: 'failed', lastFailure: { kind: 'snapshot' } });
    expect(database.held.size).toBe(0);
    expect(world.queue.size).toBe(0);
  });

  it('that is told to go lets it go at once, and nobody takes another one in its place', async () => {
    const { world, database, holder } = await holding();
    world.stop.abort('SIGTERM');
    await holder;
    expect(database.held.size).toBe(0);
    expect(await planOf(world)).toMatchObject({ state: 'waiting', handOver: true });
    await work(world.deps(), new AbortController().signal);
    expect(await planOf(world)).toMatchObject({
      state: 'failed',
      attempts: 2,
      parts: [{ attempt: 1 }],
      lastFailure: { kind: 'snapshot', message: expect.stringMatching(/its holder was ended/) },
    });
    expect(database.taken).toBe(1);
  });

  it.each<[string, Error, string, object]>([
    [
      'that can not have one',
      new InputFailed('MySQL gives none'),
      'failed',
      { lastFailure: { kind: 'input', message: 'MySQL gives none' } },
    ],
    ['that has none for a moment', new Retryable('it is starting'), 'waiting', { failures: 0 }],
  ])('%s', async (_, error, state, more) => {
    const database = new HoldingDatabase();
    database.hold = () => Promise.reject(error);
    const world = worldOf(database);
    await askForPlan(world);
    await (error instanceof Retryable ? expect(world.work()).rejects.toThrow('starting') : world.work());
    expect(await planOf(world)).toMatchObject({ state, ...more });
  });
});

describe('two that plan', () => {
  it('a message that comes again while it is held makes no second snapshot', async () => {
    const { world, database, holder } = await holding();
    await askForPlan(world);
    await world.work();
    expect(database.taken).toBe(1);
    await say(world, { kind: 'handed-over', attempt: 1 });
    await holder;
    world.ahead += 10_000;
    await world.work();
    expect([database.taken, world.queue.size]).toEqual([1, 0]);
  });

  it('the first was killed before its plan was written down: the next makes one of a snapshot of its own', async () => {
    const database = new HoldingDatabase();
    const world = worldOf(database);
    await say(world, { kind: 'lease' });
    world.ahead = 100_000;
    await askForPlan(world);
    const holder = world.work();
    await waitFor(world, { state: 'leased', attempts: 2, handOver: true });
    expect(await linesOf(world)).toMatchObject([{ snapshot: first }, ['5']]);
    await say(world, { kind: 'handed-over', attempt: 2 });
    await holder;
  });

  it('the first was killed behind that: its plan stays the one that counts, and what it is of is gone', async () => {
    const database = new HoldingDatabase();
    const world = worldOf(database);
    await say(world, { kind: 'lease' }, { kind: 'hand-over', part: part(1) });
    world.ahead = 100_000;
    await askForPlan(world);
    await world.work();
    expect(await planOf(world)).toMatchObject({ state: 'failed', lastFailure: { kind: 'snapshot' } });
    expect(database.taken).toBe(0);
  });

  it('one that was slow, and whose step another has by now, lets its own go and says nothing', async () => {
    const database = new HoldingDatabase();
    database.planMs = 1500;
    const world = worldOf(database);
    await askForPlan(world);
    const slow = world.work();
    await waitFor(world, { state: 'leased' });
    const taken = await planOf(world);
    if (taken?.state !== 'leased') throw new Error('nobody has it');
    await world.chunks.write({ ...taken, version: taken.version + 1, attempts: 2 }, taken);
    await slow;
    expect(await planOf(world)).toMatchObject({ state: 'leased', attempts: 2, parts: [] });
    expect(database.held.size).toBe(0);
  });
});

describe('a chunk whose snapshot is gone', () => {
  it('says so where the stage looks, is no failure of its own, and ends the holder', async () => {
    const { world, database, holder } = await holding();
    database.held.clear();
    await world.queue.send([chunkOf('0', first)]);
    await world.work();
    expect(await world.states()).toMatchObject([{ state: 'waiting', failures: 0, parts: [] }]);
    expect(await planOf(world)).toMatchObject({
      state: 'failed',
      lastFailure: {
        kind: 'snapshot',
        message: expect.stringMatching(/it does not exist.*run the job again/),
      },
    });
    await holder;
    // Nobody takes it again at once.
    expect(await world.queue.receive(0, new AbortController().signal)).toBeUndefined();
    expect(world.queue.size).toBe(1);
  });
});
