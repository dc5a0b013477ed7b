/** Looks at a data job: early, twice, broken off anywhere, beside others and beside people. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Rejected, Retryable } from '#core/errors.ts';
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
