/** Data jobs over the API: asked for within what a team may read and have, seen, led by people, and what they made. */
import { beforeEach, describe, expect, test } from 'vitest';
import { FailuresAnswer, JobAnswer, JobFilesAnswer, JobsAnswer, ResultsAnswer } from '#api/job-answers.ts';
import { type ChunkEvent, freshChunk, nextChunk } from '#core/jobs/chunk.ts';
import { type Job, nextJob } from '#core/jobs/job.ts';
import { jobChange } from '#core/jobs/job-change.ts';
import type { JobEvent } from '#core/jobs/job-event.ts';
import { JobKey } from '#core/jobs/slots.ts';
import { emptyTally } from '#core/jobs/tally.ts';
import type { Person } from '#core/roles.ts';
import { chunk, part, rules, slotsWanted } from '../core/jobs/samples.ts';
import { olga, rita, World } from '../lambdas/world.ts';
import { call, refused } from './calls.ts';

const sven: Person = { name: 'sven', groups: ['other-members'] };
const dataset = 's3://jobs/datasets/checkout/sales/';
const job = { dataset, command: ['wc', '-l'], parallelism: 2 };
let world: World;
beforeEach(() => {
  world = new World();
});

async function asked(parts: Record<string, unknown> = {}): Promise<JobAnswer['job']> {
  const answer = await call(world, rita, 'POST', '/jobs', { team: 'checkout', job: { ...job, ...parts } });
  expect(answer.status).toBe(201);
  const body = JobAnswer.parse(await answer.json());
  expect(answer.headers.get('location')).toBe(`/jobs/checkout/${body.job.name}`);
  return body.job;
}
const at = (name: string, end = '') => `/jobs/checkout/${name}${end}`;
const got = async (name: string) => {
  const answer = await call(world, rita, 'GET', at(name));
  expect(answer.status).toBe(200);
  return JobAnswer.parse(await answer.json());
};
const said = (name: string, verb: string) => call(world, rita, 'POST', at(name, `/${verb}`));
const keyOf = (name: string) => JobKey.parse({ team: 'checkout', name });
const stored = async (name: string): Promise<Job> => {
  const found = await world.jobs.read(keyOf(name));
  if (found === undefined) throw new Error('it was asked for');
  return found;
};
/** As the stage of jobs says it. */
async function brought(name: string, ...events: JobEvent[]): Promise<void> {
  for (const event of events) {
    const before = await stored(name);
    const decision = nextJob(before, event, world.clock.now());
    if (decision.outcome !== 'changed') throw new Error(JSON.stringify(decision));
    const told = { at: world.clock.now(), actor: 'jobs', what: decision.what, lookAfterSeconds: 15 };
    await world.jobs.write(jobChange(before, decision.job, told));
  }
}
const running: JobEvent[] = [
  { kind: 'listed', chunks: 4, bytes: 4000 },
  { kind: 'sent', upTo: 4 },
];
const ended: JobEvent[] = [{ kind: 'manifest-written' }, { kind: 'taken-away' }];
const tallied = (of: Partial<typeof emptyTally>): JobEvent => ({
  kind: 'tallied',
  tally: { ...emptyTally, ...of },
});

/** As a worker says it of a chunk. */
async function worked(name: string, id: string, event: ChunkEvent): Promise<void> {
  const fresh = freshChunk(name, { ...chunk, id });
  const leased = nextChunk(fresh, { kind: 'lease' }, rules, world.clock.now());
  if (leased.outcome !== 'changed') throw new Error('it is free');
  await world.chunks.write(leased.state, undefined);
  const done = nextChunk(leased.state, event, { ...rules, maxFailures: 1 }, world.clock.now());
  if (done.outcome === 'changed') await world.chunks.write(done.state, leased.state);
}

