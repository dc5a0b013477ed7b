/** A data job of one snapshot, led by its stage: its chunks are told of it, its holder is let go, and its loss is the job's end. */
import { describe, expect, it } from 'vitest';
import { Conflict } from '#core/errors.ts';
import { type ChunkEvent, freshChunk, nextChunk } from '#core/jobs/chunk.ts';
import type { Job } from '#core/jobs/job.ts';
import { planning } from '#core/jobs/steps.ts';
import { part, rules } from '../core/jobs/samples.ts';
import { JobWorld, key } from './job-world.ts';

const source = { schema: 'shop', table: 'orders', key: ['id'] };
const asked = { table: { database: 'orders', ...source, snapshot: { kind: 'job', maxSeconds: 600 } } };
const snapshot = { id: '00000003-0000001B-1', sees: 'a'.repeat(64) };
const cut = { ...source, types: ['integer'], chunks: 3, bytes: 5000, snapshot };
const written = `jobs/${key.team}/${key.name}/plan/1`;
const signal = new AbortController().signal;

/** As the holder says it, or another worker. */
async function say(world: JobWorld, ...events: ChunkEvent[]): Promise<void> {
  for (const event of events) {
    const known = await world.chunks.read(key.name, planning);
    const fresh = freshChunk(key.name, { id: planning, key: 'orders', chunkBytes: 1 });
    const decision = nextChunk(known ?? fresh, event, rules, world.clock.now());
    if (decision.outcome !== 'changed') throw new Error(`${event.kind}: ${decision.outcome}`);
    await world.chunks.write(decision.state, known);
  }
}
const stateOf = async (world: JobWorld) => (await world.chunks.read(key.name, planning))?.state;
const beat: ChunkEvent = { kind: 'heartbeat', attempt: 1 };

/** Planned, sent, and held still. */
async function running(
  more: object = {},
  change?: ConstructorParameters<typeof JobWorld>[0],
): Promise<JobWorld> {
  const world = new JobWorld(change);
  await world.ask({ ...asked, ...more });
  await world.look();
  const delivery = await world.queue.receive(0, signal);
  expect(delivery?.message.chunk).toMatchObject({ id: planning });
  world.objects.results.set(written, Buffer.from(`${JSON.stringify(cut)}\n["5"]\n["9"]\n`));
  const output = { key: written, bytes: 1, crc32: 1 };
  await say(world, { kind: 'lease' }, { kind: 'hand-over', part: { ...part(1), output } });
  expect(await world.look(5)).toMatchObject({ phase: 'sending', chunks: 3 });
  expect(await world.look()).toMatchObject({ phase: 'running' });
  return world;
}
const failed = (job: Job, reason: RegExp) =>
  expect(job).toMatchObject({ phase: 'finishing', outcome: 'failed', reason: expect.stringMatching(reason) });

