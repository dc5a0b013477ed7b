/** What starts standing jobs: told twice, out of order, lost and refused, each cause starts one job or says why not. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Conflict } from '#core/errors.ts';
import type { StandingSpec } from '#core/jobs/standing/standing.ts';
import { jobStarts } from '#lambdas/job-starts/starts.ts';
import { incoming, keyOf, nightly } from '../core/jobs/standing/samples.ts';
import { uploadEvent } from './events.ts';
import { StandingWorld } from './standing-world.ts';
import { look, type World } from './world.ts';

/** Monday at ten in UTC is the world's beginning; three in Berlin is two in UTC. */
const night = '2026-01-06T02:00:00.000Z';

let of: StandingWorld;
let world: World;
beforeEach(() => {
  of = new StandingWorld();
  world = of.world;
});

describe('a schedule', () => {
  beforeEach(() => of.asked('nightly', nightly));

  test('starts one job when its time comes, in the name of who asked for it', async () => {
    await of.looked('nightly');
    expect(await of.standing('nightly')).toMatchObject({ next: night, lookAt: night });
    expect(await of.jobs()).toEqual([]);
    of.until(night);
    await of.looked('nightly');
    await of.looked('nightly');
    const [job, ...others] = await of.jobs();
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
    expect((await world.jobs.ledger(job.team)).held[job.name]).toMatchObject({ cpu: 1.2 });
    expect(await of.standing('nightly')).toMatchObject({
      current: { job: job.name },
      next: '2026-01-07T02:00:00.000Z',
    });
  });

  test('that nobody looked at makes good the newest time, once, and says so', async () => {
    of.until('2026-01-09T07:00:00.000Z');
    await of.looked('nightly');
    expect(await of.jobs()).toHaveLength(1);
    expect((await of.standing('nightly')).current?.cause).toEqual({
      kind: 'time',
      at: '2026-01-09T02:00:00.000Z',
      missed: 3,
    });
  });

  test('goes by the outbox and reconcile alone: a night, and another', async () => {
    await of.said('nightly', { kind: 'change', by: 'rita', spec: every('*/5 * * * *') });
    // Its dataset is empty: each job ends by itself.
    await world.pass(340);
    expect(await of.runs('nightly')).toEqual(['succeeded: There was nothing to read.']);
    await world.pass(300);
    expect(await of.runs('nightly')).toHaveLength(2);
    expect(await of.jobs()).toHaveLength(2);
    expect(world.dead).toEqual([]);
  });

  test('is not told of an end: it is found', async () => {
    of.until(night);
    await of.looked('nightly');
    await of.end(await of.running('nightly'), 1);
    world.clock.advance(301);
    await world.reconcile();
    expect(world.looks.sent).toContainEqual(
      expect.objectContaining({ stage: 'job-starts', look: { kind: 'look', environment: keyOf('nightly') } }),
    );
    await of.looked('nightly');
    expect(await of.runs('nightly')).toEqual(['failed: 1 chunk failed; 0 may.']);
  });

  test('skips a night while its job goes on', async () => {
    of.until(night);
    await of.looked('nightly');
    const { name } = await of.running('nightly');
    of.until('2026-01-07T02:00:00.000Z');
    await of.looked('nightly');
    expect(await of.runs('nightly')).toEqual([`skipped: ${name} went on`]);
    expect(await of.jobs()).toHaveLength(1);
  });

  test('without room says why, and starts when there is some', async () => {
    const few = world.config.teams.map((one) => ({ ...one, quota: { ...one.quota, cpu: 1 } }));
    of.until(night);
    await world.deliver('job-starts', look(keyOf('nightly')), { config: { ...world.config, teams: few } });
    expect(await of.jobs()).toEqual([]);
    expect((await of.standing('nightly')).waiting).toMatchObject([
      { refused: { why: expect.stringMatching(/it asks for 1.2 cores, and 1 of 1 are free/), tries: 1 } },
    ]);
    await of.looked('nightly');
    expect(await of.jobs()).toEqual([]);
    world.clock.advance(300);
    await of.looked('nightly');
    expect(await of.jobs()).toHaveLength(1);
  });

  test.each([
    ['a team that is no more', { teams: [] }, /names no team checkout/],
    ['a cluster that is no more', { clusters: [] }, /cluster: no cluster/],
  ])('of %s says so', async (_, parts, why) => {
    of.until(night);
    await world.deliver('job-starts', look(keyOf('nightly')), { config: { ...world.config, ...parts } });
    expect((await of.standing('nightly')).waiting[0]?.refused?.why).toMatch(why);
  });

  test('that was deleted, paused, or never was starts nothing', async () => {
    await of.said('nightly', { kind: 'pause', by: 'rita' });
    of.until(night);
    await of.looked('nightly');
    await of.said('nightly', { kind: 'delete', by: 'rita' });
    await of.looked('nightly');
    await of.looked('nobody');
    expect(await of.jobs()).toEqual([]);
    expect(world.dead).toEqual([]);
  });
});

