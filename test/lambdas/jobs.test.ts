/** A data job from its request to its end, look by look: late, twice, broken off, with people and faults between. */
import { beforeEach, describe, expect, it } from 'vitest';
import { halvesOf, isOfObject } from '#core/jobs/chunk.ts';
import { jobProgress } from '#core/jobs/job-view.ts';
import { part } from '../core/jobs/samples.ts';
import { fill, JobWorld, key } from './job-world.ts';

const MiB = 2 ** 20;
const failure = { kind: 'command', message: 'no', exitCode: 3 } as const;
const fail = () => ({ kind: 'fail', attempt: 1, failure }) as const;
let world: JobWorld;

beforeEach(() => {
  world = new JobWorld();
  fill(world);
});

describe('a job', () => {
  it('is listed, sent, worked at, told of and taken away, and frees what it held', async () => {
    await world.ask();
    expect(await world.look()).toMatchObject({ phase: 'sending', chunks: 5, bytes: 4.5 * MiB });
    expect(world.lines('plan')).toMatchObject([{ key: 'datasets/a' }, { key: 'datasets/b' }]);
    expect(await world.slots.wanted(key)).toBeUndefined();
    expect(world.identities.made.size).toBe(0);
    expect(await world.look()).toMatchObject({ phase: 'running' });
    expect([...world.identities.made]).toEqual([`main/${key.name}`]);
    expect(await world.slots.wanted(key)).toMatchObject({
      phase: 'running',
      slots: 2,
      queueUrl: expect.stringContaining(key.name),
      table: 't',
      spec: { job: key.name, results: { bucket: 'results', prefix: `jobs/${key.team}/${key.name}/` } },
    });
    await world.seen();
    expect(await world.work()).toEqual(['0', '1', '2', '3', '4']);
    expect(await world.look(15)).toMatchObject({ phase: 'finishing', outcome: 'succeeded' });
    expect(await world.slots.wanted(key)).toMatchObject({ phase: 'ending', slots: 0 });
    expect(await world.look(10)).toMatchObject({ phase: 'finishing', manifest: true });
    expect(world.lines('manifest')).toMatchObject(
      ['0', '1', '2', '3', '4'].map((chunk) => ({ chunk, state: 'committed', attempts: 1 })),
    );
    expect(world.queues.queues.size).toBe(1);
    expect((await world.jobs.ledger(key.team)).held[key.name]).toMatchObject({ cpu: 1.2, environments: 0 });
    await world.seen();
    const ended = await world.look(10);
    expect(ended).toMatchObject({
      phase: 'ended',
      outcome: 'succeeded',
      tally: { committed: 5, records: 5 },
    });
    expect(ended).not.toHaveProperty('lookAt');
    expect(world.queues.queues.size).toBe(0);
    expect(world.identities.made.size).toBe(0);
    expect((await world.jobs.ledger(key.team)).held).toEqual({});
    expect(await world.said()).toEqual([
      'asked',
      '5 chunks of 4718592 bytes in all',
      'all 5 chunks are sent',
      'succeeded',
      'nothing is left of it but its results',
    ]);
  });

  it('has its workers where it asked for them', async () => {
    await world.ask({ nodePool: 'big', spot: true, priority: 'low' });
    await world.look();
    await world.look();
    expect(await world.slots.wanted(key)).toMatchObject({
      nodePool: 'big',
      spot: true,
      priority: 'low',
    });
  });

  it('looks again by itself, until it has ended', async () => {
    await world.ask();
    for (let i = 0; i < 3; i++) await world.look(15);
    expect(world.jobs.looks.map(({ delaySeconds }) => delaySeconds)).toEqual([0, 0, 15, 15]);
  });

  it('of nothing is over at once, with nothing wanted of the cluster', async () => {
    await world.ask({ dataset: 's3://lake/datasets/none/' });
    expect(await world.look()).toMatchObject({ phase: 'finishing', outcome: 'succeeded' });
    expect(await world.look(10)).toMatchObject({ phase: 'ended' });
    expect(world.lines('manifest')).toEqual([]);
    expect(await world.slots.wanted(key)).toBeUndefined();
  });

  it.each([
    ['an object that is not there', { dataset: 's3://lake/datasets/none' }, /none is not there/],
    [
      'records of another width',
      { records: { kind: 'fixed', width: 7 } },
      /datasets\/a has 2621440 bytes, which are no whole records of 7/,
    ],
  ])('of %s fails, and says why', async (_, parts, reason) => {
    await world.ask(parts);
    expect(await world.look()).toMatchObject({
      phase: 'finishing',
      outcome: 'failed',
      reason: expect.stringMatching(reason),
    });
    expect(await world.look(10)).toMatchObject({ phase: 'ended' });
    expect((await world.jobs.ledger(key.team)).held).toEqual({});
  });

  it('of Parquet is listed without a look into it, and what lies beside the data is passed over', async () => {
    const objects = { 'p/_SUCCESS': 0, 'p/day=1/a': 2.5 * MiB, 'p/day=1/.a.crc': 12, 'p/_metadata': 3 * MiB };
    for (const [name, size] of Object.entries(objects))
      world.objects.put(`datasets/${name}`, Buffer.alloc(size));
    world.objects.read = () => Promise.reject(new Error('it was read'));
    const records = { kind: 'parquet' };
    await world.ask({ dataset: 's3://lake/datasets/p/', records });
    expect(await world.look()).toMatchObject({ phase: 'sending', chunks: 3 });
    expect(world.lines('plan')).toMatchObject([{ key: 'datasets/p/day=1/a' }]);
    await world.look();
    expect(world.queue.size).toBe(3);
  });

  it('of one Parquet file is of that, whatever it is called', async () => {
    world.objects.put('datasets/_p/_x', Buffer.alloc(20));
    await world.ask({ dataset: 's3://lake/datasets/_p/_x', records: { kind: 'parquet' } });
    expect(await world.look()).toMatchObject({ phase: 'sending', chunks: 1 });
  });

  it('of Parquet with an object of no bytes fails, and says which', async () => {
    world.objects.put('datasets/p/a', Buffer.alloc(0));
    await world.ask({ dataset: 's3://lake/datasets/p/', records: { kind: 'parquet' } });
    expect(await world.look()).toMatchObject({
      outcome: 'failed',
      reason: 'datasets/p/a has 0 bytes: that is no Parquet file. Leave it out.',
    });
  });

  it('of CSV is read once over, and each chunk knows whether it begins between quotes', async () => {
    const rows = Array.from({ length: 40_000 }, (_, i) => `${i},"${'a\n'.repeat(i % 90)}""x"\n`).join('');
    world.objects.put('datasets/csv/a', Buffer.from(rows));
    world.objects.put('datasets/csv/b', Buffer.from('1,"one"\n'));
    await world.ask({ dataset: 's3://lake/datasets/csv/', records: { kind: 'csv' } });
    expect(await world.look()).toMatchObject({ phase: 'sending' });
    expect((await world.said()).at(-1)).toMatch(/of which \d+ were read once over for their quotes$/);
    await world.look();
    const quoted = (upTo: number) => (rows.slice(0, upTo).match(/"/g) ?? []).length % 2 === 1;
    const found: boolean[] = [];
    for (let left = world.queue.size; left > 0; left--) {
      const delivery = await world.queue.receive(0, new AbortController().signal);
      const { chunk } = delivery?.message ?? {};
      if (chunk === undefined || !isOfObject(chunk)) throw new Error('a chunk of an object');
      expect(chunk.quoted, chunk.id).toBe(chunk.key.endsWith('a') && quoted(chunk.start));
      found.push(chunk.quoted);
    }
    expect(new Set(found)).toEqual(new Set([true, false]));
  });

  it('of more CSV than can be read over says so, and reads none of it', async () => {
    world = new JobWorld(() => ({
      datasets: {
        objects: async function* () {
          yield { key: 'datasets/csv', size: 20 * 1024 * MiB, etag: '"e"' };
        },
      },
    }));
    await world.ask({ dataset: 's3://lake/datasets/csv', records: { kind: 'csv' }, chunkMiB: 1024 });
    expect(await world.look()).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/this has 20401094656 bytes to read.*Where no field has a line feed/),
    });
  });

  it('runs in the image that it names, as nodes pull it', async () => {
    const image = `release/checkout/tools@sha256:${'1'.repeat(64)}`;
    await world.ask({ image });
    await world.look();
    await world.look();
    expect(await world.slots.wanted(key)).toMatchObject({ image: `registry.example/${image}` });
  });

  it('is paused, resumed and cancelled; what is done is in the manifest', async () => {
    await world.ask({ parallelism: 1 });
    await world.look();
    await world.look();
    await world.say({ kind: 'pause', by: 'bob' });
    await world.look();
    expect(await world.slots.wanted(key)).toMatchObject({ phase: 'paused', slots: 0, version: 2 });
    await world.say({ kind: 'resume', by: 'bob' });
    await world.look();
    expect(await world.slots.wanted(key)).toMatchObject({ phase: 'running', slots: 1, version: 3 });
    await world.seen();
    const messages: string[] = [];
    await world.work((id) => {
      messages.push(id);
      return id < '2' ? { kind: 'commit', part: part(1) } : { kind: 'release', attempt: 1 };
    });
    await world.say({ kind: 'cancel', by: 'bob' });
    // A worker may commit still: the manifest waits for the namespace.
    expect(await world.look()).toMatchObject({ phase: 'finishing', outcome: 'cancelled', manifest: false });
    expect(world.lines('manifest')).toEqual([]);
    await world.seen();
    expect(await world.look(10)).toMatchObject({ phase: 'ended', outcome: 'cancelled' });
    expect(world.lines('manifest')).toMatchObject(
      ['committed', 'committed', 'waiting', 'waiting', 'waiting'].map((state) => ({ state })),
    );
  });

  it('whose namespace the cluster does not take or let go says so once each, and ends when it does', async () => {
    await world.ask();
    await world.look();
    await world.look();
    await world.seen('not without the label cost-center');
    await world.look(15);
    await world.look(15);
    await world.seen();
    await world.say({ kind: 'cancel', by: 'bob' });
    await world.look();
    await world.seen('it is protected');
    expect(await world.look(10)).toMatchObject({ phase: 'finishing', refused: 'it is protected' });
    await world.look(10);
    await world.seen();
    expect(await world.look(10)).toMatchObject({ phase: 'ended', outcome: 'cancelled' });
    expect(await world.job()).not.toHaveProperty('refused');
    expect((await world.said()).filter((what) => what.includes('not as it should be'))).toEqual([
      'its namespace is not as it should be for now: not without the label cost-center',
      'its namespace is not as it should be for now: it is protected',
    ]);
  });

  it('that failed is run again where it failed, and there alone', async () => {
    await world.ask({ toleratedFailures: 1 });
    await world.look();
    await world.look();
    await world.seen();
    await world.work((id) => (id < '2' ? fail() : { kind: 'commit', part: part(1) }));
    expect(await world.look(15)).toMatchObject({ outcome: 'failed', reason: '2 chunks failed; 1 may.' });
    await world.look(10);
    await world.seen();
    expect(await world.look(10)).toMatchObject({ phase: 'ended' });
    expect(world.lines('manifest')[0]).toMatchObject({ state: 'failed', failure: { exitCode: 3 } });
    await world.say({ kind: 'retry', by: 'bob' });
    expect(await world.look()).toMatchObject({ phase: 'sending', tally: { committed: 3, failed: 0 } });
    expect(await world.look()).toMatchObject({ phase: 'running' });
    expect(await world.slots.wanted(key)).toMatchObject({ phase: 'running', slots: 2 });
    // All are sent; what has a result is not worked at again.
    expect(await world.work()).toHaveLength(5);
    expect(await world.look(15)).toMatchObject({ outcome: 'succeeded', tally: { committed: 5, records: 5 } });
    await world.look(10);
    expect(world.lines('manifest')).toMatchObject([{ attempts: 2 }, { attempts: 2 }, {}, {}, {}]);
  });

  it('halves what its commands had no memory for, and says so while it goes on, in its history and in its manifest', async () => {
    await world.ask();
    await world.look();
    await world.look();
    await world.seen();
    const noMemory = { kind: 'out-of-memory', message: 'the command was ended by SIGKILL' } as const;
    const settled = await world.work((id) =>
      id === '3' ? { kind: 'fail', attempt: 1, failure: noMemory } : { kind: 'commit', part: part(1) },
    );
    expect(settled).toHaveLength(5);
    const job = await world.look(15);
    expect(job).toMatchObject({ phase: 'running', tally: { committed: 4, failed: 0, halved: 1 } });
    expect(jobProgress(job, world.clock.now())).toMatchObject({ chunks: 7, halved: 1, open: 2 });
    expect(await world.said()).toContain(
      'of a chunk the command had no memory left: it goes on as two halves',
    );
    // As its worker does (worker/worker.ts).
    const halved = await world.chunks.read(key.name, '3');
    if (halved?.state !== 'halved') throw new Error('it was halved');
    await world.queue.send(halvesOf(halved).map((chunk) => ({ job: key.name, chunk })));
    expect(await world.work()).toEqual(['3a', '3b']);
    expect(await world.look(15)).toMatchObject({ outcome: 'succeeded', tally: { committed: 6, halved: 1 } });
    await world.look(10);
    expect(world.lines('manifest')).toMatchObject([
      ...['0', '1', '2'].map((chunk) => ({ chunk, state: 'committed' })),
      { chunk: '3', state: 'halved', failure: noMemory },
      ...['3a', '3b', '4'].map((chunk) => ({ chunk, state: 'committed' })),
    ]);
  });

  it('whose queue somebody emptied is sent again', async () => {
    await world.ask();
    await world.look();
    await world.look();
    for (let id = 0; id < 5; id++) {
      const delivery = await world.queue.receive(0, new AbortController().signal);
      if (delivery) await world.queue.remove(delivery.receipt);
    }
    expect(await world.look(15)).toMatchObject({ phase: 'running' });
    expect(await world.look(119)).toMatchObject({ phase: 'running' });
    expect(await world.look(15)).toMatchObject({ phase: 'sending', sent: 0 });
    await world.look();
    expect(world.queue.size).toBe(5);
  });
});
