/** A worker over Parquet files: what it makes of row groups that are too large, and of files that are broken, changed or none. */
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { verify } from '#core/jobs/verify.ts';
import { type Group, parquetFile } from '../core/jobs/parquet/samples.ts';
import { WorkerWorld } from './world.ts';

const parquet = { records: { kind: 'parquet' } } as const;
const sh = (script: string): string[] => ['sh', '-c', script];
const groups = (count: number, bytes: number, gap = ''): Group[] =>
  Array.from({ length: count }, (_, i) => ({
    rows: i + 1,
    columns: [{ dictionary: '-', data: String.fromCharCode(97 + i).repeat(bytes) }],
    gap,
  }));

async function worked(world: WorkerWorld, file: Buffer, chunkBytes: number) {
  await world.enqueue({ a: file }, chunkBytes);
  await world.work();
  return world.states();
}

describe('chunks', () => {
  it('are files of whole row groups; what is said of them verifies, to the last byte', async () => {
    const world = new WorkerWorld(parquet);
    world.reading.rangeBytes = 700;
    const file = parquetFile({ groups: groups(6, 1000, 'between'), indexes: 'i'.repeat(4000) });
    const states = await worked(world, file, 1500);
    const parts = states.flatMap(({ parts }) => parts.map((part) => ({ ...part, key: 'a' })));
    const object = { key: 'a', size: file.length, etag: '"e"', crc32: crc32(file) };
    expect(verify([object], parts)).toEqual({ faults: [], bytes: file.length, records: 21 });
    // Nobody runs a command over indexes.
    expect(parts.filter(({ output }) => output).length).toBe(4);
    const output = await world.output();
    expect(output.match(/PAR1-a+between-b+between/)).not.toBeNull();
    expect(output.match(/PAR1/g)?.length).toBe(8);
    expect(output.replaceAll(/[^a-f]/g, '')).toMatch(/a{1000}.*b{1000}.*c{1000}.*f{1000}/);
  });

  it('of no row at all run no command', async () => {
    const world = new WorkerWorld({ ...parquet, command: sh('echo ran') });
    const states = await worked(world, parquetFile({ groups: [] }), 1000);
    expect(states).toMatchObject([{ state: 'committed', parts: [{ from: 0, records: 0 }] }]);
    expect(states[0]?.parts[0]).not.toHaveProperty('output');
  });

  it('have a footer that is longer than what is read at once', async () => {
    const world = new WorkerWorld({ ...parquet, command: sh('wc -c') });
    const many = groups(3000, 10);
    const [state] = await worked(world, parquetFile({ groups: many }), 1_000_000);
    expect(state).toMatchObject({ state: 'committed', parts: [{ records: (3000 * 3001) / 2 }] });
    expect(Number(await world.output())).toBeGreaterThan(65_536);
  });

  it('are no smaller for checkpoints: a file that ends early is none', async () => {
    const world = new WorkerWorld({ ...parquet, checkpointBytes: 100 });
    const states = await worked(world, parquetFile({ groups: groups(4, 1000) }), 100_000);
    expect(states).toMatchObject([{ state: 'committed', parts: [{ records: 10 }] }]);
  });
});

describe('memory', () => {
  /** It dies of more than two row groups. */
  const script = 'n=$(wc -c); if [ $n -gt 2700 ]; then kill -9 $$; fi; echo $n';

  it('that was too small for a command: its chunk is halved where row groups begin', async () => {
    const world = new WorkerWorld({ ...parquet, command: sh(script) });
    const states = await worked(world, parquetFile({ groups: groups(4, 1000) }), 100_000);
    expect(states.map(({ chunk, state, parts }) => [chunk.id, state, parts[0]?.records]).sort()).toEqual([
      ['0', 'halved', undefined],
      ['0a', 'committed', 3],
      ['0b', 'committed', 7],
    ]);
  });

  it('of one row group is never halved, and says what to do', async () => {
    const world = new WorkerWorld({ ...parquet, command: sh('kill -9 $$'), maxFailures: 2 });
    const states = await worked(world, parquetFile({ groups: groups(1, 5_000_000) }), 100_000_000);
    expect(states).toMatchObject([
      {
        state: 'failed',
        attempts: 2,
        lastFailure: {
          kind: 'out-of-memory',
          message:
            'the command was ended by SIGKILL; its one row group has 5000001 bytes, and is not cut: give commands more memory, or write smaller row groups',
        },
      },
    ]);
  });
});

describe('input', () => {
  const file = parquetFile({ groups: groups(3, 1000) });
  const swapped = (at: number, byte: number) =>
    Buffer.concat([file.subarray(0, at), Buffer.of(byte), file.subarray(at + 1)]);

  it.each<[string, Buffer, RegExp]>([
    [
      'that is something else',
      Buffer.from('{"id": 1}\n'.repeat(50)),
      /^a can't be read as Parquet: it ends with .*not with PAR1/,
    ],
    ['that is cut off', file.subarray(0, 2000), /^a can't be read as Parquet: it ends with "bbbb"/],
    [
      'that begins otherwise',
      swapped(0, 0x58),
      /^a can't be read as Parquet: it begins with "XAR1", not with PAR1/,
    ],
    ['whose footer is cut off', file.subarray(0, -30), /^a can't be read as Parquet: it ends/],
    ['whose footer is broken', swapped(file.length - 60, 0xff), /^a can't be read as Parquet: /],
    ['that is encrypted', parquetFile({ groups: groups(1, 9), end: 'PARE' }), /encrypted.*decrypt it first/],
    [
      'of pages beyond it',
      parquetFile({ groups: [{ rows: 1, columns: [{ data: 'x', said: { 7: { i64: 9999 } } }] }] }),
      /cut off, or broken/,
    ],
  ])('%s fails, and says which object and why', async (_, bytes, why) => {
    const world = new WorkerWorld(parquet);
    const [state] = await worked(world, bytes, 100_000);
    expect(state).toMatchObject({ state: 'failed', attempts: 1, lastFailure: { kind: 'input' } });
    expect(state?.lastFailure?.message).toMatch(why);
    expect(world.objects.unfinished.size).toBe(0);
  });

  it('that changed since fails the chunk at once', async () => {
    const world = new WorkerWorld(parquet);
    await world.enqueue({ a: file }, 100_000);
    world.objects.put('a', parquetFile({ groups: groups(2, 1000) }));
    await world.work();
    const [state] = await world.states();
    expect(state).toMatchObject({
      state: 'failed',
      lastFailure: { message: 'a is another one than was planned' },
    });
  });

  it('that changes between its footer and its pages fails the chunk, and leaves no result', async () => {
    const world = new WorkerWorld(parquet);
    world.reading.rangeBytes = 500;
    await world.enqueue({ a: file }, 100_000);
    const { read } = world.objects;
    let reads = 0;
    world.objects.read = async (...asked) => {
      // The footer takes two.
      if (++reads === 5) world.objects.put('a', Buffer.from('another'));
      return read.apply(world.objects, asked);
    };
    await world.work();
    expect(await world.states()).toMatchObject([
      { state: 'failed', parts: [], lastFailure: { kind: 'input' } },
    ]);
    expect(reads).toBeGreaterThan(4);
    expect(world.objects.results.size).toBe(0);
    expect(world.objects.unfinished.size).toBe(0);
  });
});
