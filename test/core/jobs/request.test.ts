/** What may be asked for of a data job, what is refused and why, and what comes of it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DatasetPrefix, DatasetUrl, locationOf, mayRead } from '#core/jobs/location.ts';
import { chunkBytesOf, heldBy, inputText, JobRequest, jobSpecOf } from '#core/jobs/request.ts';
import { jobKey } from './samples.ts';

const asked = { dataset: 's3://lake/datasets/checkout/sales.ndjson', command: ['wc', '-l'] };
const request = (more: object = {}): JobRequest => JobRequest.parse({ ...asked, ...more });
const problems = (more: object): string[] =>
  (JobRequest.safeParse({ ...asked, ...more }).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );
const rows = { database: 'orders', table: 'orders', key: ['id'] };
const asQuery = { database: 'orders', sql: 'SELECT 1 AS id', key: ['id'] };
const ofTable = { dataset: undefined, table: rows };
const MiB = 2 ** 20;
/** What makes one path another, and a letter. */
const tricky = fc.constantFrom('a', '.', '..', '/', '%2e', '%', '?', '#', '\\', ' ', '+', '\n', '@', ':');

describe('a request', () => {
  it('needs a dataset and a command alone', () => {
    expect(request()).toMatchObject({
      records: { kind: 'lines' },
      compression: 'none',
      resources: { cpu: 0.5, memoryMiB: 256 },
      parallelism: 4,
      maxAttempts: 4,
      toleratedFailures: 0,
    });
  });

  it.each<[object, RegExp]>([
    [{ dataset: 'https://lake/x' }, /^dataset: s3:\/\/bucket\/key/],
    [{ dataset: 's3://lake' }, /^dataset: s3/],
    [{ dataset: 's3://Lake/x' }, /^dataset: s3/],
    [{ dataset: 's3://lake/a/../b' }, /^dataset: no segment/],
    [{ dataset: 's3://lake/a//b' }, /^dataset: s3/],
    [{ dataset: 's3://lake/a\nb' }, /^dataset: s3/],
    [{ dataset: 's3://lake/a%2fb' }, /^dataset: s3/],
    [{ dataset: `s3://lake/${'a'.repeat(1025)}` }, /^dataset: a key of at most 1024/],
    [{ command: [] }, /^command: /],
    [{ command: ['a\0b'] }, /^command\.0: no NUL/],
    [{ command: 'wc -l' }, /^command: .*expected array/],
    [{ image: 'nginx:latest' }, /^image: what was released for an environment of the team, by its digest/],
    [{ parallelism: 0 }, /^parallelism: /],
    [{ parallelism: 1001 }, /^parallelism: /],
    [{ resources: { memoryMiB: 16 } }, /^resources\.memoryMiB: /],
    [{ records: { kind: 'delimited', delimiter: '0a0a' } }, /^records\.delimiter: .*can not be split/],
    [{ records: { kind: 'fixed', width: 10 }, header: true }, /^header: records of one width/],
    [{ records: { kind: 'parquet' }, header: true }, /^header: Parquet says itself/],
    [{ records: { kind: 'parquet' }, compression: 'zstd' }, /^compression: Parquet is compressed within/],
    [{ ...ofTable, records: { kind: 'parquet' } }, /^records: rows of a database are lines/],
    [{ compression: 'gzip', chunkMiB: 8 }, /^chunkMiB: a compressed object is one chunk/],
    [{ checkpointMiB: 15 }, /^checkpointMiB: /],
    [{ checkpointMiB: 128 }, /^checkpointMiB: a chunk has 128 MiB, and would have none/],
    [{ checkpointMiB: 16, chunkMiB: 16 }, /^checkpointMiB: a chunk has 16 MiB, and would have none/],
    [{ checkpointMiB: 16, compression: 'zstd-seekable' }, /^checkpointMiB: rows, row groups and what is/],
    [{ checkpointMiB: 16, records: { kind: 'parquet' } }, /^checkpointMiB: rows, row groups and what is/],
    [{ ...ofTable, checkpointMiB: 16 }, /^checkpointMiB: rows, row groups and what is/],
    [{ feed: { kind: 'file', name: '../x' } }, /^feed\.name: letters, digits/],
    [{ feed: { kind: 'file', name: '.x' } }, /^feed\.name: letters, digits/],
    [{ feed: { kind: 'file', name: 'a/b' } }, /^feed\.name: letters, digits/],
    [{ feed: { kind: 'file', maxMiB: 0 } }, /^feed\.maxMiB: /],
    [{ feed: { kind: 'pipe' } }, /^feed\.kind: /],
    [{ chunks: 3 }, /Unrecognized key/],
    [{ dataset: undefined }, /^dataset: what is to be read/],
    [{ table: rows }, /^table: a dataset, a job's results, a table or a query: one of them/],
    [{ query: { ...asQuery } }, /^query: a dataset, a job's results, a table or a query/],
    [{ dataset: undefined, query: { ...asQuery, sql: '' } }, /^query\.sql: /],
    [{ dataset: undefined, query: { ...asQuery, schema: 'public' } }, /^query: Unrecognized key/],
    [{ ...ofTable, table: { ...rows, key: [] } }, /^table\.key: /],
    [{ ...ofTable, table: { ...rows, database: 'Orders' } }, /^table\.database: lower-case/],
    [{ ...ofTable, table: { ...rows, table: 'x'.repeat(64) } }, /^table\.table: a name of 63 bytes/],
    [{ ...ofTable, table: { ...rows, query: 'select' } }, /^table: Unrecognized key/],
    [{ ...ofTable, records: { kind: 'fixed', width: 3 } }, /^records: rows of a database are lines, or CSV/],
    [{ ...ofTable, header: true }, /^header: rows of a database/],
    [{ ...ofTable, compression: 'gzip' }, /^compression: rows of a database/],
    [{ target: { ...rows } }, /^target: Unrecognized key/],
    [{ target: { database: 'orders', table: 'x', format: 'json' } }, /^target\.format: /],
  ])('of %j is refused by its field', (more, says) => {
    const found = problems(more);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(says);
  });
});

describe('a dataset', () => {
  it('is an object, or all below a prefix', () => {
    expect(locationOf('s3://lake/a/b.csv')).toEqual({ bucket: 'lake', key: 'a/b.csv', isPrefix: false });
    expect(locationOf('s3://lake/a/')).toEqual({ bucket: 'lake', key: 'a/', isPrefix: true });
    expect(DatasetPrefix.safeParse('s3://lake/a').success).toBe(false);
  });

  it('is read where the team may, and nowhere that begins alike', () => {
    const allowed = ['s3://lake/sales/', 's3://other/team=checkout/'].map((url) => DatasetPrefix.parse(url));
    expect(mayRead('s3://lake/sales/2026/', allowed)).toBe(true);
    expect(mayRead('s3://lake/sales/', allowed)).toBe(true);
    expect(mayRead('s3://lake/sales-secret/x', allowed)).toBe(false);
    expect(mayRead('s3://lake/sales', allowed)).toBe(false);
    expect(mayRead('s3://lake/sales/x', [])).toBe(false);
  });

  it('never leaves what it is allowed, whatever is typed behind it', () => {
    const prefix = 's3://lake/sales/';
    fc.assert(
      fc.property(fc.string({ unit: tricky, maxLength: 12 }), (typed) => {
        const url = `${prefix}${typed}`;
        if (!DatasetUrl.safeParse(url).success) return;
        const { bucket, key } = locationOf(url);
        // As S3 takes it and as a URL is read, it is one and the same.
        expect(new URL(`https://${bucket}.s3.amazonaws.com/${key}`).pathname).toMatch(/^\/sales\//);
        expect(bucket).toBe('lake');
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what comes of it', () => {
  it('of a table is a secret and a source, by the name that the configuration has', () => {
    const target = { database: 'results', table: 'totals' };
    const spec = jobSpecOf(request({ ...ofTable, target }), jobKey(), {
      resultsBucket: 'results',
      databases: ['results', 'orders'].map((name) => ({
        name,
        secret: `secret/${name}`,
        network: '10.0.0.0/8',
        port: 5432,
      })),
    });
    expect(spec.input).toEqual({
      secret: 'secret/orders',
      source: { schema: 'public', table: 'orders', key: ['id'] },
    });
    expect(spec.target).toEqual({
      secret: 'secret/results',
      table: { schema: 'public', table: 'totals' },
      format: 'csv',
    });
  });

  it('of a query is that, as its person wrote it', () => {
    const asked = request({ dataset: undefined, query: asQuery });
    const orders = { name: 'orders', secret: 's', network: '10.0.0.0/8', port: 5432 };
    const spec = jobSpecOf(asked, jobKey(), { resultsBucket: 'results', databases: [orders] });
    expect(spec.input).toEqual({ secret: 's', source: { query: 'SELECT 1 AS id', key: ['id'] } });
    expect(inputText(asked)).toBe('a query of orders');
  });

  it('a worker is told of its own job, and of nothing that only control needs', () => {
    const key = jobKey();
    const spec = jobSpecOf(request({ recordMiB: 2, maxAttempts: 2 }), key, {
      resultsBucket: 'results',
      databases: [],
    });
    expect(spec).toMatchObject({
      job: key.name,
      input: { bucket: 'lake' },
      results: { bucket: 'results', prefix: `jobs/${key.team}/${key.name}/` },
      command: ['wc', '-l'],
      recordBytes: 2 * MiB,
      maxFailures: 2,
    });
    expect(spec).not.toHaveProperty('parallelism');
  });

  it('a file of a chunk has room for it, as far as that is known, and a worker is told so', () => {
    const told = (more: object) =>
      jobSpecOf(request(more), jobKey(), { resultsBucket: 'jobs', databases: [] }).file;
    const feed = { kind: 'file' };
    expect(told({})).toBeUndefined();
    expect(told({ feed, chunkMiB: 8, recordMiB: 2 })).toEqual({ name: 'chunk', maxMiB: 12 });
    expect(told({ feed: { ...feed, name: 'a.csv', maxMiB: 5 } })).toEqual({ name: 'a.csv', maxMiB: 5 });
    for (const whole of [{ compression: 'gzip' }, { records: { kind: 'parquet' }, chunkMiB: 8 }])
      expect(told({ feed, ...whole })).toEqual({ name: 'chunk', maxMiB: 2048 });
  });

  it('a worker is told of checkpoints where somebody asked for them', () => {
    const told = (more: object) =>
      jobSpecOf(request(more), jobKey(), { resultsBucket: 'jobs', databases: [] }).checkpointBytes;
    expect(told({})).toBeUndefined();
    expect(told({ checkpointMiB: 32 })).toBe(32 * MiB);
  });

  it('chunks fit a worker, unless somebody knows better', () => {
    expect(chunkBytesOf(request())).toBe(128 * MiB);
    expect(chunkBytesOf(request({ chunkMiB: 3 }))).toBe(3 * MiB);
  });

  it('it holds what all its workers may take, their own part included', () => {
    expect(heldBy(request({ parallelism: 3, resources: { cpu: 0.1, memoryMiB: 64 } }))).toEqual({
      cpu: 0.6,
      memoryMiB: 768,
      gpu: 0,
      environments: 0,
      storageGiB: 0,
    });
  });
});
