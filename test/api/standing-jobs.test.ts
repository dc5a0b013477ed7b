/** Standing jobs over the API: asked for, held against what the team may, seen, changed upon a version, paused, run by hand, and deleted. */
import { beforeEach, describe, expect, test } from 'vitest';
import { StandingJobAnswer, StandingJobsAnswer } from '#api/standing-answers.ts';
import type { Person } from '#core/roles.ts';
import { keyOf } from '../core/jobs/standing/samples.ts';
import { anna, look, olga, rita, World } from '../lambdas/world.ts';
import { call, refused } from './calls.ts';

const sven: Person = { name: 'sven', groups: ['other-members'] };
const job = { command: ['wc', '-l'], parallelism: 2 };
const dataset = 's3://jobs/datasets/checkout/sales/';
const nightly = {
  when: { kind: 'schedule', cron: '0 3 * * *', timeZone: 'Europe/Berlin' },
  job: { ...job, dataset },
};
const incoming = { when: { kind: 'upload', prefix: 's3://jobs/datasets/checkout/incoming/' }, job };
const afterOf = (name: string) => ({ when: { kind: 'after', job: name }, job });
let world: World;
beforeEach(() => {
  world = new World();
});

const at = (name: string, end = '') => `/standing-jobs/checkout/${name}${end}`;
const body = (standing: unknown, name = 'nightly') => ({ team: 'checkout', name, standing });
const created = async (standing: unknown = nightly, name = 'nightly') => {
  const answer = await call(world, rita, 'POST', '/standing-jobs', body(standing, name));
  expect(answer.status).toBe(201);
  expect(answer.headers.get('location')).toBe(at(name));
  return StandingJobAnswer.parse(await answer.json());
};
const answered = async (...asked: Parameters<typeof call>) => {
  const answer = await call(...asked);
  expect(answer.status).toBeLessThan(300);
  return StandingJobAnswer.parse(await answer.json());
};
const got = (name = 'nightly') => answered(world, rita, 'GET', at(name));
const match = (version: number) => ({ 'if-match': `"${version}"` });
const looked = (name: string) => world.deliver('job-starts', look(keyOf(name)));

