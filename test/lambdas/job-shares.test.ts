/** Jobs of one cluster that has too few workers for all: each takes its share, says what it could use, and takes that back at its end. */
import { beforeEach, expect, test } from 'vitest';
import type { Demand } from '#core/jobs/share.ts';
import { JobName } from '#core/jobs/slots.ts';
import { TeamName } from '#core/names.ts';
import { fill, JobWorld, key } from './job-world.ts';

let world: JobWorld;
beforeEach(() => {
  world = shared(4);
});

function shared(workers: number): JobWorld {
  const made = new JobWorld(() => ({ sharing: () => ({ workers, weightOf: () => 1 }) }));
  fill(made);
  return made;
}

/** Of another team, which wants all that there is. */
const other = (more: Partial<Demand> = {}): Demand => ({
  cluster: 'main',
  team: TeamName.parse('billing'),
  name: JobName.parse('job-00000000000000ff'),
  priority: 'high',
  workers: 100,
  at: world.clock.now(),
  ...more,
});
const own = async () => (await world.demands.of('main')).find(({ name }) => name === key.name);

/** Until its chunks are sent. */
async function started(parts: Record<string, unknown> = {}): Promise<void> {
  await world.ask({ parallelism: 4, ...parts });
  await world.look();
  expect(await world.look()).toMatchObject({ phase: 'running' });
}

test('a job alone has all that it can use, and says nothing of a share', async () => {
  await started();
  expect(await world.slots.wanted(key)).toMatchObject({ phase: 'running', slots: 4 });
  expect(await world.slots.wanted(key)).not.toHaveProperty('couldUse');
  expect(await own()).toMatchObject({ team: key.team, workers: 4, priority: 'normal' });
});

test('beside another team it has half, and the rest once the other wants it no more', async () => {
  await world.demands.say(other());
  await started();
  expect(await world.slots.wanted(key)).toMatchObject({ slots: 2, couldUse: 4 });
  world.clock.advance(15);
  await world.demands.say(other({ workers: 1 }));
  await world.look();
  expect(await world.slots.wanted(key)).toMatchObject({ slots: 3, couldUse: 4 });
  world.clock.advance(15);
  await world.demands.say(other({ workers: 0 }));
  await world.look();
  expect(await world.slots.wanted(key)).toMatchObject({ slots: 4 });
  expect(await world.slots.wanted(key)).not.toHaveProperty('couldUse');
});

test('gives up what another asks for later, and is not forgotten while it runs', async () => {
  await started();
  for (let i = 0; i < 60; i++) await world.look(15);
  const said = await own();
  expect(Date.parse(world.clock.now()) - Date.parse(said?.at ?? '')).toBeLessThan(600_000);
  await world.demands.say(other());
  await world.look(15);
  expect(await world.slots.wanted(key)).toMatchObject({ slots: 2, couldUse: 4 });
});

test('one that said nothing for ten minutes has gone', async () => {
  await world.demands.say(other());
  world.clock.advance(600);
  await started();
  expect(await world.slots.wanted(key)).toMatchObject({ slots: 4 });
});

test('where nothing is left to it, it waits with nothing made for it, and begins when something is', async () => {
  world = shared(1);
  await world.demands.say(other({ team: key.team }));
  await started();
  expect(await world.slots.wanted(key)).toBeUndefined();
  expect(world.identities.made.size).toBe(0);
  await world.demands.say(other({ team: key.team, workers: 0 }));
  await world.look(15);
  expect(await world.slots.wanted(key)).toMatchObject({ slots: 1, couldUse: 4 });
});

test.each(['pause', 'cancel'] as const)('a %s gives back what it had', async (kind) => {
  await started();
  await world.say({ kind, by: 'bob' });
  await world.look();
  expect(await own()).toMatchObject({ workers: 0 });
});

test('a job that has ended wants nothing of its cluster', async () => {
  await started();
  await world.work();
  expect(await world.look(15)).toMatchObject({ phase: 'finishing' });
  expect(await own()).toMatchObject({ workers: 0 });
});

test('where the configuration shares nothing, nothing is said', async () => {
  world = new JobWorld();
  fill(world);
  await started();
  expect(await world.slots.wanted(key)).toMatchObject({ slots: 4 });
  expect(await own()).toBeUndefined();
});
