/** Chunks that commands get as files: whole before they run, theirs to read and nobody's to change, gone when they are done. */
import { mkdtempSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { filesIn } from '../../worker/chunk-file.ts';
import { parquetFile } from '../core/jobs/parquet/samples.ts';
import { WorkerWorld } from './world.ts';

const numbers = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i}\n`).join('');
const file = { name: 'part.ndjson', maxMiB: 1 };

function worldOf(
  more: ConstructorParameters<typeof WorkerWorld>[0],
  folder = mkdtempSync(join(tmpdir(), 'chunks-')),
) {
  const world = new WorkerWorld({ file, ...more });
  world.files = filesIn(folder);
  return { world, folder };
}
const failures = async (world: WorkerWorld) => (await world.states()).map(({ lastFailure }) => lastFailure);

it('each is in a file, by its path in a word and in CHUNK_FILE, and nothing comes to the standard input', async () => {
  const script =
    'test "$CHUNK_FILE" = "$0" && test -z "$(cat)" && test "$(stat -c %a "$0")" = 444 && cat "$0"';
  const { world, folder } = worldOf({ command: ['sh', '-c', script, '{file}'] });
  await world.enqueue({ 'a.txt': numbers(2000), 'b.txt': numbers(10).trimEnd(), 'empty.txt': '' }, 1500);
  await world.work();
  expect(await failures(world)).not.toContainEqual(expect.anything());
  expect(await world.output()).toBe(numbers(2000) + numbers(10).trimEnd());
  expect(readdirSync(folder)).toEqual([]);
});

it('may be sought in and mapped: it has its whole length when the command begins', async () => {
  const script = 'tail -c 7 "$1" && head -c 7 "$1" && stat -c %s "$1"';
  const { world } = worldOf({ command: ['sh', '-c', script, 'sh', '{file}'] });
  await world.enqueue({ a: numbers(1000) }, 1_000_000);
  await world.work();
  expect(await world.output()).toBe(
    `ine 999\nline 0\n${numbers(1000).length}\n`.replace('ine 999', 'ne 999'),
  );
});

it('has its header first', async () => {
  const { world } = worldOf({
    header: true,
    records: { kind: 'csv' },
    command: ['head', '-n', '1', '{file}'],
  });
  await world.enqueue({ a: `id,name\n${'1,"a\nb"\n'.repeat(300)}` }, 500);
  await world.work();
  expect(await world.output()).toBe('id,name\n'.repeat((await world.states()).length));
});

it('of row groups is the file that they would be on the standard input', async () => {
  const group = (rows: number) => ({ rows, columns: [{ dictionary: '-', data: 'x'.repeat(rows * 300) }] });
  const outputs: string[] = [];
  for (const command of [['cat', '{file}'], ['cat']]) {
    const { world } = worldOf({
      records: { kind: 'parquet' },
      command,
      ...(command.length === 1 && { file: undefined }),
    });
    await world.enqueue({ a: parquetFile({ groups: [group(1), group(2), group(3)] }) }, 500);
    await world.work();
    outputs.push(await world.output());
  }
  expect(outputs[0]).toMatch(/^PAR1.*PAR1$/s);
  expect(outputs[0]).toBe(outputs[1]);
});

it('of a compressed object has what is in it', async () => {
  const { world } = worldOf({ compression: 'gzip', command: ['cat', '--', '{file}'] });
  await world.enqueue({ a: gzipSync(numbers(5000)) }, 1000);
  await world.work();
  expect(await world.output()).toBe(numbers(5000));
});

it('that would be larger than it may fails its chunk with what to do, runs no command, and leaves nothing', async () => {
  const { world, folder } = worldOf({
    command: ['sh', '-c', 'echo ran'],
    compression: 'gzip',
    maxFailures: 1,
  });
  await world.enqueue({ a: gzipSync('x'.repeat(1023).concat('\n').repeat(1025)) }, 1000);
  await world.work();
  expect(await failures(world)).toEqual([
    { kind: 'input', message: expect.stringMatching(/^the chunk has more than 1 MiB.*feed\.maxMiB/) },
  ]);
  expect(world.objects.results.size).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
});

it('of a command that fails, or runs too long, is gone too', async () => {
  for (const [script, kind] of [
    ['exit 3', 'command'],
    ['sleep 60', 'time-limit'],
  ]) {
    const { world, folder } = worldOf({
      command: ['sh', '-c', script ?? ''],
      maxFailures: 1,
      timeLimitSeconds: 1,
    });
    await world.enqueue({ a: numbers(10) }, 1000);
    await world.work();
    expect(await failures(world)).toMatchObject([{ kind }]);
    expect(readdirSync(folder)).toEqual([]);
  }
});

it('is another for each part: who kept one open does not see the next', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'chunks-'));
  const files = filesIn(folder);
  const first = await files.create(file);
  await first.write(Buffer.from('first'));
  const { ino } = statSync(first.path);
  const second = await files.create(file);
  expect(statSync(second.path).ino).not.toBe(ino);
  for (const one of [first, second]) await one.remove();
});

it('without a folder is a mistake of ours, and no failure of the chunk', async () => {
  const world = new WorkerWorld({ file });
  await world.enqueue({ a: numbers(10) }, 1000);
  await expect(world.work()).rejects.toThrow(/there is no folder for them/);
  expect(await world.states()).toMatchObject([{ state: 'waiting', failures: 0 }]);
});

it('a command over all results reads its standard input all the same', async () => {
  const { world } = worldOf({
    command: ['cat', '{file}'],
    reduce: { kind: 'command', command: ['wc', '-l'] },
  });
  world.objects.results.set('jobs/j1/manifest.ndjson', Buffer.from(''));
  await world.queue.send([{ job: 'j1', chunk: { id: 'reduce-7', key: 'results' } }]);
  await world.work();
  const state = await world.chunks.read('j1', 'reduce-7');
  expect(String(world.objects.results.get(state?.parts[0]?.output?.key ?? '')).trim()).toBe('0');
});
