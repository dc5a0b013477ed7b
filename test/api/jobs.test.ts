/** Data jobs over the API: asked for within what a team may read and have, and seen. */
import { beforeEach, describe, expect, test } from 'vitest';
import { JobAnswer, JobsAnswer } from '#api/job-answers.ts';
import type { Person } from '#core/roles.ts';
import { digestOf } from '../contracts/samples.ts';
import { part, slotsWanted } from '../core/jobs/samples.ts';
import { olga, rita, World } from '../lambdas/world.ts';
import { AskedJobs, at, dataset, job, keyOf, running, tallied } from './asked-jobs.ts';
import { call, refused } from './calls.ts';

const sven: Person = { name: 'sven', groups: ['other-members'] };
let jobs: AskedJobs;
let world: World;
const inside = (...parts: ConstructorParameters<typeof World>): void => {
  jobs = new AskedJobs(new World(...parts));
  world = jobs.world;
};
beforeEach(() => inside());

describe('a job', () => {
  test('is asked for, held against the quota, and looked at', async () => {
    const { name, ...rest } = await jobs.asked();
    expect(name).toMatch(/^job-[0-9a-f]{16}$/);
    expect(rest).toMatchObject({
      team: 'checkout',
      phase: 'listing',
      paused: false,
      requester: 'rita',
      cluster: 'main',
      request: {
        dataset,
        parallelism: 2,
        records: { kind: 'lines' },
        resources: { cpu: 0.5, memoryMiB: 256 },
      },
      cost: { currency: 'USD', soFar: 0 },
    });
    expect((await world.jobs.ledger(keyOf(name).team)).held[keyOf(name).name]).toMatchObject({ cpu: 1.2 });
    expect(world.jobs.looks).toEqual([{ stage: 'jobs', delaySeconds: 0, job: keyOf(name) }]);
    expect((await jobs.got(name)).history).toMatchObject([
      { actor: 'rita', what: `asked for wc over ${dataset}` },
    ]);
  });

  test('over a table names a database of its team, and is told of as people write it', async () => {
    const table = { database: 'orders', table: 'orders', key: ['id'] };
    const target = { database: 'totals', table: 'totals' };
    const { dataset: _, ...rest } = job;
    const body = { team: 'checkout', job: { ...rest, table, target } };
    const none = await refused(world, rita, 'POST', '/jobs', body);
    expect(none.status).toBe(422);
    expect(none.fields).toMatchObject([
      { path: 'job.table.database', message: expect.stringMatching(/has no database orders; it has none/) },
      { path: 'job.target.database' },
    ]);
    const database = { name: 'orders', secret: 'o', network: '10.0.0.0/8', port: 5432 };
    const teams = world.config.teams.map((team) => ({ ...team, databases: [database] }));
    inside({ teams });
    const one = await refused(world, rita, 'POST', '/jobs', body);
    expect(one.fields).toMatchObject([
      { path: 'job.target.database', message: expect.stringMatching(/it has orders/) },
    ]);
    const answer = await call(world, rita, 'POST', '/jobs', { ...body, job: { ...rest, table } });
    const { job: made } = JobAnswer.parse(await answer.json());
    expect((await jobs.got(made.name)).history).toMatchObject([
      { what: 'asked for wc over public.orders of orders' },
    ]);
    expect(made.request).not.toHaveProperty('dataset');
    expect(JSON.stringify(made)).not.toContain('10.0.0.0');
  });

  test('of one snapshot of a table holds a worker more, and can not be paused', async () => {
    const database = { name: 'orders', secret: 'o', network: '10.0.0.0/8', port: 5432 };
    inside({ teams: world.config.teams.map((team) => ({ ...team, databases: [database] })) });
    const of = (snapshot: object) =>
      jobs.asked({
        dataset: undefined,
        table: { database: 'orders', table: 'orders', key: ['id'], ...snapshot },
      });
    const held = async (name: string) =>
      (await world.jobs.ledger(keyOf(name).team)).held[keyOf(name).name]?.memoryMiB ?? 0;
    const each = await held((await of({})).name);
    const one = await of({ snapshot: { kind: 'job', maxSeconds: 600 } });
    expect(await held(one.name)).toBe((each / job.parallelism) * (job.parallelism + 1));
    const why = await refused(world, rita, 'POST', `/jobs/checkout/${one.name}/pause`);
    expect(why).toMatchObject({ status: 409, detail: expect.stringMatching(/one snapshot.*cancel it/) });
  });

  test('is placed in a node pool that its cluster lets jobs ask for, and in no other', async () => {
    const none = await refused(world, rita, 'POST', '/jobs', {
      team: 'checkout',
      job: { ...job, nodePool: 'gpu' },
    });
    expect(none).toMatchObject({
      status: 422,
      fields: [
        { path: 'job.nodePool', message: expect.stringMatching(/lets data jobs ask for none, not gpu/) },
      ],
    });
    const clusters = world.config.clusters.map((cluster) => ({ ...cluster, jobNodePools: ['big', 'gpu'] }));
    inside({ clusters });
    expect((await jobs.asked({ nodePool: 'gpu' })).request.nodePool).toBe('gpu');
    const other = await refused(world, rita, 'POST', '/jobs', {
      team: 'checkout',
      job: { ...job, nodePool: 'huge' },
    });
    expect(other.fields).toMatchObject([{ message: expect.stringMatching(/big, gpu, not huge/) }]);
  });

  test('sent twice under one key is one', async () => {
    const headers = { 'idempotency-key': 'once' };
    const body = { team: 'checkout', job };
    const [first, second] = [
      await call(world, rita, 'POST', '/jobs', body, headers),
      await call(world, rita, 'POST', '/jobs', body, headers),
    ];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(await second.json()).toEqual(await first.json());
    expect((await world.jobs.list(keyOf('job-0000000000000000').team, undefined, 10)).jobs).toHaveLength(1);
  });

  test('says how far it is, how fast, when it may be done, and what it cost', async () => {
    const { name } = await jobs.asked();
    await jobs.brought(name, ...running);
    world.clock.advance(100);
    const tally = {
      leased: 2,
      committed: 1,
      bytes: 1000,
      records: 10,
      outputBytes: 50,
      milliseconds: 3_600_000,
    };
    await jobs.brought(name, tallied(tally));
    const { job: found, workers } = await jobs.got(name);
    expect(found.progress).toEqual({
      ...{
        chunks: 4,
        committed: 1,
        failed: 0,
        halved: 0,
        leased: 2,
        open: 3,
        bytesDone: 1000,
        bytes: 4000,
        share: 0.25,
        records: 10,
      },
      ...{ outputBytes: 50, commandSeconds: 3600, bytesPerSecond: 10, secondsLeft: 300 },
    });
    // 0.6 cores and 0.4375 GiB for an hour.
    expect(found.cost.soFar).toBeCloseTo(0.6 * 0.04048 + 0.4375 * 0.004445, 4);
    expect(found.cost.assumption).toMatch(/its workers had room on nodes/);
    // What waited, failed, or brought results together, was paid for too.
    await jobs.brought(name, { kind: 'workers-seen', seconds: 7200 });
    const { cost } = (await jobs.got(name)).job;
    expect(cost.soFar).toBeCloseTo(2 * (0.6 * 0.04048 + 0.4375 * 0.004445), 4);
    expect(workers).toEqual([]);
    // Nothing is read any more: a rate that falls while its workers go would be of nothing.
    await jobs.brought(name, tallied({ committed: 4, bytes: 4000 }));
    expect((await jobs.got(name)).job.progress).not.toHaveProperty('bytesPerSecond');
  });

  test('shows its workers as they were seen last', async () => {
    const { name } = await jobs.asked();
    const key = keyOf(name);
    const slot = {
      slot: 0,
      state: 'unschedulable',
      reason: 'no room',
      restarts: 1,
      at: world.clock.now(),
    } as const;
    const seen = { ...key, cluster: 'main', version: 1, at: world.clock.now(), wanted: 1, slots: [slot] };
    await world.slots.see({ ...seen, namespace: 'there' }, false);
    expect((await jobs.got(name)).workers).toEqual([slot]);
    await world.slots.see({ ...seen, version: 2, namespace: 'gone' }, false);
    expect((await jobs.got(name)).workers).toEqual([]);
  });

  test('shows how fast those that run are, while it runs, by what they finished last', async () => {
    const { name } = await jobs.asked();
    await jobs.brought(name, ...running);
    const at = world.clock.now();
    const slots = (['running', 'running', 'succeeded'] as const).map((state, slot) => ({
      ...{ slot, state, restarts: 0, at },
    }));
    const seen = { ...keyOf(name), cluster: 'main', version: 1, at, wanted: 1, slots };
    await world.slots.see({ ...seen, namespace: 'there' }, false);
    for (const [id, slot] of [
      ['0', 1],
      ['1', 2],
    ] as const) // a slot that has ended is not fast
      await jobs.worked(name, id, { kind: 'commit', part: { ...part(1), milliseconds: 500, slot, at } });
    const rate = { bytesPerSecond: 210, recordsPerSecond: 2, at };
    expect((await jobs.got(name)).workers).toEqual([slots[0], { ...slots[1], rate }, slots[2]]);
  });

  test("shows why its cluster refuses its namespace, in the cluster's words, and no more when it does not", async () => {
    const { name } = await jobs.asked();
    await jobs.brought(name, ...running, { kind: 'cluster-seen', refused: 'no label cost-center' });
    expect((await jobs.got(name)).job).toMatchObject({ phase: 'running', refused: 'no label cost-center' });
    await jobs.brought(name, { kind: 'cluster-seen' });
    expect((await jobs.got(name)).job).not.toHaveProperty('refused');
  });

  test('shows its share where other jobs of its cluster want workers too', async () => {
    const { name } = await jobs.asked();
    const wanted = slotsWanted(name);
    await world.slots.want({ ...wanted, slots: 2, couldUse: 4 });
    expect((await jobs.got(name)).share).toEqual({ workers: 2, couldUse: 4 });
    await world.slots.want({ ...wanted, version: 2, slots: 4 });
    expect((await jobs.got(name)).share).toBeUndefined();
  });

  test('of a team are listed, the newest first, page by page', async () => {
    const names: string[] = [];
    for (let i = 0; i < 7; i++) {
      world.clock.advance(1);
      names.push((await jobs.asked({ parallelism: 1 })).name);
    }
    const answer = await call(world, rita, 'GET', '/teams/checkout/jobs');
    const { jobs: listed, next } = JobsAnswer.parse(await answer.json());
    expect(listed.map(({ name }) => name)).toEqual(names.toReversed());
    expect(next).toBeUndefined();
    const later = await call(world, rita, 'GET', `/teams/checkout/jobs?cursor=${names[2]}`);
    expect(JobsAnswer.parse(await later.json()).jobs.map(({ name }) => name)).toEqual([names[1], names[0]]);
  });
});

