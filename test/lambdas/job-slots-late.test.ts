/** The keeper of slots that is held up: what it read is of before, and what it makes is taken away again. */
import { describe, expect, it } from 'vitest';
import { Conflict } from '#core/errors.ts';
import { t0 } from '../core/samples.ts';
import { World } from './slots-world.ts';

describe('a keeper that read what was wanted before', () => {
  /** It looks, and is held up before it applies anything; meanwhile this happens. */
  async function heldUp(world: World, meanwhile: () => Promise<void>): Promise<void> {
    const apply = world.cluster.apply.bind(world.cluster);
    world.cluster.apply = async (objects) => {
      world.cluster.apply = apply;
      await meanwhile();
      await apply(objects);
    };
    await expect(world.look()).rejects.toThrow(Conflict);
  }

  it('makes the namespace of a job anew that has ended: its next try takes it away', async () => {
    const world = new World();
    await world.want();
    await world.look();
    await world.later();
    world.clock.advance(60);
    await heldUp(world, async () => {
      await world.want({ phase: 'ending', slots: 0 });
      await world.look();
      world.cluster.settle(world.job.name);
      await world.later();
      expect((await world.seen()).namespace).toBe('gone');
    });
    expect((await world.cluster.sight(world.job.name)).namespace).toBe('there');
    await world.look();
    world.cluster.settle(world.job.name);
    await world.later();
    expect((await world.cluster.sight(world.job.name)).namespace).toBe('gone');
    expect((await world.seen()).namespace).toBe('gone');
  });

  it('and then what was seen since, leaves an ended job as it is: nobody would come after it', async () => {
    const world = new World();
    await world.want();
    await world.look();
    const wanted = world.slots.wanted.bind(world.slots);
    world.slots.wanted = async (job) => {
      const old = await wanted(job);
      world.slots.wanted = wanted;
      await world.want({ phase: 'ending', slots: 0 });
      await world.look();
      world.cluster.settle(world.job.name);
      await world.later();
      return old;
    };
    await expect(world.look()).rejects.toThrow(Conflict);
    expect((await world.cluster.sight(world.job.name)).namespace).toBe('gone');
    expect((await world.seen()).namespace).toBe('gone');
  });

  it('makes workers for a job that is paused: its next try ends them', async () => {
    const world = new World();
    await world.want({ slots: 1 });
    await world.look();
    world.cluster.finish(world.job.name, 'slot-0-0', 'Complete', t0);
    world.clock.advance(60);
    await heldUp(world, async () => {
      await world.want({ phase: 'paused', slots: 0 });
      await world.look();
      await world.later();
    });
    expect(await world.names()).toContain('slot-0-1');
    await world.look();
    expect(await world.names()).not.toContain('slot-0-1');
  });

  it('writes nothing where all is at rest, as it was said to be', async () => {
    const world = new World();
    await world.want();
    await world.look();
    await world.want({ phase: 'paused', slots: 0 });
    await world.look();
    await world.later();
    const { version } = (await world.slots.seen(world.job)) ?? {};
    await world.later(3600);
    expect((await world.slots.seen(world.job))?.version).toBe(version);
  });
});
