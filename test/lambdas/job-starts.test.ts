/** What starts standing jobs: told twice, out of order, lost, crashed into and refused, each cause starts one job or says why not. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Conflict } from '#core/errors.ts';
import { type Job, nextJob } from '#core/jobs/job.ts';
import { jobChange } from '#core/jobs/job-change.ts';
import type { JobEvent } from '#core/jobs/job-event.ts';
import { askedStanding, nextStanding, type StandingEvent } from '#core/jobs/standing/next.ts';
import { isLive, type LiveStanding, type StandingSpec } from '#core/jobs/standing/standing.ts';
import { emptyTally } from '#core/jobs/tally.ts';
import { type Instant, secondsBetween, TeamName } from '#core/names.ts';
import { jobStarts } from '#lambdas/job-starts/starts.ts';
import { following, incoming, keyOf, nightly } from '../core/jobs/standing/samples.ts';
import { uploadEvent } from './events.ts';
import { look, World } from './world.ts';

const team = TeamName.parse('checkout');
/** Monday at ten in UTC is the world's beginning; three in Berlin is two in UTC. */
const night = '2026-01-06T02:00:00.000Z';

let world: World;
beforeEach(() => {
  world = new World({ environments: [] });
});

/** As the API writes it. */
async function asked(name: string, spec: StandingSpec): Promise<void> {
  const at = world.clock.now();
  const decision = askedStanding(keyOf(name), undefined, { spec, owner: 'rita', at });
  if (decision.outcome !== 'changed') throw new Error(decision.outcome);
  await world.standing.write({ standing: decision.standing, at });
}
async function said(name: string, event: StandingEvent): Promise<void> {
  const decision = nextStanding(await standing(name), event, world.clock.now());
  if (decision.outcome !== 'changed') throw new Error(JSON.stringify(decision));
  await world.standing.write({ standing: decision.standing, at: world.clock.now() });
}
async function standing(name: string): Promise<LiveStanding> {
  const found = await world.standing.read(keyOf(name));
  if (!isLive(found)) throw new Error(`there is no ${name}`);
  return found;
}
const looked = (name: string) => world.deliver('job-starts', look(keyOf(name)));
const uploaded = (object: string, more: object = {}) =>
  world.deliver('job-starts', uploadEvent(world.clock.now(), `datasets/checkout/incoming/${object}`, more));
const jobs = async () => (await world.jobs.list(team, undefined, 100)).jobs;
const until = (instant: Instant) => world.clock.advance(secondsBetween(world.clock.now(), instant));
const runs = async (name: string) =>
  (await standing(name)).runs.map(({ outcome, why }) => `${outcome}${why === undefined ? '' : `: ${why}`}`);

/** As the stage of jobs brings it to its end. */
async function end(job: Pick<Job, 'team' | 'name'>, failed = 0): Promise<void> {
  const events: JobEvent[] = [
    { kind: 'listed', chunks: 1, bytes: 10 },
    { kind: 'sent', upTo: 1 },
    { kind: 'tallied', tally: { ...emptyTally, committed: 1 - failed, failed } },
    { kind: 'manifest-written' },
    { kind: 'taken-away' },
  ];
  for (const event of events) {
    const before = await world.jobs.read(job);
    if (!before) throw new Error('it was asked for');
    const decision = nextJob(before, event, world.clock.now());
    if (decision.outcome !== 'changed') throw new Error(`${event.kind}: ${decision.outcome}`);
    const isEnd = decision.job.phase === 'ended';
    const told = { at: world.clock.now(), actor: 'jobs', lookAfterSeconds: isEnd ? undefined : 15 };
    const held = await world.jobs.ledger(team);
    const { [job.name]: _, ...others } = held.held;
    const ledger = isEnd ? { ledger: { ...held, version: held.version + 1, held: others } } : {};
    await world.jobs.write(jobChange(before, decision.job, told), ledger);
  }
}
/** @throws where there is none. */
async function running(name: string): Promise<{ team: TeamName; name: Job['name'] }> {
  const { current } = await standing(name);
  if (current === undefined) throw new Error(`no job of ${name} goes on`);
  return { team, name: current.job };
}

