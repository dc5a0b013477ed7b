/** The keeper of slots, over a cluster and a table in memory: what is doubled, late or malformed, and a crash between its steps. */
import { describe, expect, it } from 'vitest';
import { Conflict, Rejected, Retryable } from '#core/errors.ts';
import { at, t0 } from '../core/samples.ts';
import { three, World } from './slots-world.ts';

describe('a job whose slots are wanted', () => {
  it('has its namespace and a worker in each, is looked at again, and that is told', async () => {
    const world = new World();
    await world.want();
    await world.look();
    expect(await world.names()).toEqual(three);
    expect(world.cluster.object(world.job.name, 'ServiceAccount worker')).toBeDefined();
    expect(await world.seen()).toEqual({ namespace: 'gone', states: [] });
    expect(world.slots.looks).toEqual([
      { job: { team: 'checkout', name: world.job.name }, delaySeconds: 15 },
    ]);
    await world.later();
    expect(await world.seen()).toEqual({
      namespace: 'there',
      states: ['0 waiting', '1 waiting', '2 waiting'],
    });
    expect(world.told()).toBe(2);
  });

  it('is not told of where nothing turned, and is looked at rarely while all is well', async () => {
    const world = new World();
    await world.want();
    await world.look();
    for (const name of three) world.cluster.say(world.job.name, name, { phase: 'Running' });
    await world.later();
    const told = world.told();
    await world.later(60);
    await world.later(60);
    expect(world.told()).toBe(told);
    expect(world.slots.looks.at(-1)?.delaySeconds).toBe(60);
  });

  it('is told how long its workers had room on nodes, those that have gone with them', async () => {
    const world = new World();
    await world.want({ slots: 1 });
    await world.look();
    const { name } = world.job;
    world.cluster.say(name, 'slot-0-0', { phase: 'Running', startTime: t0 });
    await world.later(15);
    await world.later(60);
    world.cluster.finish(name, 'slot-0-0', 'Failed', t0, {
      startTime: t0,
      containerStatuses: [{ name: 'worker', state: { terminated: { exitCode: 1, finishedAt: at(80) } } }],
    });
    await world.later(60);
    await world.later(60);
    expect(await world.slots.seen(world.job)).toMatchObject({ workerSeconds: 80 });
  });

  it('has a slot filled again when its worker has ended, and hears why it failed', async () => {
    const world = new World();
    await world.want({ slots: 1 });
    await world.look();
    const containerStatuses = [
      { name: 'command', state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } },
    ];
    world.cluster.finish(world.job.name, 'slot-0-0', 'Failed', t0, { containerStatuses });
    await world.later();
    expect(await world.names()).toEqual(['slot-0-0', 'slot-0-1']);
    expect((await world.seen()).states).toEqual(['0 oom-killed']);
  });

  it('has workers told to go when it is paused, and then nobody looks until it goes on', async () => {
    const world = new World();
    await world.want();
    await world.look();
    await world.want({ phase: 'paused', slots: 0 });
    await world.look();
    expect(await world.names()).toEqual([]);
    await world.later();
    const { looks } = world.slots;
    const asked = looks.length;
    await world.later(3600);
    expect(looks).toHaveLength(asked);
    await world.want();
    await world.look();
    expect(await world.names()).toEqual(three);
  });

  it('loses its namespace at its end, and that it is gone is told', async () => {
    const world = new World();
    await world.want();
    await world.look();
    await world.want({ phase: 'ending', slots: 0 });
    await world.look();
    expect((await world.cluster.sight(world.job.name)).namespace).toBe('leaving');
    await world.later();
    expect((await world.seen()).namespace).toBe('there');
    world.cluster.settle(world.job.name);
    await world.later();
    expect(await world.seen()).toEqual({ namespace: 'gone', states: [] });
    const told = world.told();
    await world.later(3600);
    expect(world.told()).toBe(told);
  });
});

