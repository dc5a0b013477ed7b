/** Chunks of Parquet files as pyarrow writes and reads them: one after the other they are the file, whatever their size. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { isOfObject } from '#core/jobs/chunk.ts';
import { chunksOf, planChunks } from '#core/jobs/plan.ts';
import { verify } from '#core/jobs/verify.ts';
import { work } from '../../../worker/worker.ts';
import { AwsJobObjects } from '../../contracts/aws-job-worlds.ts';
import { WorkerWorld } from '../../worker/world.ts';
import { runPython, withPython } from './python.ts';

const here = (file: string): string => join(import.meta.dirname, file);
let programs: string;
let folder: string;
let names: string[];
beforeAll(async () => {
  programs = await withPython();
  folder = mkdtempSync(join(tmpdir(), 'parquet-'));
  const { code, lines, err } = await runPython(programs, here('files.py'), { input: folder });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  names = lines.map(String);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** What a command was fed of each chunk that has rows, in the order of the plan. */
async function fed(bytes: Buffer, chunkBytes: number) {
  const world = new WorkerWorld({ records: { kind: 'parquet' } });
  world.reading.rangeBytes = 30_000;
  await world.enqueue({ a: bytes }, chunkBytes);
  await world.work();
  const states = await world.states();
  expect(new Set(states.map(({ state }) => state))).toEqual(new Set(['committed']));
  const parts = states.flatMap(({ parts }) => parts.map((part) => ({ key: 'a', ...part })));
  const object = { key: 'a', size: bytes.length, etag: '"e"', crc32: crc32(bytes) };
  const { faults, bytes: read } = verify([object], parts);
  expect({ faults, read }).toEqual({ faults: [], read: bytes.length });
  const files = parts
    .toSorted((a, b) => a.from - b.from || a.to - b.to)
    .flatMap(({ output }) => world.objects.results.get(output?.key ?? '') ?? []);
  const rows = states.flatMap(({ chunk, parts: [part] }) =>
    isOfObject(chunk) && part ? [[chunk.start, chunk.end, part.records] as const] : [],
  );
  return { rows, files };
}

it('chunks of any size are Parquet files, and together the file that they are of', async () => {
  const cases: { name: string; size: number; whole: string; parts: string[]; rows: unknown }[] = [];
  const sizes = fc.sample(fc.integer({ min: 300, max: 60_000 }), 3);
  for (const [i, name] of names.entries()) {
    const whole = join(folder, `${name}.parquet`);
    const bytes = readFileSync(whole);
    for (const size of [bytes.length, 2000 + i, ...sizes].map((one) =>
      Math.max(one, Math.ceil(bytes.length / 200)),
    )) {
      const into = join(folder, `${name}-${size}`);
      mkdirSync(into, { recursive: true });
      const { files, rows } = await fed(bytes, size);
      const parts = files.map((file, number) => {
        const path = join(into, String(number));
        writeFileSync(path, file);
        return path;
      });
      cases.push({ name, size, whole, parts, rows });
    }
  }
  const input = cases.map((one) => JSON.stringify(one)).join('\n');
  const { code, lines, err } = await runPython(programs, here('compared.py'), {
    input,
    env: { PYTHONPATH: here('../../../cli/hand-over') },
  });
  expect({ code, err, answers: lines.length }).toEqual({ code: 0, err: '', answers: cases.length });
  const found = cases.map(({ name, size, parts }, i) => ({
    name,
    size,
    parts: parts.length,
    differs: lines[i],
  }));
  expect(found.filter(({ differs }) => JSON.stringify(differs) !== '[]')).toEqual([]);
  expect(Math.max(...found.map(({ parts }) => parts))).toBeGreaterThan(20);
});

describe('a worker over S3', () => {
  const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };
  const sdk = { endpoint: inject('moto'), region: 'us-east-1', credentials };
  const script = [
    'import sys, pyarrow as pa, pyarrow.parquet as pq',
    't = pq.read_table(pa.BufferReader(sys.stdin.buffer.read()))',
    "print(t.num_rows, sum(t['id'].to_pylist()), t['word'].null_count)",
  ].join('\n');

  async function job(bucket: string, file: string) {
    const objects = await new AwsJobObjects(sdk, bucket).make();
    const object = await objects.put('data/a.parquet', readFileSync(join(folder, file)));
    const world = new WorkerWorld({
      records: { kind: 'parquet' },
      input: { bucket },
      command: [join(programs, 'python'), '-c', script],
    });
    const [records, compression] = [{ kind: 'parquet' }, 'none'] as const;
    const plan = planChunks({ objects: [object], records, compression, chunkBytes: 40_000 });
    await world.queue.send(chunksOf(plan).map((chunk) => ({ job: 'j1', chunk })));
    const run = () => work({ ...world.deps(), objects: objects.objects }, world.stop.signal);
    return { objects, object, world, run };
  }

  it('gives each row to a command that reads Parquet, once', async () => {
    const { objects, object, world, run } = await job('parquet-rows', 'codec-snappy.parquet');
    await run();
    const states = await world.states();
    const parts = states.flatMap(({ parts }) => parts.map((part) => ({ key: object.key, ...part })));
    expect(verify([object], parts)).toEqual({ faults: [], bytes: object.size, records: 3000 });
    const said: number[][] = [];
    for (const { output } of parts)
      if (output)
        said.push(
          String(await objects.result(output.key))
            .trim()
            .split(' ')
            .map(Number),
        );
    expect(said.length).toBeGreaterThan(1);
    const sums = [0, 1, 2].map((i) => said.reduce((sum, line) => sum + (line[i] ?? 0), 0));
    expect(sums).toEqual([3000, (3000 * 2999) / 2, Math.ceil(3000 / 11)]);
  });

  it('is refused a file that was written since', async () => {
    const { objects, world, run } = await job('parquet-changed', 'codec-none.parquet');
    await objects.put('data/a.parquet', readFileSync(join(folder, 'codec-gzip.parquet')));
    await run();
    const failures = (await world.states()).map(({ state, lastFailure }) => [state, lastFailure?.message]);
    const why = 'data/a.parquet is another one than was planned: it was written since';
    expect(new Set(failures.map(String))).toEqual(new Set([`failed,${why}`]));
  });
});