describe('a schedule', () => {
  beforeEach(() => asked('nightly', nightly));

  test('starts one job when its time comes, in the name of who asked for it', async () => {
    await looked('nightly');
    expect(await standing('nightly')).toMatchObject({ next: night, lookAt: night });
    expect(await jobs()).toEqual([]);
    until(night);
    await looked('nightly');
    await looked('nightly');
    const [job, ...others] = await jobs();
    expect(others).toEqual([]);
    expect(job).toMatchObject({
      phase: 'listing',
      requester: 'rita',
      cluster: 'main',
      standing: { name: 'nightly', depth: 0 },
      request: { dataset: 's3://jobs/datasets/checkout/sales/' },
      lookAt: night,
    });
    if (!job) throw new Error('it was started');
    expect((await world.jobs.audit(job, 5)).map(({ actor, what }) => `${actor}: ${what}`)).toEqual([
      `job-starts: started by standing job checkout/nightly: the time ${night}`,
    ]);
    expect((await world.jobs.ledger(team)).held[job.name]).toMatchObject({ cpu: 1.2 });
    expect(await standing('nightly')).toMatchObject({
      current: { job: job.name },
      next: '2026-01-07T02:00:00.000Z',
    });
  });

  test('that nobody looked at makes good the newest time, once, and says so', async () => {
    until('2026-01-09T07:00:00.000Z');
    await looked('nightly');
    expect(await jobs()).toHaveLength(1);
    expect((await standing('nightly')).current?.cause).toEqual({
      kind: 'time',
      at: '2026-01-09T02:00:00.000Z',
      missed: 3,
    });
  });

  test('goes by the outbox and reconcile alone: a night, and another', async () => {
    await said('nightly', { kind: 'change', by: 'rita', spec: every('*/5 * * * *') });
    // Its dataset is empty: each job ends by itself.
    await world.pass(340);
    expect(await runs('nightly')).toEqual(['succeeded: There was nothing to read.']);
    await world.pass(300);
    expect(await runs('nightly')).toHaveLength(2);
    expect(await jobs()).toHaveLength(2);
    expect(world.dead).toEqual([]);
  });

  test('is not told of an end: it is found', async () => {
    until(night);
    await looked('nightly');
    await end(await running('nightly'), 1);
    world.clock.advance(301);
    await world.reconcile();
    expect(world.looks.sent).toContainEqual(
      expect.objectContaining({ stage: 'job-starts', look: { kind: 'look', environment: keyOf('nightly') } }),
    );
    await looked('nightly');
    expect(await runs('nightly')).toEqual(['failed: 1 chunk failed; 0 may.']);
  });

  test('skips a night while its job goes on', async () => {
    until(night);
    await looked('nightly');
    const { name } = await running('nightly');
    until('2026-01-07T02:00:00.000Z');
    await looked('nightly');
    expect(await runs('nightly')).toEqual([`skipped: ${name} went on`]);
    expect(await jobs()).toHaveLength(1);
  });

  test('without room says why, and starts when there is some', async () => {
    const few = world.config.teams.map((one) => ({ ...one, quota: { ...one.quota, cpu: 1 } }));
    until(night);
    await world.deliver('job-starts', look(keyOf('nightly')), { config: { ...world.config, teams: few } });
    expect(await jobs()).toEqual([]);
    expect((await standing('nightly')).waiting).toMatchObject([
      { refused: { why: expect.stringMatching(/it asks for 1.2 cores, and 1 of 1 are free/), tries: 1 } },
    ]);
    await looked('nightly');
    expect(await jobs()).toEqual([]);
    world.clock.advance(300);
    await looked('nightly');
    expect(await jobs()).toHaveLength(1);
  });

  test.each([
    ['a team that is no more', { teams: [] }, /names no team checkout/],
    ['a cluster that is no more', { clusters: [] }, /cluster: no cluster/],
  ])('of %s says so', async (_, parts, why) => {
    until(night);
    await world.deliver('job-starts', look(keyOf('nightly')), { config: { ...world.config, ...parts } });
    expect((await standing('nightly')).waiting[0]?.refused?.why).toMatch(why);
  });

  test('that was deleted, paused, or never was starts nothing', async () => {
    await said('nightly', { kind: 'pause', by: 'rita' });
    until(night);
    await looked('nightly');
    await said('nightly', { kind: 'delete', by: 'rita' });
    await looked('nightly');
    await looked('nobody');
    expect(await jobs()).toEqual([]);
    expect(world.dead).toEqual([]);
  });
});

const every = (cron: string): StandingSpec => ({
  ...nightly,
  when: { kind: 'schedule', cron, timeZone: 'UTC' },
});