describe('a message', () => {
  it('that comes twice, or late, does nothing where somebody looked since', async () => {
    const world = new World();
    await world.want();
    await world.look();
    const { version } = (await world.slots.seen(world.job)) ?? {};
    await world.look();
    await world.look();
    expect((await world.slots.seen(world.job))?.version).toBe(version);
    expect(world.slots.looks).toHaveLength(1);
  });

  it('of what nobody wants, of another cluster or of an environment is told apart', async () => {
    const world = new World();
    await world.look();
    expect(await world.slots.seen(world.job)).toBeUndefined();
    await world.want({ cluster: 'other' });
    await expect(world.look()).rejects.toThrow('runs in cluster other, this is main');
    await expect(world.look('web')).rejects.toThrow(Rejected);
    await expect(world.handle({ kind: 'alive', cluster: 'main' })).rejects.toThrow(Rejected);
    expect((await world.cluster.sight(world.job.name)).namespace).toBe('gone');
  });

  it('upon which somebody else wrote first is handled anew by its wrapper', async () => {
    const world = new World();
    await world.want();
    const see = world.slots.see.bind(world.slots);
    world.slots.see = async () => {
      throw new Conflict('somebody else wrote first');
    };
    await expect(world.look()).rejects.toThrow(Conflict);
    world.slots.see = see;
    await world.look();
    expect(await world.names()).toEqual(three);
    expect(world.told()).toBe(1);
  });
});

describe('a cluster that', () => {
  it('fails half-way is asked again for what is missing, and makes nothing twice', async () => {
    const world = new World();
    await world.want();
    world.cluster.before = ({ metadata }) => {
      if (metadata.name === 'slot-1-0') throw new Retryable('the cluster does not answer');
    };
    await expect(world.look()).rejects.toThrow(Retryable);
    expect(await world.slots.seen(world.job)).toBeUndefined();
    const [first] = (await world.cluster.sight(world.job.name)).jobs;
    world.cluster.before = () => undefined;
    await world.look();
    expect(await world.names()).toEqual(three);
    expect((await world.cluster.sight(world.job.name)).jobs[0]?.metadata.uid).toBe(first?.metadata.uid);
  });

  it('refuses a worker says so in its slot, and has it asked for again', async () => {
    const world = new World();
    await world.want();
    await world.look();
    await world.cluster.remove(world.job.name);
    world.cluster.settle(world.job.name);
    world.cluster.before = ({ metadata }) => {
      if (metadata.name === 'slot-1-0') throw new Rejected('image "x" may not run here');
    };
    await world.later();
    expect(await world.names()).toEqual(['slot-0-0', 'slot-2-0']);
    const seen = await world.slots.seen(world.job);
    expect(seen?.slots).toMatchObject([{ slot: 1, state: 'failed', reason: 'image "x" may not run here' }]);
    world.cluster.before = () => undefined;
    await world.later();
    expect(await world.names()).toEqual(three);
  });

  it.each(['Namespace', 'NetworkPolicy'])('refuses the %s says so, and has no worker made', async (what) => {
    const world = new World();
    await world.want();
    world.cluster.before = ({ kind }) => {
      if (kind === what) throw new Rejected('not without the label cost-center');
    };
    await world.look();
    expect(await world.names()).toEqual([]);
    expect(await world.slots.seen(world.job)).toMatchObject({
      refused: 'not without the label cost-center',
      lookAt: at(60),
    });
    await world.later(60);
    const told = world.told();
    await world.later(60);
    expect(world.told()).toBe(told);
    world.cluster.before = () => undefined;
    await world.later(60);
    expect(await world.names()).toEqual(three);
    expect((await world.slots.seen(world.job))?.refused).toBeUndefined();
    expect(world.told()).toBe(told + 1);
  });

  it('refuses to let the namespace go says so, and is asked again', async () => {
    const world = new World();
    await world.want();
    await world.look();
    world.cluster.beforeRemoval = () => {
      throw new Rejected('it is protected');
    };
    await world.want({ phase: 'ending', slots: 0 });
    await world.look();
    expect(await world.slots.seen(world.job)).toMatchObject({
      refused: 'it is protected',
      namespace: 'there',
    });
    world.cluster.beforeRemoval = () => undefined;
    await world.later(60);
    world.cluster.settle(world.job.name);
    await world.later();
    expect(await world.slots.seen(world.job)).toMatchObject({ namespace: 'gone' });
    expect((await world.slots.seen(world.job))?.refused).toBeUndefined();
  });

  it('has more workers than are called at once has them all', async () => {
    const world = new World();
    await world.want({ slots: 37 });
    await world.look();
    expect(await world.names()).toHaveLength(37);
    await world.want({ phase: 'paused', slots: 0 });
    await world.look();
    expect(await world.names()).toEqual([]);
  });
});
