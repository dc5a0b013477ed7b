/** `schwifty job …`: what is sent, what people read, and whether a job's results are whole. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JobAnswer } from '#api/job-answers.ts';
import { JobRequest } from '#core/jobs/request.ts';
import { verifiedText } from '../../cli/job-verify.ts';
import { answer, id } from './job-answer.ts';
import { type Api, apiOnThisMachine, schwifty } from './program.ts';

describe('the program', () => {
  let api: Api;
  let folder: string;
  beforeAll(async () => {
    api = await apiOnThisMachine();
    folder = mkdtempSync(join(tmpdir(), 'getschwifty-job-'));
  });
  afterAll(async () => {
    await api.close();
    rmSync(folder, { recursive: true });
  });

  test('submits a file, and says no before it sends what is wrong', async () => {
    const file = join(folder, 'job.yaml');
    writeFileSync(file, 'dataset: s3://jobs/datasets/checkout/a\ncommand: [wc, -l]\nparallelism: 3\n');
    api.reset(201, answer());
    expect(await schwifty(api, ['job', 'submit', 'checkout', '--file', file])).toMatchObject({
      code: 0,
      err: '',
    });
    expect(api.asked.map(({ line }) => line)).toEqual(['POST /stage/jobs']);
    expect(JSON.parse(api.asked[0]?.body ?? '')).toMatchObject({ team: 'checkout', job: { parallelism: 3 } });
    writeFileSync(file, 'dataset: https://x\ncommand: []\n');
    api.reset(201, answer());
    const wrong = await schwifty(api, ['job', 'submit', 'checkout', '--file', file]);
    expect(wrong.code).toBe(1);
    expect(wrong.err).toMatch(/job\.yaml is not valid: job\.dataset: s3:\/\/bucket\/key.*job\.command/);
    expect(api.asked).toEqual([]);
  });

  test.each(['pause', 'resume', 'cancel', 'retry'])('%s is said of it', async (verb) => {
    api.reset(200, answer());
    expect((await schwifty(api, ['job', verb, id])).code).toBe(0);
    expect(api.asked.map(({ line }) => line)).toEqual([`POST /stage/jobs/${id}/${verb}`]);
  });

  test('is retried with more memory, which is a number', async () => {
    api.reset(200, answer());
    expect((await schwifty(api, ['job', 'retry', id, '--memory', '512'])).code).toBe(0);
    expect(api.asked).toMatchObject([
      { line: `POST /stage/jobs/${id}/retry`, body: JSON.stringify({ memoryMiB: 512 }) },
    ]);
    const wrong = await schwifty(api, ['job', 'retry', id, '--memory', '1Gi']);
    expect(wrong).toMatchObject({
      code: 1,
      err: expect.stringContaining('1Gi is no memory: a whole number'),
    });
  });

  test('watches until it has ended, and ends as the job did', async () => {
    let asked = 0;
    api.reset(200, {});
    api.reply = () => {
      asked += 1;
      const parts = asked === 1 ? {} : { phase: 'ended' as const, outcome: 'failed' as const };
      return { status: 200, body: JSON.stringify(answer(parts)) };
    };
    const { code, out } = await schwifty(api, ['job', 'watch', id]);
    expect(code).toBe(1);
    expect(out.trimEnd().split('\n')).toHaveLength(2);
  });

  test('watches each worker too, where it is asked for', async () => {
    api.reset(200, answer({ phase: 'ended', outcome: 'succeeded' }));
    const { out } = await schwifty(api, ['job', 'watch', id, '--workers']);
    expect(out.trimEnd().split('\n').slice(1)).toEqual(['  worker 0, 64.0 MiB, 3.0 MiB/s, 1200 records/s']);
  });

  const text = 'one\ntwo\n';
  const object = { key: 'a', size: text.length, etag: '"e"', crc32: crc32(Buffer.from(text)) };
  const part = (from: number, to: number) => {
    const bytes = Buffer.from(text.slice(from, to));
    const output = { key: `jobs/${from}`, bytes: bytes.length, crc32: crc32(bytes) };
    return { from, to, records: 1, crc32: crc32(bytes), attempt: 1, milliseconds: 1, output };
  };
  const line = (chunk: string, parts: object[], more: object = {}) =>
    JSON.stringify({ chunk, key: 'a', start: 0, end: 4, state: 'committed', attempts: 1, parts, ...more });

  test.each<[string, string[], number, RegExp, string?]>([
    [
      'is whole',
      [line('0', [part(0, 4)]), line('1', [part(4, 8)])],
      0,
      /^Whole: 1 object, 8 B, 2 records, each byte read once\. Of each S3 has a CRC-32, .* 2 results/,
    ],
    ['has a gap', [line('0', [part(0, 4)])], 1, /gap in a: bytes 4 to 8/],
    ['has a chunk twice', [line('0', [part(0, 4)]), line('1', [part(0, 8)])], 1, /overlap in a/],
    [
      'has no result of a chunk',
      [line('0', [part(0, 4)]), line('1', [], { state: 'failed' })],
      1,
      /chunk 1: it is failed/,
    ],
    [
      'has another result',
      [line('0', [part(0, 4)]), line('1', [part(4, 8)])],
      1,
      /chunk 1: jobs\/4 has 4 bytes with checksum/,
      'TWO\n',
    ],
    [
      'read other bytes than S3 has',
      [line('0', [part(0, 4)]), line('1', [{ ...part(4, 8), crc32: 7 }])],
      1,
      /a has checksum \d+, what was read \d+/,
    ],
  ])('verifies one that %s', async (_, manifest, code, said, changed) => {
    const results = ['0', '4'].map((at) => ({
      ...part(Number(at), Number(at) + 4).output,
      chunk: at === '0' ? '0' : '1',
      url: `${api.address}/file/${at}`,
    }));
    api.reset(200, {});
    const answers: Record<string, string> = {
      [`GET /stage/jobs/${id}/files`]: JSON.stringify({
        plan: `${api.address}/file/plan`,
        manifest: `${api.address}/file/manifest`,
        expiresSeconds: 300,
      }),
      [`GET /stage/jobs/${id}/results?`]: JSON.stringify({ results }),
      'GET /file/plan': `${JSON.stringify(object)}\n`,
      'GET /file/manifest': `${manifest.join('\n')}\n`,
      'GET /file/0': 'one\n',
      'GET /file/4': changed ?? 'two\n',
    };
    api.reply = (asked) => ({ status: asked in answers ? 200 : 404, body: answers[asked] ?? '' });
    const run = await schwifty(api, ['job', 'verify', id, '--results']);
    expect(run.out).toMatch(said);
    expect(run.code).toBe(code);
  });

  test('verified, it says of how many objects S3 has a checksum', () => {
    const whole = { faults: [], objects: 3, bytes: 8, records: 2, results: 0 };
    expect(verifiedText({ ...whole, sums: 2 })).toMatch(/read once\. Of 2 of them S3 has a CRC-32/);
    expect(verifiedText({ ...whole, sums: 0 })).toMatch(/S3 has no CRC-32 of any to compare with\.$/);
    expect(verifiedText({ ...whole, table: 'public.sales' })).toMatch(/each range read once\.$/);
  });

  /** A job of two chunks, the second between quotes. */
  const planned = (parts: Partial<JobAnswer['job']> = {}) => {
    const request = { dataset: 's3://jobs/datasets/checkout/', command: ['wc'], chunkMiB: 1 };
    const asked = JobRequest.parse({ ...request, records: { kind: 'csv' }, header: true });
    api.reset(200, {});
    const files = { plan: `${api.address}/file/plan`, quoted: `${api.address}/file/quoted` };
    const answers: Record<string, string> = {
      [`GET /stage/jobs/${id}`]: JSON.stringify(answer({ request: asked, ...parts })),
      [`GET /stage/jobs/${id}/files`]: JSON.stringify({ ...files, expiresSeconds: 300 }),
      'GET /file/plan': `${JSON.stringify({ key: 'datasets/checkout/a', size: 1_500_000, etag: '"e"' })}\n`,
      'GET /file/quoted': '1\n',
    };
    api.reply = (line) => ({ status: line in answers ? 200 : 404, body: answers[line] ?? '' });
  };

  test('prints its plan, a split a line, each whole by itself', async () => {
    planned();
    const { code, out } = await schwifty(api, ['job', 'plan', id]);
    expect(code).toBe(0);
    const object = { bucket: 'jobs', key: 'datasets/checkout/a', size: 1_500_000, etag: '"e"' };
    const how = { records: { kind: 'csv' }, compression: 'none', header: true };
    const splits = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(splits).toEqual([
      { chunk: '0', ...object, start: 0, end: 2 ** 20, ...how, quoted: false },
      { chunk: '1', ...object, start: 2 ** 20, end: 1_500_000, ...how, quoted: true },
    ]);
  });

  test.each([
    ['dask', 'dask_bag.py', 'python dask_bag.py'],
    ['ray', 'ray_data.py', 'python ray_data.py'],
    ['spark', 'spark_rdd.py', 'spark-submit --py-files getschwifty_splits.py spark_rdd.py'],
  ])('hands it over to %s, into an empty folder alone', async (engine, program, begun) => {
    planned();
    const into = join(folder, engine);
    const { code, out } = await schwifty(api, ['job', 'plan', id, '--as', engine, '--into', into]);
    expect(code).toBe(0);
    expect(out).toContain(`2 splits in ${into}: splits.ndjson, getschwifty_splits.py, ${program}.`);
    expect(out).toContain(begun);
    expect(readdirSync(into).sort()).toEqual(['splits.ndjson', 'getschwifty_splits.py', program].sort());
    const again = await schwifty(api, ['job', 'plan', id, '--as', engine, '--into', into]);
    expect(again).toMatchObject({ code: 1, err: expect.stringMatching(/is not empty: say another folder/) });
  });

  test('has no plan to print before its dataset is listed or of a table, and knows no other engine', async () => {
    planned({ phase: 'listing' });
    const { code, err } = await schwifty(api, ['job', 'plan', id]);
    expect(code).toBe(1);
    expect(err).toMatch(/has no plan yet: its dataset is being listed/);
    planned({
      request: JobRequest.parse({
        table: { database: 'shop', schema: 'public', table: 'sales', key: ['id'] },
        command: ['wc'],
      }),
    });
    const table = await schwifty(api, ['job', 'plan', id]);
    expect(table).toMatchObject({
      code: 1,
      err: expect.stringMatching(/reads rows of a database: other engines/),
    });
    const dataset = 's3://jobs/datasets/checkout/';
    planned({ request: JobRequest.parse({ dataset, compression: 'zstd-seekable', command: ['wc'] }) });
    const frames = await schwifty(api, ['job', 'plan', id]);
    expect(frames).toMatchObject({ code: 1, err: expect.stringMatching(/cut where frames of zstd begin/) });
    const flink = await schwifty(api, ['job', 'plan', id, '--as', 'flink']);
    expect(flink).toMatchObject({ code: 1, err: expect.stringMatching(/dask, ray, spark/) });
  });
});