describe('an upload', () => {
  beforeEach(() => asked('incoming', incoming));

  test('starts one job over that object, however often it is told of', async () => {
    const event = uploadEvent(world.clock.now(), 'datasets/checkout/incoming/a=1/é'.replace('é', 'b.ndjson'));
    await world.deliver('job-starts', event);
    await world.deliver('job-starts', { ...event, id: 'e-again' });
    expect((await jobs()).map(({ request }) => request.dataset)).toEqual([
      's3://jobs/datasets/checkout/incoming/a=1/b.ndjson',
    ]);
  });

  test('told once more when nobody remembers it starts none', async () => {
    const event = uploadEvent(world.clock.now(), 'datasets/checkout/incoming/first');
    await world.deliver('job-starts', event);
    await end(await running('incoming'));
    await looked('incoming');
    const known = await standing('incoming');
    await world.standing.write({
      standing: { ...known, runs: [], version: known.version + 1 },
      at: known.at,
    });
    world.clock.advance(3600);
    await world.deliver('job-starts', event);
    expect(await jobs()).toHaveLength(1);
    await looked('incoming');
    world.clock.advance(301);
    await looked('incoming');
    expect(await runs('incoming')).toEqual(['succeeded']);
  });

  test('of several, each starts one, one after the other, in their order', async () => {
    for (const object of ['a', 'b', 'c']) await uploaded(object);
    const read: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      const job = await running('incoming');
      read.push((await world.jobs.read(job))?.request.dataset);
      await end(job);
      await world.deliver('job-starts', look(job));
    }
    expect(read).toEqual(['a', 'b', 'c'].map((name) => `s3://jobs/datasets/checkout/incoming/${name}`));
    expect(await runs('incoming')).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(await jobs()).toHaveLength(3);
  });

  test('of the same object again, written anew, starts another', async () => {
    await uploaded('a', { sequencer: '1' });
    await uploaded('a', { sequencer: '2' });
    expect((await standing('incoming')).waiting).toHaveLength(1);
  });

  test.each([
    ['elsewhere', 'datasets/checkout/other/a', {}],
    ['of another team', 'datasets/other/incoming/a', {}],
    ['of no team', 'datasets/a', {}],
    ['of a folder', 'datasets/checkout/incoming/new/', { size: 0 }],
  ])('%s starts none', async (_, key, more) => {
    await world.deliver('job-starts', uploadEvent(world.clock.now(), key, more));
    expect(await jobs()).toEqual([]);
    expect(await runs('incoming')).toEqual([]);
    expect(world.dead).toEqual([]);
  });

  test('to another bucket starts none', async () => {
    const event = uploadEvent(world.clock.now(), 'datasets/checkout/incoming/a');
    await world.deliver('job-starts', { ...event, detail: { ...event.detail, bucket: { name: 'lake' } } });
    expect(await jobs()).toEqual([]);
  });

  test('whose key no dataset may have is told of', async () => {
    await uploaded('a b.csv');
    expect(await runs('incoming')).toMatchObject([expect.stringMatching(/refused: Its key has characters/)]);
    expect(await jobs()).toEqual([]);
  });

  test('that is malformed goes to the DLQ', async () => {
    await world.deliver('job-starts', { ...uploadEvent(world.clock.now(), 'k'), detail: { bucket: {} } });
    await world.deliver('job-starts', { ...uploadEvent(world.clock.now(), 'k'), time: 'soon' });
    expect(world.dead.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/aws\.s3 Object Created\) is not valid/),
      expect.stringMatching(/the time of event .* is not valid/),
    ]);
  });

  test('what is no look and no upload goes to the DLQ', async () => {
    await world.deliver('job-starts', { kind: 'sweep' });
    expect(world.dead[0]?.reason).toMatch(/takes looks and uploads, not sweep/);
  });
});