const every = (cron: string): StandingSpec => ({
  ...nightly,
  when: { kind: 'schedule', cron, timeZone: 'UTC' },
});

describe('an upload', () => {
  beforeEach(() => of.asked('incoming', incoming));

  test('starts one job over that object, however often it is told of', async () => {
    const event = uploadEvent(world.clock.now(), 'datasets/checkout/incoming/a=1/é'.replace('é', 'b.ndjson'));
    await world.deliver('job-starts', event);
    await world.deliver('job-starts', { ...event, id: 'e-again' });
    expect((await of.jobs()).map(({ request }) => request.dataset)).toEqual([
      's3://jobs/datasets/checkout/incoming/a=1/b.ndjson',
    ]);
  });

  test('told once more when nobody remembers it starts none', async () => {
    const event = uploadEvent(world.clock.now(), 'datasets/checkout/incoming/first');
    await world.deliver('job-starts', event);
    await of.end(await of.running('incoming'));
    await of.looked('incoming');
    const known = await of.standing('incoming');
    await world.standing.write({
      standing: { ...known, runs: [], version: known.version + 1 },
      at: known.at,
    });
    world.clock.advance(3600);
    await world.deliver('job-starts', event);
    expect(await of.jobs()).toHaveLength(1);
    await of.looked('incoming');
    world.clock.advance(301);
    await of.looked('incoming');
    expect(await of.runs('incoming')).toEqual(['succeeded']);
  });

  test('of several, each starts one, one after the other, in their order', async () => {
    for (const object of ['a', 'b', 'c']) await of.uploaded(object);
    const read: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      const job = await of.running('incoming');
      read.push((await world.jobs.read(job))?.request.dataset);
      await of.end(job);
      await world.deliver('job-starts', look(job));
    }
    expect(read).toEqual(['a', 'b', 'c'].map((name) => `s3://jobs/datasets/checkout/incoming/${name}`));
    expect(await of.runs('incoming')).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(await of.jobs()).toHaveLength(3);
  });

  test('of the same object again, written anew, starts another', async () => {
    await of.uploaded('a', { sequencer: '1' });
    await of.uploaded('a', { sequencer: '2' });
    expect((await of.standing('incoming')).waiting).toHaveLength(1);
  });

  test.each([
    ['elsewhere', 'datasets/checkout/other/a', {}],
    ['of another team', 'datasets/other/incoming/a', {}],
    ['of no team', 'datasets/a', {}],
    ['of a folder', 'datasets/checkout/incoming/new/', { size: 0 }],
  ])('%s starts none', async (_, key, more) => {
    await world.deliver('job-starts', uploadEvent(world.clock.now(), key, more));
    expect(await of.jobs()).toEqual([]);
    expect(await of.runs('incoming')).toEqual([]);
    expect(world.dead).toEqual([]);
  });

  test('to another bucket starts none', async () => {
    const event = uploadEvent(world.clock.now(), 'datasets/checkout/incoming/a');
    await world.deliver('job-starts', { ...event, detail: { ...event.detail, bucket: { name: 'lake' } } });
    expect(await of.jobs()).toEqual([]);
  });

  test('whose key no dataset may have is told of', async () => {
    await of.uploaded('a b.csv');
    expect(await of.runs('incoming')).toMatchObject([
      expect.stringMatching(/refused: Its key has characters/),
    ]);
    expect(await of.jobs()).toEqual([]);
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

test('two at once: of one cause one job is written, and the other one reads again', async () => {
  await of.asked('nightly', nightly);
  of.until(night);
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
        await of.looked('nightly');
        await world.jobs.write(...args);
      },
    },
    config: world.config,
    bucket: 'jobs',
    clock: world.clock,
  });
  await expect(handle(look(keyOf('nightly')))).rejects.toBeInstanceOf(Conflict);
  expect(await of.jobs()).toHaveLength(1);
});