describe('a standing job', () => {
  test('is asked for, looked at, and seen', async () => {
    const { standingJob, history } = await created();
    expect(standingJob).toMatchObject({
      team: 'checkout',
      name: 'nightly',
      version: 1,
      paused: false,
      owner: 'rita',
      overlap: 'skip',
      standing: { when: nightly.when, job: { dataset, priority: 'normal' } },
      waiting: [],
      runs: [],
    });
    expect(history).toMatchObject([{ actor: 'rita', what: 'asked for by rita' }]);
    await looked('nightly');
    const answer = await call(world, rita, 'GET', at('nightly'));
    expect(answer.headers.get('etag')).toBe('"2"');
    expect((await got()).standingJob.next).toBe('2026-01-06T02:00:00.000Z');
  });

  test('says what goes on, what waits and why, and what came of what was', async () => {
    await created({ ...nightly, overlap: 'wait' });
    world.clock.advance(16 * 3600);
    await looked('nightly');
    const { current } = (await got()).standingJob;
    expect(current).toMatchObject({ text: 'the time 2026-01-06T02:00:00.000Z' });
    const { standingJob } = await answered(world, anna, 'POST', at('nightly', '/runs'));
    expect(standingJob.waiting).toMatchObject([{ text: 'anna, who asked for it' }]);
    const started = await call(world, rita, 'GET', `/jobs/checkout/${current?.job}`);
    expect(await started.json()).toMatchObject({ job: { standing: 'nightly', requester: 'rita' } });
  });

  test('sent twice under one key is one; another of its name is refused', async () => {
    const headers = { 'idempotency-key': 'once' };
    const first = await call(world, rita, 'POST', '/standing-jobs', body(nightly), headers);
    const second = await call(world, rita, 'POST', '/standing-jobs', body(nightly), headers);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(await second.json()).toEqual(await first.json());
    expect(await refused(world, rita, 'POST', '/standing-jobs', body(incoming))).toMatchObject({
      status: 409,
      detail: expect.stringMatching(/There is a standing job checkout\/nightly/),
    });
  });

  test('is run by hand once for each request', async () => {
    await created();
    const headers = { 'idempotency-key': 'now' };
    await call(world, rita, 'POST', at('nightly', '/runs'), undefined, headers);
    await call(world, rita, 'POST', at('nightly', '/runs'), undefined, headers);
    expect((await got()).standingJob.waiting).toHaveLength(1);
    await looked('nightly');
    expect((await got()).standingJob.current?.cause).toMatchObject({ kind: 'asked', by: 'rita' });
    await created(incoming, 'incoming');
    expect(await refused(world, rita, 'POST', at('incoming', '/runs'))).toMatchObject({
      status: 409,
      detail: expect.stringMatching(/An upload below s3:.* starts it/),
    });
  });

  test('of a team are listed by name, page by page', async () => {
    for (let n = 0; n < 27; n++) await created(incoming, `in-${String.fromCharCode(97 + (n % 26))}${n}`);
    const page = async (cursor = '') =>
      StandingJobsAnswer.parse(
        await (await call(world, rita, 'GET', `/teams/checkout/standing-jobs${cursor}`)).json(),
      );
    const first = await page();
    expect(first.standingJobs).toHaveLength(25);
    const second = await page(`?cursor=${first.next}`);
    expect(second.standingJobs).toHaveLength(2);
    expect(second).not.toHaveProperty('next');
    const names = [...first.standingJobs, ...second.standingJobs].map(({ name }) => name);
    expect(names).toEqual([...names].sort());
  });

  test('is paused and resumed, each once', async () => {
    await created();
    for (const verb of ['pause', 'pause', 'resume', 'resume'])
      await answered(world, anna, 'POST', at('nightly', `/${verb}`));
    expect((await got()).history.map(({ what }) => what)).toEqual([
      'asked for by rita',
      'paused by anna',
      'resumed by anna',
    ]);
  });

  test('is changed upon the version that was read, and runs for who changed it', async () => {
    const { standingJob } = await created();
    const standing = { ...nightly, job: { ...nightly.job, parallelism: 1 } };
    const change = (version: number) => call(world, anna, 'PUT', at('nightly'), { standing }, match(version));
    expect((await change(standingJob.version)).status).toBe(200);
    expect((await got()).standingJob).toMatchObject({ owner: 'anna', standing: { job: { parallelism: 1 } } });
    const late = await change(standingJob.version);
    expect(late.status).toBe(412);
    expect(late.headers.get('etag')).toBe('"2"');
    const none = await call(world, anna, 'PUT', at('nightly'), { standing }, { 'if-match': undefined });
    expect(none.status).toBe(428);
  });

  test('is deleted unless others follow it, and its name may be given anew', async () => {
    await created(incoming, 'incoming');
    await created(afterOf('incoming'), 'second');
    const gone = (name: string, version = 1) =>
      call(world, rita, 'DELETE', at(name), undefined, match(version));
    expect(await (await gone('incoming')).json()).toMatchObject({
      status: 409,
      detail: 'second run after it: change or delete those first.',
    });
    expect((await gone('second')).status).toBe(200);
    expect((await gone('incoming')).status).toBe(200);
    expect(await refused(world, rita, 'GET', at('incoming'))).toMatchObject({ status: 404 });
    const answer = await call(world, rita, 'GET', '/teams/checkout/standing-jobs');
    expect(StandingJobsAnswer.parse(await answer.json()).standingJobs).toEqual([]);
    expect((await created(nightly, 'incoming')).standingJob.version).toBe(3);
  });
});

