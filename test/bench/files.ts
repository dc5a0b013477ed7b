/**
 * `job-file`: a worker over a local file beside GNU parallel's --pipepart, each on one core. `job-two`: two workers, a core each,
 * beside one. All run the same command over the same chunks, and what it said of them is added up and held against the file.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { workerFlags } from '#core/jobs/worker-flags.ts';
import { installPackages } from '#local/setup/packages.ts';
import { bundled } from '../bundled.ts';
import { atLeast, type Entry, inTurn, median } from './entry.ts';

const MiB = 2 ** 20;
const fileMiB = 2048;
const chunkMiB = 64;
/** A part of a chunk is whole lines. */
const lineBytes = 128;
const command = ['wc', '-l'];
const runs = 5;

/** On these cores alone. @returns the sum of the numbers that it printed. */
async function sumOf(core: number, program: string, ...args: string[]): Promise<number> {
  const child = spawn('taskset', ['--cpu-list', String(core), program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
  return said.split('\n').reduce((sum, line) => sum + Number(line), 0);
}

/** @returns its seconds. */
async function timed(work: () => Promise<number[]>): Promise<number> {
  const began = performance.now();
  const sums = await work();
  const seconds = (performance.now() - began) / 1000;
  const lines = sums.reduce((sum, one) => sum + one, 0);
  const expected = (fileMiB * MiB) / lineBytes;
  if (lines !== expected) throw new Error(`${lines} lines were counted, not ${expected}`);
  return seconds;
}

async function withFile<T>(work: (file: string) => Promise<T>): Promise<T> {
  if (availableParallelism() < 2) throw new Error('two workers want two cores');
  const folder = mkdtempSync(join(tmpdir(), 'bench-file-'));
  try {
    const file = join(folder, 'lines');
    const block = Buffer.from(`${'x'.repeat(lineBytes - 1)}\n`.repeat(MiB / lineBytes));
    const fd = openSync(file, 'w');
    for (let i = 0; i < fileMiB; i++) writeSync(fd, block);
    closeSync(fd);
    return await work(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** GNU's: another one of that name has no --pipepart. */
async function ensureParallel(): Promise<void> {
  const isThere = () => {
    try {
      return execFileSync('parallel', ['--version'], { encoding: 'utf8' }).startsWith('GNU parallel');
    } catch {
      return false;
    }
  };
  if (isThere()) return;
  await installPackages(['parallel'], join(tmpdir(), 'bench-packages.log'));
  if (!isThere()) throw new Error('parallel is here, and not GNU parallel: install the package parallel');
}

export const jobFiles = (): Promise<Entry[]> =>
  bundled([fileURLToPath(new URL('file-alone.ts', import.meta.url))], ([script = '']) =>
    withFile(async (file) => {
      await ensureParallel();
      const worker = (nth: number, of: number) =>
        sumOf(
          nth,
          process.execPath,
          ...workerFlags,
          script,
          file,
          String(chunkMiB * MiB),
          `${nth}`,
          `${of}`,
          ...command,
        );
      const one = () => timed(async () => [await worker(0, 1)]);
      const two = () => timed(() => Promise.all([worker(0, 2), worker(1, 2)]));
      const parts = [
        '--will-cite',
        '--pipepart',
        '--arg-file',
        file,
        '--block',
        `${chunkMiB}M`,
        '--jobs',
        '1',
      ];
      const gnu = () => timed(async () => [await sumOf(0, 'parallel', ...parts, command.join(' '))]);
      const beside = await inTurn(runs, one, gnu);
      const scaled = await inTurn(runs, two, one);
      return entriesOf(beside, scaled);
    }),
  );

type Pairs = Awaited<ReturnType<typeof inTurn>>;
function entriesOf(beside: Pairs, scaled: Pairs): Entry[] {
  const rate = (times: readonly number[]) => Math.round(fileMiB / median(times));
  const what = `${fileMiB / 1024} GiB of lines of ${lineBytes} bytes from the page cache in chunks of ${chunkMiB} MiB, read by 512 KiB, into ${command.join(' ')}`;
  const whole = `medians of ${runs}, each from its process's start to its end`;
  return [
    atLeast(0.7, {
      name: 'job-file',
      value: median(beside.b) / median(beside.a),
      unit: '×',
      note: `${what}: a worker and its command on one core ${rate(beside.a)} MiB/s, GNU parallel --pipepart and its on one ${rate(beside.b)}; ${whole}`,
    }),
    atLeast(1.8, {
      name: 'job-two',
      value: median(scaled.b) / median(scaled.a),
      unit: '×',
      note: `${what}: two workers, each with its command on a core of its own, ${rate(scaled.a)} MiB/s, one on one ${rate(scaled.b)}; ${whole}`,
    }),
  ];
}
