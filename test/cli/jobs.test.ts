/** `schwifty job …`: what is sent, what people read, and whether a job's results are whole. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JobAnswer } from '#api/job-answers.ts';
import { JobRequest } from '#core/jobs/request.ts';
import { JobKey } from '#core/jobs/slots.ts';
import { failuresText, jobLine, jobsText, jobText } from '../../cli/job-text.ts';
import { verifiedText } from '../../cli/job-verify.ts';
import { start } from '../contracts/samples.ts';
import { type Api, apiOnThisMachine, schwifty } from './program.ts';

const key = JobKey.parse({ team: 'checkout', name: 'job-0123456789abcdef' });
const id = 'checkout/job-0123456789abcdef';
const job = (parts: Partial<JobAnswer['job']> = {}): JobAnswer['job'] => ({
  ...key,
  phase: 'running',
  paused: false,
  requester: 'rita',
  at: start,
  cluster: 'main',
  request: JobRequest.parse({ dataset: 's3://jobs/datasets/checkout/a', command: ['wc', '-l'] }),
  progress: {
    ...{
      chunks: 8,
      committed: 2,
      failed: 1,
      halved: 0,
      leased: 4,
      open: 5,
      bytesDone: 3 * 2 ** 20,
      bytes: 8 * 2 ** 20,
    },
    share: 3 / 8,
    ...{ records: 12, outputBytes: 2048, commandSeconds: 60, bytesPerSecond: 2 ** 20, secondsLeft: 5 },
  },
  cost: { currency: 'USD', soFar: 0.12, assumption: 'what ran.' },
  ...parts,
});
const answer = (parts: Partial<JobAnswer['job']> = {}): JobAnswer => ({
  job: job(parts),
  workers: [{ slot: 0, state: 'running', restarts: 1, at: start, memoryBytes: 64 * 2 ** 20 }],
  history: [{ at: start, actor: 'rita', what: 'asked for wc' }],
});

describe('in words', () => {
  test('a line says how far, how fast, how long still', () => {
    expect(jobLine(job())).toBe(
      '[#########...............] 37 %  3.0 MiB of 8.0 MiB  2 of 8 chunks, 1 failed, 4 at work  1.0 MiB/s  5.0 s left  running',
    );
    const cut = { ...job().progress, halved: 2 };
    expect(jobLine(job({ progress: cut }))).toContain('2 of 8 chunks, 1 failed, 2 halved, 4 at work');
    expect(jobText(answer({ progress: cut }))).toContain(
      '\n  halved    2 chunks were cut in two: their commands had no memory left of 256 MiB (resources.memoryMiB, or a smaller chunkMiB)\n',
    );
    expect(jobText(answer())).not.toContain('halved');
    expect(jobLine(job({ paused: true }))).toMatch(/running, paused$/);
    expect(jobLine(job({ phase: 'ended', outcome: 'failed' }))).toMatch(/failed$/);
    const none = { ...job().progress, bytes: 0, bytesDone: 0, share: 0 };
    expect(jobLine(job({ progress: none }))).toMatch(/^\[\.{24}\] 0 %/);
  });

  test('that its database is away is said, for how long, why, and until when', () => {
    const why = 'failed: orders: connecting: ECONNREFUSED';
    const away = { since: start, seconds: 7260, failsAt: '2026-07-02T10:00:00.000Z', why };
    expect(jobLine(job({ away }))).toMatch(/running, its database is away for 2 h 1 m$/);
    expect(jobText(answer({ away }))).toContain(
      `\n  database  not in reach since ${start} (${why}): the job fails at 2026-07-02T10:00:00.000Z\n`,
    );
  });

  test('a job says what it runs, over what, who works and what happened', () => {
    const text = jobText(answer({ phase: 'ended', outcome: 'failed', reason: '2 chunks failed; 0 may.' }));
    expect(text).toMatch(/^checkout\/job-0123456789abcdef {2}failed: 2 chunks failed; 0 may\.\n/);
    for (const part of [
      'wc -l',
      's3://jobs/datasets/checkout/a',
      '0.12 USD so far',
      'worker 0  running, filled again 1 times, 64.0 MiB',
      'rita: asked for wc',
    ])
      expect(text).toContain(part);
  });

  test('one that has a share of its cluster says so', () => {
    const text = jobText({ ...answer(), share: { workers: 2, couldUse: 4 } });
    expect(text).toContain("\n  share     2 workers of 4 that it could use: the others are other jobs'\n");
    expect(jobText(answer())).not.toContain('share ');
  });

  test('one of one snapshot says so, and how long that is held', () => {
    const snapshot = { kind: 'job', maxSeconds: 5400 };
    const table = { database: 'shop', table: 'sales', key: ['id'], snapshot };
    const text = jobText(answer({ request: JobRequest.parse({ table, command: ['wc'] }) }));
    expect(text).toMatch(
      /\n {2}snapshot {2}one of all of it, which a worker more holds .*: 1 h 30 m at most\n/,
    );
    expect(jobText(answer())).not.toContain('snapshot');
  });

  test('none says what to do', () => {
    expect(jobsText({ jobs: [] })).toContain('schwifty job submit');
    expect(jobsText({ jobs: [job()], next: key.name })).toMatch(/2 of 8 .*\nThere are older ones\.$/);
  });

  test('a failure says where and what the command said', () => {
    const failure = {
      kind: 'command',
      message: 'it ended with 3',
      exitCode: 3,
      stderr: 'no day\nno month\n',
    } as const;
    const chunk = { chunk: '3', key: 'a', attempts: 4 };
    expect(failuresText([{ ...chunk, start: 300, end: 400, failure: { ...failure, offset: 380 } }])).toBe(
      'chunk 3 of a, bytes 300 to 400, after 4 attempts: command: it ended with 3 (it had been given what is before byte 380)\n    no day\n    no month',
    );
    const large = { kind: 'record-too-large', message: 'it is larger than 10 bytes', offset: 7 } as const;
    expect(failuresText([{ ...chunk, failure: large }])).toMatch(/record-too-large: .* \(at byte 7\)$/);
    const rows = (after: string[] | null, upTo: string[] | null) =>
      failuresText([{ ...chunk, key: 'public.sales', range: { after, upTo }, failure }]);
    expect(rows(['1', 'b'], ['2', 'a'])).toContain(
      'of public.sales, rows behind (1, b) up to (2, a), after 4',
    );
    expect(rows(null, ['2'])).toContain(', rows from the first one up to (2), after');
    expect(rows(['2'], null)).toContain(', rows behind (2), after');
    expect(rows(null, null)).toContain(', all rows, after');
    expect(failuresText([{ ...chunk, chunk: '3ab', failure }])).toMatch(
      /^chunk 3ab \(a piece of 3, whose command had no memory left\) of a, after 4/,
    );
    expect(failuresText([])).toBe('No chunk has failed.');
  });
});

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
