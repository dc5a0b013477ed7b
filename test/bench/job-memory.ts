/** `job-memory`: the most memory that a worker ever had, over each kind of thing that it is fed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from '#core/zod.ts';
import { bundled } from '../bundled.ts';
import { here, said, withServer } from './alone.ts';
import { compressed } from './compressed.ts';
import { atMost, type Entry } from './entry.ts';
import { pagesEnd, parquetEnd } from './parquet-end.ts';

const MiB = 2 ** 20;
const GiB = 2 ** 30;
const MB = 1_000_000;
const Peak = z.object({ peakBytes: z.number() });
const runs = 5;
const mostMB = 150;

interface Figure {
  readonly value: number;
  readonly note: string;
}
type Part = (origin: string, what: string, ...command: string[]) => Promise<number>;

export const jobMemory = (): Promise<Entry[]> =>
  bundled([here('part-alone.ts')], async ([script = '']) => {
    const part: Part = async (origin, what, ...command) =>
      (await said(Peak, script, origin, what, ...command)).peakBytes / MB;
    const entry = (name: string, figure: Figure) => atMost(mostMB, { name, unit: 'MB', ...figure });
    return [
      entry('job-memory', await ofLines(part)),
      entry('job-memory/parquet', await ofParquet(part)),
      entry('job-memory/gzip', await ofCompressed(part, 'gzip')),
      entry('job-memory/zstd', await ofCompressed(part, 'zstd')),
      entry('job-memory/merge', await ofMerge(part)),
    ];
  });

const figure = (found: readonly number[], note: string): Figure => ({
  value: Math.max(...found),
  note: `the largest resident set of a worker ${note}: ${found.map(Math.round).join(', ')} MB`,
});

/** Large input, large output, large records. */
async function ofLines(part: Part): Promise<Figure> {
  const peak = (lineBytes: number, ...command: string[]) =>
    withServer('object-server.ts', [lineBytes], (origin) => part(origin, `${GiB}`, ...command));
  const input = await peak(100, 'wc', '-l');
  const output = await peak(100, 'cat');
  const records = await peak(60 * MiB, 'wc', '-l');
  const of = 'input alone, with as much output, with records of 60 MiB';
  return figure([input, output, records], `over a chunk of 1 GiB: ${of}`);
}

/** Nearly as long a footer as is taken, and as many row groups of the chunk as it may have. */
const wide = { groups: 64, columns: 1000, columnBytes: 16_000, saidBytes: 212 };
const groupsOfChunk = 16;

async function ofParquet(part: Part): Promise<Figure> {
  const bytes = parquetEnd(wide);
  const at = pagesEnd(wide);
  const end = groupsOfChunk * wide.columns * wide.columnBytes;
  const found = await inFolder(async (file) => {
    writeFileSync(file, bytes);
    return inTurn((origin) => part(origin, `parquet:${at + bytes.length}:${end}`, 'cat'), at, file);
  });
  const of = `${groupsOfChunk} row groups of ${wide.columns} columns, with as much output, of a footer of ${(bytes.length / MiB).toFixed(1)} MiB`;
  return figure(found, `over a chunk of ${of}`);
}

/** One gzip member; one zstd frame, with the largest window that is taken. */
async function ofCompressed(part: Part, kind: 'gzip' | 'zstd'): Promise<Figure> {
  return inFolder(async (file) => {
    const size = await compressed(kind, GiB, file);
    const found = await inTurn((origin) => part(origin, `${kind}:${size}`, 'cat'), 0, file);
    const how = kind === 'zstd' ? 'in one frame with a window of 16 MiB' : 'in one member';
    return figure(found, `over 1 GiB of text, ${Math.round(size / MiB)} MiB ${how}, with as much output`);
  });
}

/** As many results as are merged at once, and lines that are short, or as long as they may be with so many. */
async function ofMerge(part: Part): Promise<Figure> {
  const found: number[] = [];
  for (const lineBytes of [200, 60_000])
    for (let i = 0; i < 3; i++)
      found.push(
        await withServer('result-server.ts', [lineBytes, 256, 4 * MiB], (origin) => part(origin, 'merge')),
      );
  return figure(
    found,
    'that merges 256 results of 4 MiB, with as much output: of lines of 200 bytes three times, of 60,000 bytes three times',
  );
}

async function inTurn(work: (origin: string) => Promise<number>, ...what: (string | number)[]) {
  const found: number[] = [];
  for (let i = 0; i < runs; i++) found.push(await withServer('object-server.ts', [100, ...what], work));
  return found;
}

async function inFolder<T>(work: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    return await work(join(folder, 'object'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
