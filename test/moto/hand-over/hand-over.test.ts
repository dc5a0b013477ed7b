/** Another engine reads a job's input by its plan: each record once, as the job's own workers cut them. Dask does it here, from S3 as moto has it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { CreateBucketCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Records } from '#core/jobs/dataset.ts';
import { cutterOf } from '#core/jobs/records.ts';
import { JobRequest } from '#core/jobs/request.ts';
import type { Split } from '#core/jobs/splits.ts';
import { type Api, apiOnThisMachine, schwifty } from '../../cli/program.ts';
import { start } from '../../contracts/samples.ts';
import { type Ran, runPython, withPython } from '../parquet/python.ts';

const reader = join(import.meta.dirname, '../../../cli/hand-over');
const name = 'job-0123456789abcdef';
const MiB = 2 ** 20;
const sdk = {
  endpoint: inject('moto'),
  region: 'us-east-1',
  credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' },
};
const s3 = new S3Client({ ...sdk, forcePathStyle: true });
const Bucket = 'hand-over';

let programs: string;
let api: Api;
let folder: string;
beforeAll(async () => {
  programs = await withPython();
  api = await apiOnThisMachine();
  folder = mkdtempSync(join(tmpdir(), 'hand-over-'));
  await s3.send(new CreateBucketCommand({ Bucket }));
}, 300_000);
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true });
});

function python(cwd: string, script: string, input = ''): Promise<Ran> {
  const env = {
    PYTHONPATH: cwd,
    AWS_ENDPOINT_URL: sdk.endpoint,
    AWS_DEFAULT_REGION: sdk.region,
    AWS_ACCESS_KEY_ID: sdk.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: sdk.credentials.secretAccessKey,
  };
  return runPython(programs, join(import.meta.dirname, script), { cwd, input, env });
}

const bytesOf = (base64: unknown): Buffer => Buffer.from(String(base64), 'base64');

describe('the reader', () => {
  const parts: Readonly<Record<string, readonly string[]>> = {
    lines: ['\n', '\n', '\r\n', 'a', 'é', 'long record '],
    csv: ['\n', '\r\n', '"a\nb"', '""', '"x""\n"', ',', 'é'],
    delimited: ['||-', '|', '||', '-', '|-', 'a', '\n'],
    fixed: ['abcd', '\n\n\n\n', 'éé'],
  };
  const kinds: readonly Records[] = [
    { kind: 'lines' },
    { kind: 'csv' },
    { kind: 'delimited', delimiter: '7c7c2d' },
    { kind: 'fixed', width: 4 },
  ];
  const anyObject = fc.constantFrom(...kinds).chain((records) =>
    fc.record({
      records: fc.constant(records),
      data: fc
        .array(fc.constantFrom(...(parts[records.kind] ?? [])), { minLength: 1, maxLength: 40 })
        .map((some) => Buffer.from(some.join(''))),
      step: fc.integer({ min: 1, max: 12 }).map((step) => (records.kind === 'fixed' ? step * 4 : step)),
    }),
  );
  const isOdd = (data: Buffer): boolean => data.filter((byte) => byte === 0x22).length % 2 === 1;

  it('gives of each split the records that a worker gives of the chunk', async () => {
    const cases: { data: Buffer; split: Split }[] = [];
    for (const { records, data, step } of fc.sample(anyObject, 400))
      for (let at = 0; at < data.length; at += step) {
        const end = Math.min(at + step, data.length);
        const quoted = records.kind === 'csv' && isOdd(data.subarray(0, at));
        const more = { records, quoted, compression: 'none', header: false } as const;
        const object = { bucket: 'b', key: 'a', size: data.length, etag: '"e"' };
        cases.push({ data, split: { chunk: '0', ...object, start: at, end, ...more } });
      }
    const input = cases.map(({ data, split }) => JSON.stringify({ data: data.toString('base64'), split }));
    const { code, lines, err } = await python(reader, 'cases.py', input.join('\n'));
    expect({ code, err, answers: lines.length }).toEqual({ code: 0, err: '', answers: cases.length });
    for (const [i, { data, split }] of cases.entries()) {
      const found = (lines[i] as unknown[]).map(bytesOf);
      const range = { ...split, aligned: split.start === 0, scanFrom: split.start };
      const cutter = cutterOf(range, split.records, 1000);
      const ours = cutter.done ? Buffer.of() : Buffer.from(cutter.push(data.subarray(cutter.readFrom)));
      cutter.end();
      expect({ split, bytes: String(Buffer.concat(found)), records: found.length }).toEqual({
        split,
        bytes: String(ours),
        records: cutter.found.records,
      });
    }
  });
});

it.each(['dask_bag.py', 'ray_data.py', 'spark_rdd.py'])('%s is Python', async (file) => {
  const { code, err } = await python(reader, 'parsed.py', file);
  expect({ code, err }).toEqual({ code: 0, err: '' });
});

describe('a job', () => {
  /** As the API has a job over `objects`, whose plan was listed. */
  async function job(objects: Readonly<Record<string, Buffer>>, asked: object = {}) {
    const prefix = `data-${Object.keys(objects).join('-')}/`;
    const listed: object[] = [];
    for (const [key, Body] of Object.entries(objects)) {
      const at = { Bucket, Key: `${prefix}${key}` };
      await s3.send(new PutObjectCommand({ ...at, Body }));
      const { ETag, ContentLength } = await s3.send(new HeadObjectCommand(at));
      listed.push({ key: at.Key, size: ContentLength, etag: ETag });
    }
    const request = JobRequest.parse({ dataset: `s3://${Bucket}/${prefix}`, command: ['wc'], ...asked });
    const answers: Record<string, unknown> = {
      [`/stage/jobs/checkout/${name}`]: answerOf(request),
      [`/stage/jobs/checkout/${name}/files`]: { plan: `${api.address}/plan`, expiresSeconds: 300 },
    };
    const plan = listed.map((object) => `${JSON.stringify(object)}\n`).join('');
    api.reply = (line) => {
      const path = line.replace('GET ', '');
      return { status: 200, body: path === '/plan' ? plan : JSON.stringify(answers[path]) };
    };
    const into = join(mkdtempSync(join(folder, 'job-')), name);
    const run = await schwifty(api, ['job', 'plan', `checkout/${name}`, '--as', 'dask', '--into', into]);
    expect(run).toMatchObject({ code: 0, err: '' });
    return { into, prefix, out: run.out };
  }

  const progress = {
    chunks: 1,
    committed: 1,
    failed: 0,
    leased: 0,
    open: 0,
    bytesDone: 1,
    bytes: 1,
    share: 1,
  };
  const answerOf = (request: JobRequest) => ({
    job: {
      ...{ team: 'checkout', name, phase: 'ended', outcome: 'succeeded', paused: false, requester: 'rita' },
      ...{ at: start, since: start, cluster: 'main', request },
      progress: { ...progress, records: 1, outputBytes: 1, commandSeconds: 1 },
      cost: { currency: 'USD', soFar: 0, assumption: 'none.' },
    },
    workers: [],
    history: [],
  });

  const recordsOf = (data: Buffer): string[] => data.toString('latin1').split(/(?<=\n)/);
  const lines = (count: number, seed: number): string =>
    Array.from(
      { length: count },
      (_, i) => `${i} ${'x'.repeat((i * seed) % 97)}${i % 5 ? '\n' : '\r\n\n'}`,
    ).join('');

  it('is a bag of Dask, a partition for each chunk, that has each record of its objects once', async () => {
    // A record longer than a chunk, and one without an end.
    const a = Buffer.from(`${lines(30_000, 31)}${'é'.repeat(MiB)}\n${lines(9000, 7)}the last`);
    const b = Buffer.from(lines(10, 3));
    const { into, out } = await job({ a, b }, { chunkMiB: 1 });
    const chunks = Math.ceil(a.length / MiB) + 1;
    expect(chunks).toBeGreaterThan(4);
    expect(out).toContain(`${chunks} splits in ${into}`);
    const { code, err, lines: said } = await python(into, 'bag.py');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [partitions, ...found] = said;
    expect(partitions).toBe(chunks);
    const plain = [...recordsOf(a), ...recordsOf(b)];
    expect(found.length).toBe(plain.length);
    expect(found.map((record) => bytesOf(record).toString('latin1'))).toEqual(plain);
  });

  it.each([
    [
      'gzip',
      (data: Buffer) => Buffer.concat([gzipSync(data.subarray(0, 999)), gzipSync(data.subarray(999))]),
    ],
    ['zstd', zstdCompressSync],
  ] as const)('reads what %s has compressed', async (compression, compressed) => {
    const plain = Buffer.from(`${lines(3000, 31)}the last`);
    const { into } = await job({ [compression]: compressed(plain) }, { compression });
    const { code, err, lines: said } = await python(into, 'bag.py');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(said.slice(1).map((record) => bytesOf(record).toString('latin1'))).toEqual(recordsOf(plain));
  });

  it('of Parquet has each row once, a partition for each chunk', async () => {
    const file = join(folder, 'rows.parquet');
    const made = await python(folder, 'rows.py', file);
    expect({ code: made.code, err: made.err }).toEqual({ code: 0, err: '' });
    const data = readFileSync(file);
    expect(data.length).toBeGreaterThan(3 * MiB);
    const { into } = await job(
      { 'a.parquet': data, 'b.parquet': data },
      { chunkMiB: 1, records: { kind: 'parquet' } },
    );
    const { code, err, lines: said } = await python(into, 'bag.py');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [partitions, ...rows] = said;
    expect(partitions).toBe(2 * Math.ceil(data.length / MiB));
    expect(rows.map((row) => (row as { id: number }).id)).toEqual(
      [0, 1].flatMap(() => Array.from({ length: 9000 }, (_, i) => i)),
    );
  });

  it('is refused an object that was written since', async () => {
    const { into, prefix } = await job({ changed: Buffer.from('a\nb\n') });
    await s3.send(new PutObjectCommand({ Bucket, Key: `${prefix}changed`, Body: 'A\nb\n' }));
    const { code, err } = await python(into, 'bag.py');
    expect(code).toBe(1);
    expect(err).toContain('PreconditionFailed');
  });
});
