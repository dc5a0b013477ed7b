/** Data jobs as people have them: asked for over the API, worked at by pods that are killed, verified, cancelled, failed and retried. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateRepositoryCommand, DeleteRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { beforeAll, describe, expect, it, type TestContext } from 'vitest';
import * as z from '#core/zod.ts';
import { type Person, signIn } from '#local/demo/people.ts';
import { until } from '#local/demo/world.ts';
import type { JobAnswer } from '../../api/client/jobs.ts';
import { verifyJob } from '../../cli/job-verify.ts';
import { AwsJobObjects } from '../contracts/aws-job-worlds.ts';
import { access, output } from './cloud.ts';
import { kubectl } from './kubectl.ts';
import { push } from './push.ts';
import { killAWorker, runningPods } from './workers.ts';

/** Of the only image that is sure to be there: it has Node, and no shell. */
const node = (script: string) => ['node', '-e', script];
const upper = node(
  "process.stdin.on('data',d=>process.stdout.write(d.toString('latin1').replace(/[a-z]/g,c=>c.toUpperCase()),'latin1'))",
);
const text = Array.from({ length: 60_000 }, (_, i) => `{"id":${i},"text":"${'é'.repeat(i % 40)}"}\n`).join(
  '',
);
const objects = new AwsJobObjects(access.sdk, output('JobBucketName'));
/** What other engines go by. */
const Split = z.object({
  ...{ chunk: z.string(), bucket: z.string(), key: z.string(), etag: z.string() },
  ...{ size: z.int(), start: z.int(), end: z.int() },
});
const run = promisify(execFile);
const timeout = 900_000;

let alice: Person;
let input: string;
beforeAll(async () => {
  alice = await signIn(access, 'alice');
  const key = `datasets/checkout/${randomBytes(4).toString('hex')}.ndjson`;
  await objects.put(key, Buffer.from(text));
  input = `s3://${objects.bucket}/${key}`;
});

async function submitted(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  parts: Record<string, unknown>,
): Promise<string> {
  const job = {
    dataset: input,
    command: upper,
    chunkMiB: 1,
    resources: { cpu: 0.1, memoryMiB: 64 },
    ...parts,
  };
  const { job: asked } = await alice.client.jobs.submit({ team: 'checkout', job });
  const id = `checkout/${asked.name}`;
  // Nothing of one that failed stands in the way of the others.
  onTestFinished(() => alice.client.jobs.say(id, 'cancel').then(ignore, ignore));
  return id;
}
const isSo = (id: string, what: string, is: (answer: JobAnswer) => boolean) =>
  until(`${id}: ${what}`, 400, async () => {
    const answer = await alice.client.jobs.get(id);
    return is(answer) ? answer : undefined;
  });
const schwifty = (...args: string[]) => {
  const env = { ...process.env, SCHWIFTY_API: access.api, SCHWIFTY_TOKEN: alice.token };
  return run(process.execPath, ['cli/schwifty.ts', 'job', ...args], { env, maxBuffer: 2 ** 26 });
};
const ended = (id: string) => isSo(id, 'its end', ({ job }) => job.phase === 'ended');
const ignore = () => undefined;
const nameOf = (id: string) => id.split('/')[1] ?? '';

async function resultsOf(id: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const { url } of alice.client.jobs.results(id))
    parts.push(Buffer.from(await (await fetch(url)).arrayBuffer()));
  return Buffer.concat(parts);
}