describe('a chain', () => {
  beforeEach(async () => {
    await asked('incoming', incoming);
    await asked('second', following('incoming'));
    await asked('third', following('second'));
  });

  test('goes on over the results of each that succeeded', async () => {
    await uploaded('a');
    const first = await running('incoming');
    await end(first);
    await world.deliver('job-starts', look(first));
    const second = await running('second');
    expect(await world.jobs.read(second)).toMatchObject({
      request: { results: first.name },
      standing: { name: 'second', depth: 1 },
    });
    await end(second);
    await world.deliver('job-starts', look(second));
    expect(await world.jobs.read(await running('third'))).toMatchObject({
      request: { results: second.name },
      standing: { depth: 2 },
    });
    expect(await jobs()).toHaveLength(3);
    expect(world.dead).toEqual([]);
  });

  test('ends where one fails, and goes on when that one was retried', async () => {
    await uploaded('a');
    const first = await running('incoming');
    await end(first, 1);
    await world.deliver('job-starts', look(first));
    expect(await runs('incoming')).toMatchObject([expect.stringMatching(/^failed/)]);
    expect(await jobs()).toHaveLength(1);
    const ended = await world.jobs.read(first);
    if (ended?.phase !== 'ended') throw new Error('it has ended');
    const again = nextJob(ended, { kind: 'retry', by: 'rita' }, world.clock.now());
    if (again.outcome !== 'changed') throw new Error(again.outcome);
    const told = { at: world.clock.now(), actor: 'rita', lookAfterSeconds: 15 };
    await world.jobs.write(jobChange(ended, again.job, told));
    await brought(first, { kind: 'retried', tally: emptyTally });
    await brought(first, { kind: 'sent', upTo: 1 });
    await brought(first, { kind: 'tallied', tally: { ...emptyTally, committed: 1 } });
    await brought(first, { kind: 'manifest-written' });
    await brought(first, { kind: 'taken-away' });
    await world.deliver('job-starts', look(first));
    expect(await runs('incoming')).toEqual(['succeeded']);
    expect(await world.jobs.read(await running('second'))).toMatchObject({
      request: { results: first.name },
    });
  });

  test('told twice of an end goes on once', async () => {
    await uploaded('a');
    const first = await running('incoming');
    await end(first);
    await world.deliver('job-starts', look(first));
    await world.deliver('job-starts', look(first));
    await looked('incoming');
    expect(await jobs()).toHaveLength(2);
  });

  test('is broken off where two changes at once made a circle', async () => {
    await uploaded('a');
    const known = await standing('incoming');
    const circle = { ...known, spec: following('third'), version: known.version + 1 };
    await world.standing.write({ standing: circle, at: known.at });
    const names = ['incoming', 'second', 'third'];
    for (let depth = 0; depth <= 8; depth++) {
      const job = await running(names[depth % 3] ?? '');
      await end(job);
      await world.deliver('job-starts', look(job));
    }
    expect(await jobs()).toHaveLength(9);
    expect((await standing('incoming')).waiting[0]?.refused?.why).toMatch(
      /the end of a chain of 9 jobs: 8 at most/,
    );
  });
});

async function brought(job: Pick<Job, 'team' | 'name'>, event: JobEvent): Promise<void> {
  const before = await world.jobs.read(job);
  if (!before) throw new Error('it was asked for');
  const decision = nextJob(before, event, world.clock.now());
  if (decision.outcome !== 'changed') throw new Error(`${event.kind}: ${decision.outcome}`);
  const told = { at: world.clock.now(), actor: 'jobs', lookAfterSeconds: 15 };
  await world.jobs.write(jobChange(before, decision.job, told));
}

/** Every call that reads or writes, until the given one, which is not made, or is and its answer is lost. */
function breaking(at: number, when: 'before' | 'after') {
  let calls = 0;
  const of = <P extends object>(port: P): P =>
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
  return { of, isBroken: () => calls > at };
}

describe.each(['before', 'after'] as const)('broken off at any call, %s it is made', (when) => {
  test.each([
    ['when its message comes again', true],
    ['when it does not, and they are looked at later', false],
  ])('an upload, and the chain behind it, come to the same end %s', async (_, comesAgain) => {
    for (let call = 0; ; call++) {
      world = new World({ environments: [] });
      await asked('incoming', incoming);
      await asked('second', following('incoming'));
      const { of, isBroken } = breaking(call, when);
      const handle = jobStarts({
        standing: of(world.standing),
        jobs: of(world.jobs),
        config: world.config,
        bucket: 'jobs',
        clock: world.clock,
      });
      const at = world.clock.now();
      const object = { key: 'datasets/checkout/incoming/a', size: 1, etag: 'e', sequencer: '1' };
      await twice(() => handle({ kind: 'upload', at, bucket: 'jobs', object }));
      const first = await running('incoming');
      await end(first);
      if (comesAgain) await twice(() => handle(look(first)));
      else await handle(look(first)).catch(broken);
      world.clock.advance(301);
      await twice(() => handle(look(keyOf('incoming'))));
      await twice(() => handle(look(keyOf('second'))));
      expect(await jobs()).toHaveLength(2);
      expect(await runs('incoming')).toEqual(['succeeded']);
      expect((await world.jobs.read(await running('second')))?.request.results).toBe(first.name);
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

test('two at once: of one cause one job is written, and the other one reads again', async () => {
  await asked('nightly', nightly);
  until(night);
  const read = world.standing.read.bind(world.standing);
  const handle = jobStarts({
    standing: {
      read,
      all: world.standing.all.bind(world.standing),
      write: world.standing.write.bind(world.standing),
    },
    jobs: {
      read: world.jobs.read.bind(world.jobs),
      ledger: world.jobs.ledger.bind(world.jobs),
      write: async (...args) => {
        // The other one was faster.
        await looked('nightly');
        await world.jobs.write(...args);
      },
    },
    config: world.config,
    bucket: 'jobs',
    clock: world.clock,
  });
  await expect(handle(look(keyOf('nightly')))).rejects.toBeInstanceOf(Conflict);
  expect(await jobs()).toHaveLength(1);
});