describe('one that can not be', () => {
  const schedule = (cron: string, timeZone = 'UTC') => ({
    ...nightly,
    when: { kind: 'schedule', cron, timeZone },
  });
  test.each([
    ['has no time', schedule('0 0 30 2 *'), 422, /standing\.when\.cron: it never comes/],
    ['has no such field', schedule('60 * * * *'), 422, /standing\.when\.cron: five fields.*minute: 60/],
    ['has a word for it', schedule('@daily'), 422, /standing\.when\.cron: five fields with a space/],
    ['comes each minute', schedule('* * * * *'), 422, /5 minutes apart at least/],
    ['has no such time zone', schedule('0 3 * * *', 'Mars/Base'), 422, /timeZone: a time zone by its name/],
    ['of a schedule reads nothing', { ...nightly, job }, 422, /standing\.job\.dataset: what is to be read/],
    [
      'of uploads reads something else',
      { ...incoming, job: { ...job, dataset } },
      422,
      /standing\.job\.dataset: leave it out: the object that was uploaded is what is read/,
    ],
    [
      'of another job reads something else',
      { ...afterOf('nightly'), job: { ...job, results: 'job-0123456789abcdef' } },
      422,
      /standing\.job\.results: leave it out: the results of the job before/,
    ],
    [
      'runs an image that is not there',
      { ...nightly, job: { ...nightly.job, image: `release/checkout/web@sha256:${'1'.repeat(64)}` } },
      422,
      /standing\.job\.image: release\/checkout\/web@sha256:1+ is not there/,
    ],
    [
      'of uploads elsewhere',
      { ...incoming, when: { kind: 'upload', prefix: 's3://lake/incoming/' } },
      422,
      /standing\.when\.prefix: below s3:\/\/jobs\/datasets\/checkout\//,
    ],
    [
      "of another team's uploads",
      { ...incoming, when: { kind: 'upload', prefix: 's3://jobs/datasets/checkout-2/' } },
      422,
      /is elsewhere/,
    ],
    ['follows nobody', afterOf('nobody'), 422, /standing\.when\.job: the team has no standing job nobody/],
    ['follows itself', afterOf('nightly'), 422, /it would follow itself/],
    [
      'reads where another team does',
      { ...nightly, job: { ...job, dataset: 's3://jobs/datasets/other/' } },
      403,
      /read below/,
    ],
    [
      'is in no cluster',
      { ...nightly, job: { ...nightly.job, cluster: 'moon' } },
      422,
      /standing\.job\.cluster/,
    ],
    [
      'is larger than its team ever may',
      { ...nightly, job: { ...nightly.job, parallelism: 1000 } },
      409,
      /asks for 600 cores/,
    ],
    [
      'is larger than an item',
      { ...nightly, job: { ...nightly.job, command: Array(60).fill('x'.repeat(4000)) } },
      422,
      /100000 characters/,
    ],
    ['has what nobody knows', { ...nightly, holidays: true }, 422, /holidays/],
  ])('%s', async (_, standing, status, detail) => {
    const problem = await refused(world, rita, 'POST', '/standing-jobs', body(standing));
    expect(problem).toMatchObject({ status, detail: expect.stringMatching(detail) });
    expect(await world.standing.all(keyOf('nightly').team)).toEqual([]);
  });

  test('is called as a job is', async () => {
    const problem = await refused(
      world,
      rita,
      'POST',
      '/standing-jobs',
      body(nightly, 'job-0123456789abcdef'),
    );
    expect(problem).toMatchObject({ status: 422, detail: expect.stringMatching(/data jobs are called so/) });
  });

  test('makes a circle by a change', async () => {
    await created(incoming, 'first');
    await created(afterOf('first'), 'second');
    const problem = await refused(world, rita, 'PUT', at('first'), { standing: afterOf('second') }, match(1));
    expect(problem).toMatchObject({ status: 422, detail: expect.stringMatching(/first → second → first/) });
  });

  test('is one too many', async () => {
    for (let n = 0; n < 50; n++) await created(incoming, `in-${n}`);
    expect(await refused(world, rita, 'POST', '/standing-jobs', body(nightly))).toMatchObject({
      status: 409,
      detail: expect.stringMatching(/has 50 standing jobs, 50 at most/),
    });
  });

  test.each([
    ['POST', '/standing-jobs', sven],
    ['GET', '/teams/checkout/standing-jobs', sven],
    ['GET', at('nightly'), olga],
    ['PUT', at('nightly'), sven],
    ['DELETE', at('nightly'), olga],
    ['POST', at('nightly', '/pause'), sven],
    ['POST', at('nightly', '/runs'), sven],
  ] as const)('%s %s is not for strangers', async (method, path, person) => {
    const sent =
      path === '/standing-jobs' ? body(nightly) : method === 'PUT' ? { standing: nightly } : undefined;
    expect(await refused(world, person, method, path, sent)).toMatchObject({ status: 403 });
  });
});
