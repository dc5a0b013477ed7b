/** Standing jobs that follow others: over the results of each that succeeded, once, wherever that is broken off. */
import { beforeEach, describe, expect, test } from 'vitest';
import { nextJob } from '#core/jobs/job.ts';
import { jobChange } from '#core/jobs/job-change.ts';
import { emptyTally } from '#core/jobs/tally.ts';
import { jobStarts } from '#lambdas/job-starts/starts.ts';
import { following, incoming, keyOf } from '../core/jobs/standing/samples.ts';
import { StandingWorld } from './standing-world.ts';
import { look, type World } from './world.ts';

let of: StandingWorld;
let world: World;
beforeEach(() => {
  of = new StandingWorld();
  world = of.world;
});

describe('a chain', () => {
  beforeEach(async () => {
    await of.asked('incoming', incoming);
    await of.asked('second', following('incoming'));
    await of.asked('third', following('second'));
  });

  test('goes on over the results of each that succeeded', async () => {
    await of.uploaded('a');
    const first = await of.running('incoming');
    await of.end(first);
    await world.deliver('job-starts', look(first));
    const second = await of.running('second');
    expect(await world.jobs.read(second)).toMatchObject({
      request: { results: first.name },
      standing: { name: 'second', depth: 1 },
    });
    await of.end(second);
    await world.deliver('job-starts', look(second));
    expect(await world.jobs.read(await of.running('third'))).toMatchObject({
      request: { results: second.name },
      standing: { depth: 2 },
    });
    expect(await of.jobs()).toHaveLength(3);
    expect(world.dead).toEqual([]);
  });

  test('ends where one fails, and goes on when that one was retried', async () => {
    await of.uploaded('a');
    const first = await of.running('incoming');
    await of.end(first, 1);
    await world.deliver('job-starts', look(first));
    expect(await of.runs('incoming')).toMatchObject([expect.stringMatching(/^failed/)]);
    expect(await of.jobs()).toHaveLength(1);
    await retried(first);
    await world.deliver('job-starts', look(first));
    expect(await of.runs('incoming')).toEqual(['succeeded']);
    expect(await world.jobs.read(await of.running('second'))).toMatchObject({
      request: { results: first.name },
    });
  });

  test('goes on when one that was retried ends so that nobody hears of it', async () => {
    await of.uploaded('a');
    const first = await of.running('incoming');
    await of.end(first, 1);
    await world.deliver('job-starts', look(first));
    await retried(first);
    // Its look is sent, and lost on its way.
    world.clock.advance(61);
    await world.reconcile();
    world.looks.sent.length = 0;
    world.clock.advance(300);
    await world.reconcile();
    const { team, name } = first;
    const environment = { team, name };
    expect(world.looks.sent).toContainEqual(
      expect.objectContaining({ stage: 'job-starts', look: { kind: 'look', environment } }),
    );
    await world.deliver('job-starts', look(first));
    expect(await of.runs('incoming')).toEqual(['succeeded']);
    expect(await world.jobs.read(await of.running('second'))).toMatchObject({ request: { results: name } });
    // Until it was heard of, and no longer.
    expect(await world.jobs.read(first)).not.toHaveProperty('lookAt');
  });

  test('told twice of an end goes on once', async () => {
    await of.uploaded('a');
    const first = await of.running('incoming');
    await of.end(first);
    await world.deliver('job-starts', look(first));
    await world.deliver('job-starts', look(first));
    await of.looked('incoming');
    expect(await of.jobs()).toHaveLength(2);
  });

  test('is broken off where two changes at once made a circle', async () => {
    await of.uploaded('a');
    const known = await of.standing('incoming');
    const circle = { ...known, spec: following('third'), version: known.version + 1 };
    await world.standing.write({ standing: circle, at: known.at });
    const names = ['incoming', 'second', 'third'];
    for (let depth = 0; depth <= 8; depth++) {
      const job = await of.running(names[depth % 3] ?? '');
      await of.end(job);
      await world.deliver('job-starts', look(job));
    }
    expect(await of.jobs()).toHaveLength(9);
    expect((await of.standing('incoming')).waiting[0]?.refused?.why).toMatch(
      /the end of a chain of 9 jobs: 8 at most/,
    );
  });
});

/** By hand, and then each of its chunks has a result. */
async function retried(job: Parameters<typeof of.brought>[0]): Promise<void> {
  const ended = await world.jobs.read(job);
  if (ended?.phase !== 'ended') throw new Error('it has ended');
  const again = nextJob(ended, { kind: 'retry', by: 'rita' }, world.clock.now());
  if (again.outcome !== 'changed') throw new Error(again.outcome);
  const told = { at: world.clock.now(), actor: 'rita', lookAfterSeconds: 15 };
  await world.jobs.write(jobChange(ended, again.job, told));
  await of.brought(
    job,
    { kind: 'retried', tally: emptyTally },
    { kind: 'sent', upTo: 1 },
    { kind: 'tallied', tally: { ...emptyTally, committed: 1 } },
    { kind: 'manifest-written' },
    { kind: 'taken-away' },
  );
}

/** Every call that reads or writes, until the given one, which is not made, or is and its answer is lost. */
function breaking(at: number, when: 'before' | 'after') {
  let calls = 0;
  const over = <P extends object>(port: P): P =>
    new Proxy(port, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          const breaks = calls++ === at;
          if (breaks && when === 'before') throw new Error('broken off');
          const result: unknown = await value.apply(target, args);
          if (breaks) throw new Error('broken off');
          return result;
        };
      },
    });
  return { over, isBroken: () => calls > at };
}

describe.each(['before', 'after'] as const)('broken off at any call, %s it is made', (when) => {
  test.each([
    ['when its message comes again', true],
    ['when it does not, and they are looked at later', false],
  ])('an upload, and the chain behind it, come to the same end %s', async (_, comesAgain) => {
    for (let call = 0; ; call++) {
      of = new StandingWorld();
      world = of.world;
      await of.asked('incoming', incoming);
      await of.asked('second', following('incoming'));
      const { over, isBroken } = breaking(call, when);
      const handle = jobStarts({
        standing: over(world.standing),
        jobs: over(world.jobs),
        config: world.config,
        bucket: 'jobs',
        clock: world.clock,
      });
      const at = world.clock.now();
      const object = { key: 'datasets/checkout/incoming/a', size: 1, etag: 'e', sequencer: '1' };
      await twice(() => handle({ kind: 'upload', at, bucket: 'jobs', object }));
      const first = await of.running('incoming');
      await of.end(first);
      if (comesAgain) await twice(() => handle(look(first)));
      else await handle(look(first)).catch(broken);
      world.clock.advance(301);
      await twice(() => handle(look(keyOf('incoming'))));
      await twice(() => handle(look(keyOf('second'))));
      expect(await of.jobs()).toHaveLength(2);
      expect(await of.runs('incoming')).toEqual(['succeeded']);
      expect((await world.jobs.read(await of.running('second')))?.request.results).toBe(first.name);
      if (!isBroken()) return;
    }
  });
});

function broken(error: unknown): void {
  if (!(error instanceof Error) || error.message !== 'broken off') throw error;
}
/** As a message that failed comes again, later. */
const twice = (work: () => Promise<void>): Promise<void> =>
  work().catch((error: unknown) => {
    broken(error);
    world.clock.advance(30);
    return work();
  });
