/** Standing jobs as people have them: an upload that is told twice starts one job, whose results start the next; and one of a schedule is run by hand. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Person, signIn } from '#local/demo/people.ts';
import { until } from '#local/demo/world.ts';
import type { JobAnswer } from '../../api/client/jobs.ts';
import type { StandingJobAnswer } from '../../api/client/standing-jobs.ts';
import { AwsJobObjects } from '../contracts/aws-job-worlds.ts';
import { access, output } from './cloud.ts';
import { befall, befallen, noMoreFaults } from './faults.ts';

/** Of the only image that is sure to be there: it has Node, and no shell. */
const each = (how: string) => [
  'node',
  '-e',
  `process.stdin.on('data',d=>process.stdout.write(d.toString('latin1')${how},'latin1'))`,
];
const job = (how: string) => ({
  command: each(how),
  parallelism: 1,
  chunkMiB: 1,
  resources: { cpu: 0.05, memoryMiB: 64 },
});
const objects = new AwsJobObjects(access.sdk, output('JobBucketName'));
const run = randomBytes(4).toString('hex');
const folder = `datasets/checkout/in-${run}/`;
const prefix = `s3://${objects.bucket}/${folder}`;
const seconds = 300;
const made: string[] = [];

let alice: Person;
beforeAll(async () => {
  alice = await signIn(access, 'alice');
});
afterAll(async () => {
  await noMoreFaults();
  // Who follows goes before whom it follows.
  for (const id of made.toReversed()) {
    const { standingJob } = await alice.client.standingJobs.get(id);
    await alice.client.standingJobs.delete(id, standingJob.version);
  }
});

type Asked = Parameters<Person['client']['standingJobs']['create']>[0]['standing'];
async function create(name: string, standing: Asked): Promise<string> {
  const id = `checkout/${name}-${run}`;
  await alice.client.standingJobs.create({ team: 'checkout', name: `${name}-${run}`, standing });
  made.push(id);
  return id;
}
const isSo = (id: string, what: string, is: (answer: StandingJobAnswer['standingJob']) => boolean) => {
  let last = '';
  const look = async () => {
    const { standingJob } = await alice.client.standingJobs.get(id);
    last = JSON.stringify(standingJob);
    return is(standingJob) ? standingJob : undefined;
  };
  return until(`${id}: ${what}`, seconds, look, () => last);
};
const jobsOf = async (id: string): Promise<JobAnswer['job'][]> =>
  (await alice.client.jobs.list('checkout')).jobs.filter(({ standing }) => `checkout/${standing}` === id);

async function resultOf(name: string | undefined): Promise<string> {
  let text = '';
  for await (const { url } of alice.client.jobs.results(`checkout/${name}`))
    text += await (await fetch(url)).text();
  return text;
}

describe('a standing job', () => {
  it('starts one job for an upload, however often it is told, and the next over its results', async () => {
    const incoming = await create('in', { when: { kind: 'upload', prefix }, job: job('.toUpperCase()') });
    const second = await create('then', {
      when: { kind: 'after', job: `in-${run}` },
      job: job(".replaceAll('\\n','!\\n')"),
    });
    await befall({ source: 'aws.s3', detailType: 'Object Created', holds: run, fault: 'double' });
    await objects.put(`${folder}a_b.txt`, Buffer.from('one\ntwo\nthree\n'));
    const first = await isSo(incoming, 'a run', ({ runs }) => runs.length > 0);
    expect(first.runs).toMatchObject([{ outcome: 'succeeded', cause: { key: `${folder}a_b.txt` } }]);
    expect(await befallen(run)).toMatchObject({ taken: 1, delivered: 2 });
    const then = await isSo(second, 'a run', ({ runs }) => runs.length > 0);
    expect(then.runs).toMatchObject([
      { outcome: 'succeeded', cause: { kind: 'after', job: first.runs[0]?.job } },
    ]);
    expect(await resultOf(first.runs[0]?.job)).toBe('ONE\nTWO\nTHREE\n');
    expect(await resultOf(then.runs[0]?.job)).toBe('ONE!\nTWO!\nTHREE!\n');
    expect([await jobsOf(incoming), await jobsOf(second)].map(({ length }) => length)).toEqual([1, 1]);
    expect((await jobsOf(second))[0]).toMatchObject({ requester: 'alice' });
  });

  it('of a schedule knows its next time, and is run now by a person', async () => {
    const id = await create('nightly', {
      when: { kind: 'schedule', cron: '0 3 * * *', timeZone: 'Europe/Berlin' },
      job: { ...job(''), dataset: `${prefix}nothing/` },
    });
    const { next = '' } = await isSo(id, 'its next time', (one) => one.next !== undefined);
    expect(Date.parse(next)).toBeGreaterThan(Date.now());
    await alice.client.standingJobs.say(id, 'runs');
    const { runs } = await isSo(id, 'a run', (one) => one.runs.length > 0);
    expect(runs).toMatchObject([{ outcome: 'succeeded', why: 'There was nothing to read.' }]);
  });
});