describe('a job of one snapshot', () => {
  it('goes on while its plan is held, tells each chunk of what it is, and has a worker more', async () => {
    const world = await running();
    expect(world.lines('plan')).toEqual([cut, ['5'], ['9']]);
    expect(await world.slots.wanted(key)).toMatchObject({
      phase: 'running',
      slots: 3,
      spec: { input: { secret: 'checkout/orders', source, snapshot: { kind: 'job', maxSeconds: 600 } } },
    });
    for (let i = 0; i < 3; i++) {
      const delivery = await world.queue.receive(0, signal);
      expect(delivery?.message.chunk).toMatchObject({ types: ['integer'], snapshot });
    }
  });

  it('has its holder beside its share of the cluster', async () => {
    const world = await running({}, () => ({ sharing: () => ({ workers: 1, weightOf: () => 1 }) }));
    expect(await world.slots.wanted(key)).toMatchObject({ slots: 2, couldUse: 3 });
    expect(await world.demands.of('main')).toMatchObject([{ workers: 2 }]);
  });

  it('lets its holder go when each chunk has its end, and once', async () => {
    const world = await running();
    await say(world, beat);
    await world.work();
    await say(world, beat);
    expect(await world.look(15)).toMatchObject({ phase: 'finishing', outcome: 'succeeded' });
    expect(await stateOf(world)).toBe('leased');
    await world.look(10);
    expect(await stateOf(world)).toBe('committed');
    await world.seen();
    await world.look(10);
    expect(await world.look(10)).toMatchObject({ phase: 'ended', outcome: 'succeeded' });
    expect(world.lines('manifest')).toMatchObject([{ chunk: '0' }, { chunk: '1' }, { chunk: '2' }]);
  });

  it('lets it go before its results are brought together', async () => {
    const world = await running({ reduce: { kind: 'concatenate' } });
    await world.work();
    expect(await world.look(15)).toMatchObject({ phase: 'reducing' });
    await world.look(10);
    expect(await stateOf(world)).toBe('committed');
    expect(await world.slots.wanted(key)).toMatchObject({ phase: 'running', slots: 1 });
  });

  it('lets it go at its next look where its holder beat in that moment', async () => {
    const world = await running();
    await say(world, beat);
    await world.say({ kind: 'cancel', by: 'bob' });
    const { write } = world.chunks;
    world.chunks.write = () => Promise.reject(new Conflict('it beat'));
    expect(await world.look()).toMatchObject({ phase: 'finishing' });
    expect(await stateOf(world)).toBe('leased');
    world.chunks.write = write;
    await world.look(10);
    expect(await stateOf(world)).toBe('committed');
  });

  it.each<[string, readonly ChunkEvent[], number, RegExp]>([
    [
      'was not heard of',
      [],
      91,
      /snapshot is gone: its holder was not heard of.*run the job again, with more time/,
    ],
    ['was told to go', [{ kind: 'release', attempt: 1 }], 15, /its holder was ended/],
    [
      'or a worker says that it is gone',
      [{ kind: 'fail', attempt: 1, failure: { kind: 'snapshot', message: 'its 600 s are over' } }],
      15,
      /^its 600 s are over$/,
    ],
  ])(
    'fails where its holder %s, with what is committed in its manifest',
    async (_, said, seconds, reason) => {
      const world = await running();
      await world.work((id) =>
        id === '1' ? { kind: 'release', attempt: 1 } : { kind: 'commit', part: part(1) },
      );
      expect(await world.look(15)).toMatchObject({ phase: 'running', tally: { committed: 2 } });
      await say(world, ...said);
      failed(await world.look(seconds), reason);
      expect(await world.slots.wanted(key)).toMatchObject({ phase: 'ending', slots: 0 });
      await world.look(10);
      await world.seen();
      await world.look(10);
      expect(await world.look(10)).toMatchObject({ phase: 'ended', outcome: 'failed' });
      expect(world.lines('manifest')).toMatchObject([
        { chunk: '0', state: 'committed' },
        { chunk: '1', state: 'waiting' },
        { chunk: '2', state: 'committed' },
      ]);
      await expect(world.say({ kind: 'retry', by: 'bob' })).rejects.toThrow(/Ask for it anew/);
    },
  );

  it('is whole where its last chunk was committed before its snapshot was gone, however late that is heard', async () => {
    const world = await running();
    await world.work();
    expect(await world.look(600)).toMatchObject({ phase: 'finishing', outcome: 'succeeded' });
  });

  it('is whole too where that was while somebody looked', async () => {
    let isLooked = false;
    const world = await running({}, ({ chunks }) => ({
      chunks: {
        read: async (job, id) => {
          const found = await chunks.read(job, id);
          // Lost by now, and all is committed before the sums are read.
          if (isLooked) await world.work();
          return found;
        },
        tally: (job) => chunks.tally(job),
        write: (...given) => chunks.write(...given),
        list: (...given) => chunks.list(...given),
      },
    }));
    isLooked = true;
    expect(await world.look(600)).toMatchObject({ phase: 'finishing', outcome: 'succeeded' });
  });

  it('has no plan where its database gives none, and says why', async () => {
    const world = new JobWorld();
    await world.ask(asked);
    await world.look();
    const failure = {
      kind: 'input',
      message: 'MySQL and MariaDB give no snapshot to other connections',
    } as const;
    await say(world, { kind: 'lease' }, { kind: 'fail', attempt: 1, failure });
    failed(await world.look(5), /MariaDB give no snapshot/);
  });
});
