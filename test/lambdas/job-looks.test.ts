/** Looks at a data job: early, twice, broken off anywhere, beside others and beside people. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Rejected, Retryable } from '#core/errors.ts';
import { type ChunkEvent, nextChunk } from '#core/jobs/chunk.ts';
import { planning } from '#core/jobs/steps.ts';
import { addSeconds } from '#core/names.ts';
import { part, rules } from '../core/jobs/samples.ts';
import { fill, JobWorld, key } from './job-world.ts';

let world: JobWorld;
beforeEach(() => {
  world = new JobWorld();
  fill(world);
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

  it('that are cancelled while they make something leave nothing of it', async () => {
    world = new JobWorld(({ queues }) => ({
      queues: {
        make: async (job) => {
          await world.say({ kind: 'cancel', by: 'bob' }).catch(() => undefined);
          // Somebody else comes by, before the queue is there.
          await world.look(30);
          return queues.make(job);
        },
        url: (job) => queues.url(job),
        messages: (job) => queues.messages(job),
        remove: (job) => queues.remove(job),
        at: (url) => queues.at(url),
      },
    }));
    fill(world);
    await world.ask();
    await world.look();
    for (let i = 0; i < 4; i++) await world.look(10);
    expect(await world.job()).toMatchObject({ phase: 'ended', outcome: 'cancelled' });
    expect(world.queues.queues.size).toBe(0);
  });

  it('hold the job until what they want for it is there, so that its end comes behind that', async () => {
    let isMaking = false;
    world = new JobWorld(({ identities }) => ({
      identities: {
        make: async (job) => {
          isMaking = true;
          await world.say({ kind: 'cancel', by: 'bob' });
          expect(await world.look(60)).toMatchObject({ phase: 'finishing' });
          await identities.make(job);
          isMaking = false;
        },
        remove: async (job) => {
          expect(isMaking).toBe(false);
          await identities.remove(job);
        },
      },
    }));
    fill(world);
    await world.ask();
    await world.look();
    await world.look();
    expect(await world.job()).toMatchObject({ phase: 'finishing', outcome: 'cancelled' });
    await world.look(10);
    await world.seen();
    await world.look(10);
    expect(await world.job()).toMatchObject({ phase: 'ended' });
    expect(world.identities.made.size).toBe(0);
    expect(world.queues.queues.size).toBe(0);
  });

  it('give the job back where what they want for it can not be had', async () => {
    let fails = true;
    world = new JobWorld(({ identities }) => ({
      identities: {
        make: async (job) => {
          if (fails) throw new Retryable('EKS is slow');
          await identities.make(job);
        },
        remove: (job) => identities.remove(job),
      },
    }));
    fill(world);
    await world.ask();
    await world.look();
    await expect(world.look()).rejects.toBeInstanceOf(Retryable);
    fails = false;
    await world.look(20);
    expect(world.identities.made.size).toBe(1);
    expect(await world.job()).toMatchObject({ phase: 'running' });
    expect((await world.job()).lookAt).toBe(addSeconds(world.clock.now(), 15));
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

  it.each(['before it is made', 'when it was made, its answer lost'] as const)(
    'broken off at any call, %s, come to the same end, a retry too',
    { timeout: 120_000 },
    async (how) => {
      let calls = 0;
      for (let at = 1; at <= calls + 1; at++) {
        calls = 0;
        world = brokenWorld(how, () => ++calls === at);
        fill(world);
        await world.ask({ toleratedFailures: 1 });
        await toItsEnd(world, (id) => (id === '0' ? fail() : commit()));
        expect(await world.job(), `broken off at call ${at}`).toMatchObject({ tally: { failed: 1 } });
        await world.say({ kind: 'retry', by: 'bob' });
        await toItsEnd(world, commit);
        expect(await world.job(), `broken off at call ${at}`).toMatchObject({
          outcome: 'succeeded',
          tally: { committed: 5, failed: 0, records: 5 },
        });
        expect(world.lines('manifest')).toHaveLength(5);
        expect(world.queues.queues.size).toBe(0);
        expect(world.identities.made.size).toBe(0);
        expect((await world.jobs.ledger(key.team)).held).toEqual({});
      }
      // All of a story: fewer would be of one that ended early.
      expect(calls).toBeGreaterThan(70);
    },
  );

  it.each([
    ['before it is made', 'each chunk of its own snapshot'],
    ['when it was made, its answer lost', 'each chunk of its own snapshot'],
    ['before it is made', 'all of one'],
    ['when it was made, its answer lost', 'all of one'],
  ] as const)(
    'at a table whose results are brought together, broken off at any call, %s, come to the same end: %s',
    { timeout: 120_000 },
    async (how, of) => {
      const isOfOne = of === 'all of one';
      const one = isOfOne && { snapshot: { kind: 'job', maxSeconds: 600 } };
      const table = { database: 'orders', table: 'orders', key: ['id'], ...one };
      const known = { types: ['bigint'], chunks: 3, bytes: 9 };
      const snapshot = isOfOne && { snapshot: { id: '1-1', sees: 'a'.repeat(64) } };
      const head = { schema: 'public', table: 'orders', key: ['id'], ...known, ...snapshot };
      const plan = [head, ['4'], ['7']].map((line) => `${JSON.stringify(line)}\n`).join('');
      const output = { key: 'written', bytes: 1, crc32: 1 };
      let calls = 0;
      for (let at = 1; at <= calls + 1; at++) {
        calls = 0;
        world = brokenWorld(how, () => ++calls === at);
        world.objects.results.set(output.key, Buffer.from(plan));
        await world.ask({ table, reduce: { kind: 'concatenate' } });
        const worked: string[] = [];
        await toItsEnd(world, (id) => {
          worked.push(id);
          const kind = isOfOne && id === planning ? 'hand-over' : 'commit';
          return { kind, part: { ...part(1), output } };
        });
        expect(await world.job(), `broken off at call ${at}`).toMatchObject({
          outcome: 'succeeded',
          chunks: 3,
          reduced: output,
          tally: { committed: 3, failed: 0, records: 3 },
        });
        expect(await world.chunks.read(key.name, planning)).toMatchObject({ state: 'committed' });
        // Each chunk and each step once, whatever was asked for twice.
        expect(worked.toSorted()).toEqual(['0', '1', '2', 'plan', expect.stringMatching(/^reduce-\d+$/)]);
        expect(world.lines('manifest')).toHaveLength(3);
        expect(world.queues.queues.size).toBe(0);
        expect(world.identities.made.size).toBe(0);
        expect((await world.jobs.ledger(key.team)).held).toEqual({});
      }
      expect(calls).toBeGreaterThan(60);
    },
  );
});

function brokenWorld(how: string, isNow: () => boolean): JobWorld {
  const breaking = <T extends object>(port: T): T => brokenAt(port, how, isNow);
  return new JobWorld((deps) => ({
    jobs: breaking(deps.jobs),
    chunks: breaking(deps.chunks),
    queues: breaking(deps.queues),
    identities: breaking(deps.identities),
    slots: breaking(deps.slots),
    objects: breaking(deps.objects),
  }));
}

const commit = () => ({ kind: 'commit', part: part(1) }) as const;
const fail = () => ({ kind: 'fail', attempt: 1, failure: { kind: 'command', message: 'no' } }) as const;

function brokenAt<T extends object>(port: T, how: string, isNow: () => boolean): T {
  return new Proxy(port, {
    get: (target, name) => {
      const found: unknown = Reflect.get(target, name);
      if (typeof found !== 'function') return found;
      return (...of: unknown[]) => {
        const breaks = isNow();
        const lost = () => {
          throw new Retryable('broken off');
        };
        if (breaks && how.startsWith('before')) return lost();
        const answer: unknown = Reflect.apply(found, target, of);
        if (!breaks) return answer;
        return answer instanceof Promise ? answer.then(lost) : lost();
      };
    },
  });
}

/** Who holds a snapshot says that it lives. */
async function beat({ chunks, clock }: JobWorld): Promise<void> {
  const plan = await chunks.read(key.name, planning);
  const decision = plan && nextChunk(plan, { kind: 'heartbeat', attempt: plan.attempts }, rules, clock.now());
  if (decision?.outcome === 'changed') await chunks.write(decision.state, plan);
}

/** Workers and the cluster do their part between looks, as time goes by. */
async function toItsEnd(of: JobWorld, event: (id: string) => ChunkEvent): Promise<void> {
  for (let left = 60; left > 0; left--) {
    await of.look(20).catch((error: unknown) => {
      if (!(error instanceof Retryable)) throw error;
    });
    if (of.queues.queues.size > 0) await of.work(event);
    await beat(of);
    if ((await of.slots.wanted(key)) !== undefined) await of.seen();
    if ((await of.job()).phase === 'ended') return;
  }
  throw new Error(`it has not ended: ${JSON.stringify(await of.job())}`);
}