// Each waits for its pods most of the time.
describe.concurrent('a data job', () => {
  it('has each record once in its result, whoever is killed, and leaves nothing but that', {
    timeout,
  }, async (context) => {
    const id = await submitted(context, { parallelism: 3 });
    await isSo(id, 'workers', ({ job }) => job.progress.leased + job.progress.committed > 0);
    for (let kills = 0; kills < 3; kills++) await killAWorker(nameOf(id));
    const { job, history } = await ended(id);
    expect(job, JSON.stringify(history)).toMatchObject({
      outcome: 'succeeded',
      progress: { records: 60_000 },
    });
    expect(await verifyJob(alice.client.jobs, id, true)).toMatchObject({
      faults: [],
      objects: 1,
      bytes: Buffer.byteLength(text),
      records: 60_000,
    });
    expect((await resultsOf(id)).equals(Buffer.from(text.replaceAll(/[a-z]/g, (c) => c.toUpperCase())))).toBe(
      true,
    );
    await expect(kubectl('get', 'namespace', nameOf(id))).rejects.toThrow(/not found/i);
    const usage = await alice.client.usage('checkout');
    expect(JSON.stringify(usage)).not.toContain(nameOf(id));
  });

  it('whose command fails says why, and runs again where it failed', { timeout }, async (context) => {
    // It fails on the first chunk, whose first record it knows.
    const script = `let s='';process.stdin.on('data',d=>s+=d).on('end',()=>{if(s.startsWith('{"id":0,')){console.error('no such day');process.exit(3)}process.stdout.write(s)})`;
    const id = await submitted(context, {
      parallelism: 2,
      command: node(script),
      maxAttempts: 1,
      toleratedFailures: 1,
    });
    const { job } = await ended(id);
    expect(job).toMatchObject({ outcome: 'succeeded', reason: '1 chunk failed, as may be.' });
    const [failure] = await alice.client.jobs.failures(id);
    expect(failure).toMatchObject({ chunk: '0', attempts: 1, failure: { kind: 'command', exitCode: 3 } });
    expect(failure?.failure.stderr).toContain('no such day');
    await alice.client.jobs.retry(id, 96);
    const again = await ended(id);
    expect(again.job.request).toMatchObject({ chunkMiB: 1, resources: { memoryMiB: 96 } });
    expect(again.job).toMatchObject({ outcome: 'succeeded', progress: { failed: 1 } });
    const [retried] = await alice.client.jobs.failures(id);
    expect(retried).toMatchObject({ chunk: '0', attempts: 2 });
    expect(again.job.progress.committed).toBe(again.job.progress.chunks - 1);
  });

  it('whose command wants a file has each chunk in one, which it reads and can not write', {
    timeout,
  }, async (context) => {
    const script =
      "const fs=require('fs');const[,f]=process.argv;try{fs.appendFileSync(f,'x');console.log('wrote')}catch{}process.stdout.write(fs.readFileSync(f))";
    const feed = { kind: 'file', name: 'part.ndjson' };
    const id = await submitted(context, { parallelism: 2, command: [...node(script), '{file}'], feed });
    const { job, history } = await ended(id);
    expect(job, JSON.stringify(history)).toMatchObject({
      outcome: 'succeeded',
      progress: { records: 60_000 },
    });
    expect((await resultsOf(id)).equals(Buffer.from(text))).toBe(true);
  });

  it('runs in an image of its own that has nothing but one program: no shell, no library, none of ours', {
    timeout,
  }, async (context) => {
    const repository = `release/checkout/tool-${randomBytes(3).toString('hex')}`;
    const ecr = new ECRClient(access.sdk);
    await ecr.send(new CreateRepositoryCommand({ repositoryName: repository }));
    context.onTestFinished(async () => {
      await ecr.send(new DeleteRepositoryCommand({ repositoryName: repository, force: true }));
    });
    const digest = await push(repository, 'r-1', { 'tool/busybox': readFileSync('/usr/bin/busybox') });
    const image = `${repository}@${digest}`;
    const command = ['/tool/busybox', 'tr', 'a-z', 'A-Z'];
    const id = await submitted(context, { parallelism: 2, command, image });
    const { job, history } = await ended(id);
    expect(job, JSON.stringify(history)).toMatchObject({
      outcome: 'succeeded',
      progress: { records: 60_000 },
    });
    expect((await resultsOf(id)).equals(Buffer.from(text.replaceAll(/[a-z]/g, (c) => c.toUpperCase())))).toBe(
      true,
    );
  });

  it('is paused, which ends its workers, resumed, and cancelled', { timeout }, async (context) => {
    const slow = node("process.stdin.resume().on('end',()=>setTimeout(()=>{},600000))");
    const id = await submitted(context, { parallelism: 2, command: slow });
    await isSo(id, 'two at work', ({ job }) => job.progress.leased === 2);
    await isSo(id, 'what one of them uses', ({ workers }) =>
      workers.some(({ memoryBytes = 0 }) => memoryBytes > 2 ** 20),
    );
    await alice.client.jobs.say(id, 'pause');
    await isSo(id, 'nobody at work', ({ job }) => job.progress.leased === 0);
    await until('no pods', 60, async () => ((await runningPods(nameOf(id))).length === 0 ? true : undefined));
    await alice.client.jobs.say(id, 'resume');
    await isSo(id, 'two at work again', ({ job }) => job.progress.leased === 2);
    await alice.client.jobs.say(id, 'cancel');
    expect((await ended(id)).job).toMatchObject({ outcome: 'cancelled', progress: { committed: 0 } });
    await expect(kubectl('get', 'namespace', nameOf(id))).rejects.toThrow(/not found/i);
  });

  it('whose results are merged has them in one, in order, as the terminal gives them', {
    timeout,
  }, async (context) => {
    const sort = node(
      "let s='';process.stdin.setEncoding('latin1').on('data',d=>s+=d).on('end',()=>process.stdout.write(s.split('\\n').slice(0,-1).sort().map(l=>l+'\\n').join(''),'latin1'))",
    );
    const id = await submitted(context, { parallelism: 2, command: sort, reduce: { kind: 'merge' } });
    const { job, history } = await ended(id);
    const lines = Buffer.from(text).toString('latin1').split('\n').slice(0, -1);
    const sorted = Buffer.from(`${lines.sort().join('\n')}\n`, 'latin1');
    expect(job, JSON.stringify(history)).toMatchObject({
      outcome: 'succeeded',
      reduced: { bytes: sorted.length },
    });
    const { stdout } = await schwifty('results', id);
    expect(stdout === sorted.toString()).toBe(true);
  });

  it('is planned for other engines: its chunks as they are, end to end over what was pinned', {
    timeout,
  }, async (context) => {
    const id = await submitted(context, { parallelism: 2 });
    const { job } = await ended(id);
    const { stdout } = await schwifty('plan', id);
    const splits = stdout
      .trimEnd()
      .split('\n')
      .map((line) => Split.parse(JSON.parse(line)));
    expect(splits.map(({ chunk }) => chunk)).toEqual(
      Array.from({ length: job.progress.chunks }, (_, i) => `${i}`),
    );
    expect(splits.length).toBeGreaterThan(1);
    const [first] = splits;
    const size = Buffer.byteLength(text);
    splits.forEach((split, i) => {
      expect(split).toMatchObject({ bucket: first?.bucket, key: first?.key, etag: first?.etag, size });
      expect([split.start, split.end]).toEqual([splits[i - 1]?.end ?? 0, splits[i + 1]?.start ?? size]);
    });
    expect(`s3://${first?.bucket}/${first?.key}`).toBe(input);
    const into = mkdtempSync(join(tmpdir(), 'plan-'));
    context.onTestFinished(() => rmSync(into, { recursive: true }));
    await schwifty('plan', id, '--as', 'dask', '--into', into);
    expect(readFileSync(join(into, 'splits.ndjson'), 'utf8')).toBe(stdout);
    expect(readdirSync(into).sort()).toEqual(['dask_bag.py', 'getschwifty_splits.py', 'splits.ndjson']);
  });

  it('is submitted, watched and verified from a terminal', { timeout }, async (context) => {
    const id = await submitted(context, { parallelism: 2 });
    const { stdout } = await schwifty('watch', id);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^\[#{24}\] 100 %.* succeeded$/);
    expect((await schwifty('verify', id, '--results')).stdout).toMatch(/^Whole: 1 object.* 60000 records/);
    expect((await schwifty('list', 'checkout')).stdout).toContain(id);
  });
});
