/** Data jobs over the API: led by people, and what they made. */
import { beforeEach, describe, expect, test } from 'vitest';
import { FailuresAnswer, JobFilesAnswer, ResultsAnswer } from '#api/job-answers.ts';
import { jobChange } from '#core/jobs/job-change.ts';
import { part } from '../core/jobs/samples.ts';
import { rita, type World } from '../lambdas/world.ts';
import { AskedJobs, at, ended, keyOf, running, tallied } from './asked-jobs.ts';
import { call, refused } from './calls.ts';

let jobs: AskedJobs;
let world: World;
beforeEach(() => {
  jobs = new AskedJobs();
  world = jobs.world;
});

describe('people', () => {
  test('pause, resume and cancel it, each once and with their names', async () => {
    const { name } = await jobs.asked();
    await jobs.brought(name, ...running);
    for (const verb of ['pause', 'pause', 'resume', 'cancel', 'cancel'])
      expect((await jobs.said(name, verb)).status).toBe(200);
    expect((await jobs.got(name)).job).toMatchObject({
      phase: 'finishing',
      outcome: 'cancelled',
      reason: 'by rita',
    });
    const lines = (await jobs.got(name)).history.map(({ what }) => what);
    expect(lines.slice(-3)).toEqual(['paused by rita', 'resumed by rita', 'cancelled: by rita']);
    expect(await refused(world, rita, 'POST', at(name, '/pause'))).toMatchObject({
      status: 409,
      detail: 'It was cancelled: there is nothing to pause.',
    });
  });

  test('are heard at once, but by who is at it', async () => {
    const { name } = await jobs.asked();
    const looks = () => world.jobs.looks.length;
    const before = await jobs.stored(name);
    // Somebody lists.
    await world.jobs.write(
      jobChange(before, before, { at: world.clock.now(), actor: 'jobs', lookAfterSeconds: 330 }),
    );
    const held = looks();
    await jobs.said(name, 'pause');
    expect(looks()).toBe(held);
    expect((await jobs.stored(name)).lookAt).toBe('2026-01-05T10:05:30.000Z');
    // What they make would outlive an end that came before it.
    await jobs.said(name, 'cancel');
    expect(looks()).toBe(held);
    expect(await jobs.stored(name)).toMatchObject({ phase: 'finishing', lookAt: '2026-01-05T10:05:30.000Z' });
  });

  test('retry what failed of one that has ended, if there is room for it', async () => {
    const { name } = await jobs.asked();
    await jobs.brought(name, ...running, tallied({ committed: 3, failed: 1 }));
    expect(await refused(world, rita, 'POST', at(name, '/retry'))).toMatchObject({ status: 409 });
    await jobs.brought(name, ...ended);
    await jobs.said(name, 'retry');
    expect((await jobs.got(name)).job).toMatchObject({ phase: 'retrying' });
  });

  test('retry it with more memory, within the quota of its team', async () => {
    const { name } = await jobs.asked();
    await jobs.brought(name, ...running, tallied({ committed: 3, failed: 1 }), ...ended);
    const retry = at(name, '/retry');
    for (const [body, status] of [
      [{ memoryMiB: 1_000_000 }, 422],
      [{ memory: 512 }, 422],
      [{ memoryMiB: 64 }, 409],
      [{ memoryMiB: 200_000 }, 409],
    ] as const)
      expect(await refused(world, rita, 'POST', retry, body)).toMatchObject({ status });
    expect((await jobs.got(name)).job).toMatchObject({ phase: 'ended' });
    const held = async () => (await world.jobs.ledger(keyOf(name).team)).held[keyOf(name).name];
    expect((await call(world, rita, 'POST', retry, { memoryMiB: 1024 })).status).toBe(200);
    expect((await jobs.got(name)).job).toMatchObject({
      phase: 'retrying',
      request: { resources: { memoryMiB: 1024 } },
    });
    expect((await held())?.memoryMiB).toBeGreaterThan(2 * 1024);
  });
});

describe('what it made', () => {
  test('are a plan, and a manifest when it is written', async () => {
    const { name } = await jobs.asked();
    const files = async () =>
      JobFilesAnswer.parse(await (await call(world, rita, 'GET', at(name, '/files'))).json());
    expect(await files()).toEqual({
      plan: `https://files.example/jobs/checkout/${name}/plan.ndjson`,
      expiresSeconds: 300,
    });
    await jobs.brought(name, ...running, tallied({ committed: 4 }), { kind: 'manifest-written' });
    expect(await files()).toMatchObject({
      manifest: `https://files.example/jobs/checkout/${name}/manifest.ndjson`,
    });
  });

  test('of CSV, which chunks begin between quotes is a part of the plan', async () => {
    const { name } = await jobs.asked({ records: { kind: 'csv' } });
    const answer = await call(world, rita, 'GET', at(name, '/files'));
    expect(JobFilesAnswer.parse(await answer.json())).toMatchObject({
      quoted: `https://files.example/jobs/checkout/${name}/quoted.ndjson`,
    });
  });

  test('results and failures, in the order of the input', async () => {
    const { name } = await jobs.asked();
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
      await jobs.worked(name, String(id), event);
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
      key: 'data/a.ndjson',
      start: 300,
      end: 400,
      attempts: 1,
      failure: { exitCode: 3, stderr: 'no such day' },
    });
    // Of one with a checkpoint, what is behind it; of a table, its keys.
    const failure = { kind: 'input', message: 'it is gone' } as const;
    const rest = await jobs.asked();
    await jobs.worked(
      rest.name,
      '3',
      { kind: 'checkpoint', part: part(1, 305, 360) },
      { kind: 'fail', attempt: 1, failure },
    );
    const range = { after: ['1', 'b'], upTo: null };
    await jobs.failed(rest.name, { id: '4', key: 'public.sales', types: ['int', 'text'], range }, failure);
    const others = await (await call(world, rita, 'GET', at(rest.name, '/failures'))).json();
    expect(FailuresAnswer.parse(others).failures).toEqual([
      { chunk: '3', key: 'data/a.ndjson', start: 360, end: 400, attempts: 1, failure },
      { chunk: '4', key: 'public.sales', range, attempts: 1, failure },
    ]);
    expect(await refused(world, rita, 'GET', at(name, '/results?cursor=x'))).toMatchObject({ status: 422 });
  });
});