describe('a job', () => {
  test('is asked for, held against the quota, and looked at', async () => {
    const { name, ...rest } = await asked();
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
    expect((await got(name)).history).toMatchObject([
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
    world = new World({ teams });
    const one = await refused(world, rita, 'POST', '/jobs', body);
    expect(one.fields).toMatchObject([
      { path: 'job.target.database', message: expect.stringMatching(/it has orders/) },
    ]);
    const answer = await call(world, rita, 'POST', '/jobs', { ...body, job: { ...rest, table } });
    const { job: made } = JobAnswer.parse(await answer.json());
    expect((await got(made.name)).history).toMatchObject([
      { what: 'asked for wc over public.orders of orders' },
    ]);
    expect(made.request).not.toHaveProperty('dataset');
    expect(JSON.stringify(made)).not.toContain('10.0.0.0');
  });

  test('of one snapshot of a table holds a worker more, and can not be paused', async () => {
    const database = { name: 'orders', secret: 'o', network: '10.0.0.0/8', port: 5432 };
    world = new World({ teams: world.config.teams.map((team) => ({ ...team, databases: [database] })) });
    const of = (snapshot: object) =>
      asked({ dataset: undefined, table: { database: 'orders', table: 'orders', key: ['id'], ...snapshot } });
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
    world = new World({ clusters });
    expect((await asked({ nodePool: 'gpu' })).request.nodePool).toBe('gpu');
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
    const { name } = await asked();
    await brought(name, ...running);
    world.clock.advance(100);
    const tally = {
      leased: 2,
      committed: 1,
      bytes: 1000,
      records: 10,
      outputBytes: 50,
      milliseconds: 3_600_000,
    };
    await brought(name, tallied(tally));
    const { job: found, workers } = await got(name);
    expect(found.progress).toEqual({
      ...{
        chunks: 4,
        committed: 1,
        failed: 0,
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
    expect(workers).toEqual([]);
    // Nothing is read any more: a rate that falls while its workers go would be of nothing.
    await brought(name, tallied({ committed: 4, bytes: 4000 }));
    expect((await got(name)).job.progress).not.toHaveProperty('bytesPerSecond');
  });

  test('shows its workers as they were seen last', async () => {
    const { name } = await asked();
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
    expect((await got(name)).workers).toEqual([slot]);
    await world.slots.see({ ...seen, version: 2, namespace: 'gone' }, false);
    expect((await got(name)).workers).toEqual([]);
  });

  test('shows its share where other jobs of its cluster want workers too', async () => {
    const { name } = await asked();
    const wanted = slotsWanted(name);
    await world.slots.want({ ...wanted, slots: 2, couldUse: 4 });
    expect((await got(name)).share).toEqual({ workers: 2, couldUse: 4 });
    await world.slots.want({ ...wanted, version: 2, slots: 4 });
    expect((await got(name)).share).toBeUndefined();
  });

  test('of a team are listed, the newest first, page by page', async () => {
    const names: string[] = [];
    for (let i = 0; i < 7; i++) {
      world.clock.advance(1);
      names.push((await asked({ parallelism: 1 })).name);
    }
    const answer = await call(world, rita, 'GET', '/teams/checkout/jobs');
    const { jobs, next } = JobsAnswer.parse(await answer.json());
    expect(jobs.map(({ name }) => name)).toEqual(names.toReversed());
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

  test('reads where the configuration lets its team', async () => {
    const [team] = world.config.teams;
    if (team === undefined) throw new Error('there is a team');
    world = new World({ teams: [{ ...team, datasets: ['s3://lake/shared/'] }] });
    await asked({ dataset: 's3://lake/shared/2026.csv' });
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

describe('people', () => {
  test('pause, resume and cancel it, each once and with their names', async () => {
    const { name } = await asked();
    await brought(name, ...running);
    for (const verb of ['pause', 'pause', 'resume', 'cancel', 'cancel'])
      expect((await said(name, verb)).status).toBe(200);
    expect((await got(name)).job).toMatchObject({
      phase: 'finishing',
      outcome: 'cancelled',
      reason: 'by rita',
    });
    const lines = (await got(name)).history.map(({ what }) => what);
    expect(lines.slice(-3)).toEqual(['paused by rita', 'resumed by rita', 'cancelled: by rita']);
    expect(await refused(world, rita, 'POST', at(name, '/pause'))).toMatchObject({
      status: 409,
      detail: 'It was cancelled: there is nothing to pause.',
    });
  });

  test('are heard at once, but by who is at it', async () => {
    const { name } = await asked();
    const looks = () => world.jobs.looks.length;
    const before = await stored(name);
    // Somebody lists.
    await world.jobs.write(
      jobChange(before, before, { at: world.clock.now(), actor: 'jobs', lookAfterSeconds: 330 }),
    );
    const held = looks();
    await said(name, 'pause');
    expect(looks()).toBe(held);
    expect((await stored(name)).lookAt).toBe('2026-01-05T10:05:30.000Z');
    // What they make would outlive an end that came before it.
    await said(name, 'cancel');
    expect(looks()).toBe(held);
    expect(await stored(name)).toMatchObject({ phase: 'finishing', lookAt: '2026-01-05T10:05:30.000Z' });
  });

  test('retry what failed of one that has ended, if there is room for it', async () => {
    const { name } = await asked();
    await brought(name, ...running, tallied({ committed: 3, failed: 1 }));
    expect(await refused(world, rita, 'POST', at(name, '/retry'))).toMatchObject({ status: 409 });
    await brought(name, ...ended);
    await said(name, 'retry');
    expect((await got(name)).job).toMatchObject({ phase: 'retrying' });
  });
});

describe('what it made', () => {
  test('are a plan, and a manifest when it is written', async () => {
    const { name } = await asked();
    const files = async () =>
      JobFilesAnswer.parse(await (await call(world, rita, 'GET', at(name, '/files'))).json());
    expect(await files()).toEqual({
      plan: `https://files.example/jobs/checkout/${name}/plan.ndjson`,
      expiresSeconds: 300,
    });
    await brought(name, ...running, tallied({ committed: 4 }), { kind: 'manifest-written' });
    expect(await files()).toMatchObject({
      manifest: `https://files.example/jobs/checkout/${name}/manifest.ndjson`,
    });
  });

  test('of CSV, which chunks begin between quotes is a part of the plan', async () => {
    const { name } = await asked({ records: { kind: 'csv' } });
    const answer = await call(world, rita, 'GET', at(name, '/files'));
    expect(JobFilesAnswer.parse(await answer.json())).toMatchObject({
      quoted: `https://files.example/jobs/checkout/${name}/quoted.ndjson`,
    });
  });

  test('results and failures, in the order of the input', async () => {
    const { name } = await asked();
    for (let id = 0; id < 130; id++) {
      const failure = {
        kind: 'command',
        message: 'it ended with 3',
        exitCode: 3,
        stderr: 'no such day',
      } as const;
      const event =
        id % 10 === 3
          ? { kind: 'fail' as const, attempt: 1, failure }
          : { kind: 'commit' as const, part: part(1) };
      await worked(name, String(id), event);
    }
    const page = async (query = '') =>
      ResultsAnswer.parse(await (await call(world, rita, 'GET', at(name, `/results${query}`))).json());
    const first = await page();
    expect(first.results).toHaveLength(90);
    expect(first.next).toBe('99');
    expect(first.results[3]).toEqual({
      chunk: '4',
      key: 'results/3-1-305',
      bytes: 10,
      crc32: 1,
      url: 'https://files.example/results/3-1-305',
    });
    const second = await page(`?cursor=${first.next}`);
    expect(second.results[0]).toMatchObject({ chunk: '100' });
    expect(second).not.toHaveProperty('next');
    const failures = FailuresAnswer.parse(
      await (await call(world, rita, 'GET', at(name, '/failures'))).json(),
    );
    expect(failures.failures).toHaveLength(13);
    expect(failures.failures[1]).toMatchObject({
      chunk: '13',
      attempts: 1,
      failure: { exitCode: 3, stderr: 'no such day' },
    });
    expect(await refused(world, rita, 'GET', at(name, '/results?cursor=x'))).toMatchObject({ status: 422 });
  });
});
