/** A data job from its request to its end, look by look: late, twice, broken off, with people and faults between. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Rejected, Retryable } from '#core/errors.ts';
import { part } from '../core/jobs/samples.ts';
import { JobWorld, key } from './job-world.ts';

const MiB = 2 ** 20;
const failure = { kind: 'command', message: 'no', exitCode: 3 } as const;
const fail = () => ({ kind: 'fail', attempt: 1, failure }) as const;
let world: JobWorld;

/** Two objects: three chunks and two. */
function fill(of: JobWorld): void {
  of.objects.put('datasets/a', Buffer.alloc(2.5 * MiB));
  of.objects.put('datasets/b', Buffer.alloc(2 * MiB));
  of.objects.put('other/c', Buffer.alloc(9 * MiB));
}
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
      spec: { job: key.name, results: { bucket: 'results', prefix: `jobs/${key.name}/` } },
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
    ['a long CSV', { records: { kind: 'csv' } }, /read in one piece.*Where no field has a line feed/],
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

describe('looks', () => {
  it('that come twice, or before their time, do nothing', async () => {
    await world.ask();
    await world.look();
    await world.look();
    const before = await world.job();
    expect(await world.look()).toEqual(before);
    expect(await world.look(14)).toEqual(before);
  });

  it('at what was never asked for, or is no job, are refused or let go', async () => {
    await world.look().catch(() => undefined);
    expect(await world.jobs.read(key)).toBeUndefined();
    const alive = { kind: 'alive', cluster: 'main', at: world.clock.now() } as const;
    await expect(world.handle(alive)).rejects.toBeInstanceOf(Rejected);
  });

  it('while somebody is at it leave it to them; what broke off is begun again', async () => {
    let breaks = true;
    const listed: string[] = [];
    world = new JobWorld(({ datasets }) => ({
      datasets: {
        objects: (location) => {
          listed.push(location.key);
          if (breaks) throw new Retryable('S3 is slow');
          return datasets.objects(location);
        },
      },
    }));
    fill(world);
    await world.ask();
    await expect(world.look()).rejects.toBeInstanceOf(Retryable);
    await world.look(19);
    expect(listed).toHaveLength(1);
    breaks = false;
    expect(await world.look(1)).toMatchObject({ phase: 'sending' });
    expect(world.objects.unfinished.size).toBe(0);
  });

  it('find what was cancelled while they were at it', async () => {
    world = new JobWorld(({ datasets }) => ({
      datasets: {
        objects: async function* (location) {
          await world.say({ kind: 'cancel', by: 'bob' });
          yield* datasets.objects(location);
        },
      },
    }));
    fill(world);
    await world.ask();
    expect(await world.look()).toMatchObject({ phase: 'finishing', outcome: 'cancelled' });
    expect(await world.look(10)).toMatchObject({ phase: 'ended', outcome: 'cancelled' });
    expect(world.queues.queues.size).toBe(0);
  });

  it('say what is wanted again where the cluster did not hear it', async () => {
    await world.ask();
    await world.look();
    await world.look();
    const asked = () => world.jobs.looks.filter(({ stage }) => stage === 'job-slots').length;
    await world.look(15);
    expect(asked()).toBe(0);
    await world.look(16);
    expect(asked()).toBe(1);
    await world.seen();
    await world.look(31);
    expect(asked()).toBe(1);
  });

  it('done at each point where they can break off come to the same end', async () => {
    for (let at = 0; at < 40; at++) {
      let calls = 0;
      const breaking = <T extends object>(port: T): T =>
        new Proxy(port, {
          get: (target, name) => {
            const found: unknown = Reflect.get(target, name);
            if (typeof found !== 'function') return found;
            return (...of: unknown[]) => {
              calls += 1;
              if (calls === at) throw new Retryable('broken off');
              return Reflect.apply(found, target, of);
            };
          },
        });
      world = new JobWorld((deps) => ({
        jobs: breaking(deps.jobs),
        chunks: breaking(deps.chunks),
        queues: breaking(deps.queues),
        slots: breaking(deps.slots),
        objects: breaking(deps.objects),
      }));
      fill(world);
      await world.ask();
      for (let i = 0; i < 30; i++) {
        await world.look(i === 0 ? 0 : 20).catch((error: unknown) => {
          if (!(error instanceof Retryable)) throw error;
        });
        if (world.queues.queues.size > 0) await world.work();
        if ((await world.slots.wanted(key)) !== undefined) await world.seen();
      }
      expect(await world.job(), `broken off at call ${at}`).toMatchObject({
        phase: 'ended',
        outcome: 'succeeded',
        tally: { committed: 5, records: 5 },
      });
      expect(world.lines('manifest')).toHaveLength(5);
      expect(world.queues.queues.size).toBe(0);
      expect((await world.jobs.ledger(key.team)).held).toEqual({});
    }
  });
});
