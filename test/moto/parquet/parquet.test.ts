/** Chunks of Parquet files as pyarrow writes and reads them: one after the other they are the file, whatever their size. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verify } from '#core/jobs/verify.ts';
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
async function chunksOf(bytes: Buffer, chunkBytes: number) {
  const world = new WorkerWorld({ records: { kind: 'parquet' } });
  world.reading.rangeBytes = 30_000;
  await world.enqueue({ a: bytes }, chunkBytes);
  await world.work();
  const states = await world.states();
  expect(new Set(states.map(({ state }) => state))).toEqual(new Set(['committed']));
  const parts = states.flatMap(({ parts }) => parts.map((part) => ({ key: 'a', ...part })));
  const object = { key: 'a', size: bytes.length, etag: '"e"', crc32: crc32(bytes) };
  const { faults, bytes: read, records } = verify([object], parts);
  expect({ faults, read }).toEqual({ faults: [], read: bytes.length });
  const ordered = parts.toSorted((a, b) => a.from - b.from || a.to - b.to);
  return {
    records,
    files: ordered.flatMap(({ output }) => world.objects.results.get(output?.key ?? '') ?? []),
  };
}

it('chunks of any size are Parquet files, and together the file that they are of', async () => {
  const cases: { name: string; size: number; whole: string; parts: string[] }[] = [];
  const sizes = fc.sample(fc.integer({ min: 300, max: 60_000 }), 3);
  for (const [i, name] of names.entries()) {
    const whole = join(folder, `${name}.parquet`);
    const bytes = readFileSync(whole);
    for (const size of [bytes.length, 2000 + i, ...sizes].map((one) =>
      Math.max(one, Math.ceil(bytes.length / 200)),
    )) {
      const into = join(folder, `${name}-${size}`);
      mkdirSync(into, { recursive: true });
      const { files } = await chunksOf(bytes, size);
      const parts = files.map((file, number) => {
        const path = join(into, String(number));
        writeFileSync(path, file);
        return path;
      });
      cases.push({ name, size, whole, parts });
    }
  }
  const input = cases.map((one) => JSON.stringify(one)).join('\n');
  const { code, lines, err } = await runPython(programs, here('compared.py'), { input });
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
