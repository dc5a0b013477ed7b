/** A job over what another one made: by its manifest, in the order of what that one read, and nothing else that lies there. */
import { beforeEach, describe, expect, it } from 'vitest';
import { askedJob, type Job } from '#core/jobs/job.ts';
import { jobChange } from '#core/jobs/job-change.ts';
import { filesOf, type ManifestLine } from '#core/jobs/job-files.ts';
import { JobRequest } from '#core/jobs/request.ts';
import { JobKey, resultsBelow } from '#core/jobs/slots.ts';
import { emptyTally } from '#core/jobs/tally.ts';
import { JobWorld, key } from './job-world.ts';

const before = JobKey.parse({ team: key.team, name: 'job-00000000000000bb' });
const folder = resultsBelow(before);
let world: JobWorld;
beforeEach(() => {
  world = new JobWorld();
});

/** As it is when it has ended. */
async function made(
  parts: Partial<Extract<Job, { phase: 'ended' }>> = {},
  request: object = {},
): Promise<void> {
  const at = world.clock.now();
  const asked = askedJob({
    ...before,
    requester: 'alice',
    at,
    cluster: 'main',
    request: JobRequest.parse({ dataset: 's3://lake/datasets/', command: ['cat'], ...request }),
  });
  const { phase: _, ...rest } = asked;
  const { paused: _p, ...known } = { paused: false, ...rest };
  const planned = { chunks: 3, bytes: 30, tally: { ...emptyTally, committed: 2 } };
  const ended: Job = { ...known, ...planned, phase: 'ended', outcome: 'succeeded', since: at, ...parts };
  await world.jobs.write(jobChange(undefined, ended, { at, actor: 'jobs', lookAfterSeconds: undefined }));
}
const line = (
  chunk: string,
  keys: readonly string[],
  state: ManifestLine['state'] = 'committed',
): ManifestLine => ({
  chunk,
  key: 'datasets/a',
  state,
  attempts: 1,
  parts: [
    ...keys.map((name) => ({
      from: 0,
      to: 10,
      records: 1,
      crc32: 1,
      attempt: 1,
      milliseconds: 1,
      output: { key: `${folder}${name}`, bytes: 5, crc32: 1 },
    })),
    // Nothing was written for it.
    { from: 10, to: 10, records: 0, crc32: 0, attempt: 1, milliseconds: 1 },
  ],
});
function manifest(...lines: readonly ManifestLine[]): void {
  const text = lines.map((one) => `${JSON.stringify(one)}\n`).join('');
  world.objects.results.set(filesOf(before).manifest, Buffer.from(text));
}
const put = (...names: readonly string[]): void => {
  for (const name of names) world.objects.results.set(`${folder}${name}`, Buffer.from(`of ${name}\n`));
};
async function listed(parts: object = {}) {
  await world.ask({ dataset: undefined, results: before.name, ...parts });
  return world.look();
}

describe('a job over the results of another', () => {
  it('reads what was committed, in the order of the manifest, and no file beside it', async () => {
    await made();
    manifest(line('0', ['1/2-0', '0/1-0']), line('1', ['10/1-0']), line('2', ['2/1-0'], 'halved'));
    put('0/1-0', '1/1-0', '1/2-0', '10/1-0', '2/1-0', 'plan.ndjson', 'quoted.ndjson');
    expect(await listed()).toMatchObject({ phase: 'sending', chunks: 3 });
    expect(world.lines('plan')).toMatchObject(
      ['1/2-0', '0/1-0', '10/1-0'].map((name) => ({ key: `${folder}${name}`, etag: expect.any(String) })),
    );
    await world.look();
    expect(await world.slots.wanted(key)).toMatchObject({ spec: { input: { bucket: 'results' } } });
    expect(await world.work()).toHaveLength(3);
  });

  it('reads the one object that they were brought together in', async () => {
    await made({ reduced: { key: `${folder}reduce-9/1-0`, bytes: 5, crc32: 1 } });
    manifest(line('0', ['0/1-0']));
    put('0/1-0', 'reduce-9/1-0');
    expect(await listed()).toMatchObject({ chunks: 1 });
    expect(world.lines('plan')).toMatchObject([{ key: `${folder}reduce-9/1-0` }]);
  });

  it('of one that made nothing succeeds', async () => {
    await made();
    manifest(line('0', []));
    expect(await listed()).toMatchObject({ outcome: 'succeeded', reason: 'There was nothing to read.' });
  });

  it.each([
    ['there is none', async () => undefined, /The team has no job job-00000000000000bb/],
    ['it failed', () => made({ outcome: 'failed' }), /was not a success \(failed\)/],
    [
      'they went on to a table',
      () => made({}, { target: { database: 'orders', table: 'totals' } }),
      /went on to a table/,
    ],
    [
      'one of them is gone',
      async () => {
        await made();
        manifest(line('0', ['0/1-0', '1/1-0']));
        put('0/1-0');
      },
      /s3:\/\/results\/.*1\/1-0 is not there/,
    ],
  ])('where %s says so', async (_, given, why) => {
    await given();
    expect(await listed()).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(why) });
  });
});
