/** Two teams' data jobs in a cluster that has too few workers for both: each has its half, and the first gives up its own chunk by chunk. */
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Person, signIn } from '#local/demo/people.ts';
import { until } from '#local/demo/world.ts';
import { jobWorkers } from '#local/setup/synth.ts';
import { AwsJobObjects } from '../contracts/aws-job-worlds.ts';
import { access, output } from './cloud.ts';
import { podsOf } from './workers.ts';

const half = jobWorkers / 2;
const mebibyte = `${'x'.repeat(1023)}\n`.repeat(1024);
/** A kubelet tells a worker only after a while, in an account within two minutes, that it is one too many: there are chunks left by then. */
const slow = ['node', '-e', "process.stdin.on('end',()=>setTimeout(()=>console.log('done'),20000)).resume()"];
const patienceSeconds = 240;
const objects = new AwsJobObjects(access.sdk, output('JobBucketName'));

interface Asked {
  readonly id: string;
  readonly name: string;
}

async function ask({ client }: Person, team: string, chunks: number): Promise<Asked> {
  const key = `datasets/${team}/shares-${Date.now().toString(36)}.ndjson`;
  await objects.put(key, Buffer.from(mebibyte.repeat(chunks)));
  const { job } = await client.jobs.submit({
    team,
    job: {
      dataset: `s3://${objects.bucket}/${key}`,
      command: slow,
      chunkMiB: 1,
      parallelism: jobWorkers,
      resources: { cpu: 0.05, memoryMiB: 64 },
    },
  });
  const id = `${team}/${job.name}`;
  onTestFinished(async () => {
    await client.jobs.say(id, 'cancel');
    await until(`${id}: its end`, patienceSeconds, async () =>
      (await client.jobs.get(id)).job.phase === 'ended' ? true : undefined,
    );
  });
  return { id, name: job.name };
}

/** So many workers of each at once. Where they do not come, the cluster says why: it may be full of what others left. */
async function come(wanted: readonly number[], ...jobs: readonly Asked[]): Promise<void> {
  const seen = new Set<string>();
  const look = async () => {
    const pods = await Promise.all(jobs.map(({ name }) => podsOf(name)));
    const now = pods.map((each) => each.filter(({ phase }) => phase === 'Running').length).join(' and ');
    for (const { phase, why } of pods.flat()) if (phase === 'Pending' && why) seen.add(why);
    seen.add(now);
    return now === wanted.join(' and ') || undefined;
  };
  await until(`workers: ${wanted.join(' and ')}`, patienceSeconds, look, () => [...seen].join(', '));
}

describe('a cluster with too few workers for all jobs', () => {
  let alice: Person;
  let lena: Person;
  beforeAll(async () => {
    [alice, lena] = await Promise.all([signIn(access, 'alice'), signIn(access, 'lena', ['ledger-members'])]);
  });

  it('has as many for each team, and nobody is killed for it', async () => {
    const first = await ask(alice, 'checkout', 12 * jobWorkers);
    await come([jobWorkers], first);
    const second = await ask(lena, 'ledger', 6 * jobWorkers);
    await come([half, half], first, second);
    expect(await alice.client.jobs.get(first.id)).toMatchObject({
      share: { workers: half, couldUse: jobWorkers },
    });
    expect(await lena.client.jobs.get(second.id)).toMatchObject({ share: { workers: half } });
    const ended = (await podsOf(first.name)).filter(({ phase }) => phase !== 'Running');
    expect(ended.map(({ phase }) => phase)).toEqual(Array.from({ length: half }, () => 'Succeeded'));
  });
});