describe('a job that can not be', () => {
  test.each([
    [
      'reads where another team does',
      { dataset: 's3://jobs/datasets/other/' },
      403,
      /read below s3:\/\/jobs\/datasets\/checkout\/, not/,
    ],
    ['reads what begins like its own', { dataset: 's3://jobs/datasets/checkout-2/x' }, 403, /not s3:/],
    ['reads by a way round', { dataset: 's3://jobs/datasets/checkout/../other/' }, 422, /no segment that is/],
    ['is in no cluster', { cluster: 'moon' }, 422, /no cluster is called moon; there is main/],
    ['has no command', { command: [] }, 422, /command/],
    ['takes any image', { image: 'nginx:latest' }, 422, /what was released for an environment of the team/],
    [
      "runs another team's image",
      { image: `release/other/web@sha256:${'1'.repeat(64)}` },
      422,
      /job\.image: a job of team checkout runs what was released for an environment of its own/,
    ],
    [
      'runs an image that is not there',
      { image: `release/checkout/web@sha256:${'1'.repeat(64)}` },
      422,
      /job\.image: release\/checkout\/web@sha256:1+ is not there: `schwifty env get checkout\/web` shows/,
    ],
    ['is larger than the quota', { parallelism: 1000 }, 409, /asks for 600 cores, and 32 of 32 are free/],
    ['has what nobody knows', { partitions: 3 }, 422, /partitions/],
  ])('%s', async (_, parts, status, detail) => {
    const problem = await refused(world, rita, 'POST', '/jobs', {
      team: 'checkout',
      job: { ...job, ...parts },
    });
    expect(problem).toMatchObject({ status, detail: expect.stringMatching(detail) });
    expect((await world.jobs.list(keyOf('job-0000000000000000').team, undefined, 10)).jobs).toEqual([]);
  });

  test('but where its image was released it runs in it', async () => {
    world.bases.push('release/checkout/web', digestOf('tool'), 'r-1');
    const image = `release/checkout/web@${digestOf('tool')}`;
    expect(await jobs.asked({ image })).toMatchObject({ request: { image } });
  });

  test('reads where the configuration lets its team', async () => {
    const [team] = world.config.teams;
    if (team === undefined) throw new Error('there is a team');
    inside({ teams: [{ ...team, datasets: ['s3://lake/shared/'] }] });
    await jobs.asked({ dataset: 's3://lake/shared/2026.csv' });
  });

  test.each([
    ['POST', '/jobs', sven],
    ['GET', '/teams/checkout/jobs', sven],
    ['GET', at('job-0123456789abcdef'), olga],
    ['POST', at('job-0123456789abcdef', '/cancel'), sven],
  ] as const)('%s %s is not for strangers', async (method, path, person) => {
    const body = method === 'POST' && path === '/jobs' ? { team: 'checkout', job } : undefined;
    expect(await refused(world, person, method, path, body)).toMatchObject({ status: 403 });
  });

  test.each(['', '/files', '/results', '/failures'])('there is none: GET …%s', async (end) => {
    const path = at('job-0123456789abcdef', end);
    expect(await refused(world, rita, 'GET', path)).toMatchObject({ status: 404, title: 'No such job' });
    expect(await refused(world, rita, 'GET', at('web', end))).toMatchObject({ status: 404 });
  });
});
