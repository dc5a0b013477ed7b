/**
 * `plan-10tb`: what planning 10 TB takes. `job-stream`: a worker beside a bare client of the same ranges, into the same command.
 * `job-memory`: the most memory that a worker ever had.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { workerFlags } from '#core/jobs/worker-flags.ts';
import * as z from '#core/zod.ts';
import { bundled } from '../bundled.ts';
import { atLeast, atMost, type Entry, inTurn, median } from './entry.ts';
import { pagesEnd, parquetEnd } from './parquet-end.ts';

const MiB = 2 ** 20;
const MB = 1_000_000;
const Planned = z.object({
  seconds: z.number(),
  chunks: z.number(),
  batches: z.number(),
  peakBytes: z.number(),
});
const Streamed = z.object({ seconds: z.number(), peakBytes: z.number() });
const Part = z.object({ ...Streamed.shape, records: z.number(), outputBytes: z.number() });
const Server = z.object({ origin: z.url() });
const runs = 5;

/** What a script says in its first line. @throws where it says nothing. */
async function said<S extends z.ZodMiniType>(schema: S, script: string, ...args: string[]) {
  const { child, line } = started([...workerFlags, script, ...args]);
  const words = await line;
  child.kill();
  return z.parse(schema, JSON.parse(words));
}

const here = (script: string): string => fileURLToPath(new URL(script, import.meta.url));

function started(args: readonly string[]) {
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const line = new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('close', () =>
      reject(new Error(`${args.join(' ')} ended without a word: its error is above`)),
    );
  });
  return { child, line };
}

/** @param what of it the server is told: how long its lines are, and what it ends with. */
async function withObject<T>(what: readonly string[], work: (origin: string) => Promise<T>): Promise<T> {
  const { child, line } = started([here('object-server.ts'), ...what]);
  try {
    return await work(Server.parse(JSON.parse(await line)).origin);
  } finally {
    child.kill();
  }
}

export async function plan10Tb(): Promise<Entry[]> {
  const found: z.infer<typeof Planned>[] = [];
  for (let i = 0; i < runs; i++) found.push(await said(Planned, here('plan-alone.ts')));
  const [{ chunks, batches } = { chunks: 0, batches: 0 }] = found;
  const note = `${chunks} chunks of 128 MiB planned and written as ${batches} batches for SQS; median of ${runs} processes`;
  const seconds = median(found.map(({ seconds }) => seconds));
  const peak = median(found.map(({ peakBytes }) => peakBytes / MiB));
  const held = `${note}; the largest resident set, Node's own included`;
  const entries = [
    atMost(5, { name: 'plan-10tb/time', value: seconds, unit: 's', note }),
    atMost(200, { name: 'plan-10tb/memory', value: peak, unit: 'MiB', note: held }),
  ];
  return chunks === 74_506 ? entries : entries.map((entry) => ({ ...entry, ok: false }));
}

export const jobStream = (): Promise<Entry[]> =>
  bundled([here('part-alone.ts'), here('ranges-alone.ts')], ([ours = '', theirs = '']) =>
    withObject(['100'], async (origin) => {
      const args = [origin, String(1024 * MiB), 'wc', '-l'];
      const seconds = async (script: string) => (await said(Streamed, script, ...args)).seconds;
      const { a, b } = await inTurn(
        runs,
        () => seconds(ours),
        () => seconds(theirs),
      );
      const value = median(b) / median(a);
      const [own, bare] = [a, b].map((times) => Math.round(1024 / median(times)));
      const note = `1 GiB of lines of 100 bytes into wc -l: ${own} MiB/s beside a bare client's ${bare}; medians of ${runs}, the server on the same machine`;
      return [atLeast(0.9, { name: 'job-stream', value, unit: '×', note })];
    }),
  );

/** Large input, large output, large records. */
export const jobMemory = (): Promise<Entry[]> =>
  bundled([here('part-alone.ts')], async ([script = '']) => {
    const peak = async (lineBytes: number, ...command: string[]) => {
      const size = String(1024 * MiB);
      const work = (origin: string) => said(Part, script, origin, size, ...command);
      return (await withObject([String(lineBytes)], work)).peakBytes / MB;
    };
    const input = await peak(100, 'wc', '-l');
    const output = await peak(100, 'cat');
    const records = await peak(60 * MiB, 'wc', '-l');
    const told = [input, output, records].map(Math.round);
    const note = `the largest resident set of a worker over a chunk of 1 GiB: input alone, with as much output, with records of 60 MiB: ${told.join(', ')} MB`;
    const parquet = await ofParquet(script);
    return [
      atMost(150, { name: 'job-memory', value: Math.max(input, output, records), unit: 'MB', note }),
      atMost(150, { name: 'job-memory/parquet', unit: 'MB', ...parquet }),
    ];
  });

/** Nearly as long a footer as is taken, and as many row groups of the chunk as it may have. */
const wide = { groups: 64, columns: 1000, columnBytes: 16_000, saidBytes: 212 };
const groupsOfChunk = 16;

async function ofParquet(script: string): Promise<{ readonly value: number; readonly note: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const file = join(folder, 'end');
    const bytes = parquetEnd(wide);
    writeFileSync(file, bytes);
    const at = pagesEnd(wide);
    const end = groupsOfChunk * wide.columns * wide.columnBytes;
    const found: number[] = [];
    for (let i = 0; i < runs; i++) {
      const size = `${at + bytes.length}:${end}`;
      const work = (origin: string) => said(Part, script, origin, size, 'cat');
      found.push((await withObject(['100', String(at), file], work)).peakBytes / MB);
    }
    const [footer, each] = [bytes.length / MiB, found.map(Math.round)];
    const note = `the largest resident set over a chunk of ${groupsOfChunk} row groups of ${wide.columns} columns, with as much output, of a footer of ${footer.toFixed(1)} MiB: ${each.join(', ')} MB`;
    return { value: Math.max(...found), note };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
