/** One worker slot: what it makes of chunks, and of commands and input that don't behave. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOfObject } from '#core/jobs/chunk.ts';
import type { Records } from '#core/jobs/dataset.ts';
import { DatabaseAway } from '#core/jobs/sql/ports.ts';
import { verify } from '#core/jobs/verify.ts';
import { wantedOf } from '../../worker/wanted.ts';
import { work } from '../../worker/worker.ts';
import { commandContract } from './command-contract.ts';
import { EchoRunner } from './echo-runner.ts';
import { OwnRunner } from './own-runner.ts';
import { WorkerWorld } from './world.ts';

const numbers = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i}\n`).join('');
const sh = (script: string): string[] => ['sh', '-c', script];

describe('chunks', () => {
  it('joined are the input, and what is said of them verifies', async () => {
    const world = new WorkerWorld();
    world.reading.rangeBytes = 1000;
    const input = numbers(2000);
    await world.enqueue({ 'a.txt': input, 'b.txt': numbers(10).trimEnd(), 'empty.txt': '' }, 1500);
    await world.work();
    expect(await world.output()).toBe(input + numbers(10).trimEnd());
    const states = await world.states();
    expect(new Set(states.map(({ state }) => state))).toEqual(new Set(['committed']));
    const parts = states.flatMap(({ chunk, parts }) => parts.map((part) => ({ ...part, key: chunk.key })));
    const objects = ['a.txt', 'b.txt'].map((key) => {
      const { size = 0, etag = '' } =
        states
          .map(({ chunk }) => chunk)
          .filter(isOfObject)
          .find((chunk) => chunk.key === key) ?? {};
      return { key, size, etag };
    });
    expect(verify(objects, parts)).toEqual({ faults: [], bytes: input.length + 69, records: 2010 });
    expect(world.queue.size).toBe(0);
    expect(world.objects.unfinished.size).toBe(0);
  });

  it('without a record run no command', async () => {
    const world = new WorkerWorld({ command: sh('echo ran; cat >/dev/null') });
    await world.enqueue({ a: `${'x'.repeat(3500)}\n` }, 1000);
    await world.work();
    expect(await world.output()).toBe('ran\n');
    expect((await world.states()).map(({ parts }) => parts[0]?.records)).toEqual([1, 0, 0, 0]);
  });

  it('each get the header, where there is one', async () => {
    const world = new WorkerWorld({ header: true, records: { kind: 'csv' }, command: sh('head -n 1') });
    await world.enqueue({ a: `\uFEFFid,name\n${'1,"a\nb"\n'.repeat(300)}` }, 500);
    await world.work();
    expect(await world.output()).toBe('\uFEFFid,name\n'.repeat(5));
    const counts = (await world.states()).map(({ parts }) => parts[0]?.records ?? 0);
    expect(counts.reduce((a, b) => a + b, 0)).toBe(301);
  });

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const)('of %s are whole objects', async (compression, compress) => {
    const world = new WorkerWorld({ compression });
    await world.enqueue({ a: compress(numbers(5000)) }, 1000);
    await world.work();
    expect(await world.output()).toBe(numbers(5000));
    expect(await world.states()).toMatchObject([{ state: 'committed', parts: [{ records: 5000, from: 0 }] }]);
  });

  it('go on behind their checkpoints', async () => {
    const world = new WorkerWorld({ checkpointBytes: 3000 });
    await world.enqueue({ a: numbers(2000) }, 10_000);
    await world.work();
    expect(await world.output()).toBe(numbers(2000));
    expect((await world.states())[0]?.parts.length).toBe(4);
  });

  /** A record that is longer than a checkpoint, one that is longer than a chunk, and short ones. */
  const mixed = ['a', 'b'.repeat(5000), 'c', 'd'.repeat(25_000), ...'efghij', 'k'.repeat(900)];
  it('go on behind their checkpoints, also within a record that is longer than these', async () => {
    const text = `${mixed.join('\n')}\n`;
    for (const checkpointBytes of [100, 1000, 7000]) {
      const world = new WorkerWorld({ checkpointBytes });
      await world.enqueue({ a: text }, 8000);
      await world.work();
      expect(await world.output()).toBe(text);
      const states = await world.states();
      const parts = states.flatMap(({ parts }) => parts.map((part) => ({ ...part, key: 'a' })));
      const object = { key: 'a', size: text.length, etag: '', crc32: crc32(Buffer.from(text)) };
      expect(verify([object], parts)).toEqual({ faults: [], bytes: text.length, records: mixed.length });
    }
  });

  it('whatever the records and the checkpoints are, each is there once', { timeout: 120_000 }, async () => {
    const anyJob = fc.record({
      records: fc.constantFrom<Records>(
        { kind: 'lines' },
        { kind: 'delimited', delimiter: '7c7c2d' },
        { kind: 'csv' },
        { kind: 'fixed', width: 4 },
      ),
      parts: fc.array(fc.constantFrom('\n', 'a', '||-', '|', 'bc\n', 'd'.repeat(30)), { maxLength: 40 }),
      chunkBytes: fc.integer({ min: 1, max: 200 }),
      checkpointBytes: fc.integer({ min: 1, max: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(anyJob, async ({ records, parts, chunkBytes, checkpointBytes }) => {
        const all = parts.join('');
        const text = records.kind === 'fixed' ? all.slice(0, all.length - (all.length % 4)) : all;
        const of = async (more: ConstructorParameters<typeof WorkerWorld>[0]) => {
          const world = new WorkerWorld({ records, ...more, command: ['cat'] }, new EchoRunner());
          await world.enqueue({ a: text }, chunkBytes);
          await world.work();
          const states = await world.states();
          expect(states.every(({ state }) => state === 'committed')).toBe(true);
          const sums = states.flatMap(({ parts }) => parts.map((part) => part.records));
          return { output: await world.output(), records: sums.reduce((a, b) => a + b, 0) };
        };
        expect(await of({ checkpointBytes })).toEqual(await of({}));
      }),
      { numRuns: 60 },
    );
  });
});

commandContract('of its own', async () => ({ runner: new OwnRunner(), close: async () => undefined }));

it('a database that is not in reach is said of the chunk that is given back, and of no failure', async () => {
  const world = new WorkerWorld({
    target: { secret: 's', table: { schema: 'p', table: 't' }, format: 'csv' },
  });
  const said = 'p.t: connecting: ECONNREFUSED';
  world.tables = () => Promise.reject(new DatabaseAway(said));
  await world.enqueue({ a: numbers(10) }, 1000);
  await expect(world.work()).rejects.toThrow(said);
  expect(await world.states()).toMatchObject([
    { state: 'waiting', failures: 0, handOver: true, parts: [{ records: 10 }], away: said },
  ]);
  world.tables = () => Promise.reject(new Error('what is ours'));
  await expect(world.work()).rejects.toThrow('what is ours');
  // Nobody has heard of the database since.
  expect(await world.states()).toMatchObject([{ state: 'waiting', away: said }]);
});

describe('slots', () => {
  it('are taken whatever lies between them: what is none of the job is removed, and said', async () => {
    const world = new WorkerWorld();
    world.queue.put('no JSON');
    world.queue.put('{"job":"j1","chunk":{"id":"x"}}');
    await world.enqueue({ a: numbers(100) }, 1000);
    const foreign = new WorkerWorld({ job: 'j2' });
    await foreign.enqueue({ b: numbers(3) }, 1000);
    const delivery = await foreign.queue.receive(0, world.stop.signal);
    world.queue.put(JSON.stringify(delivery?.message));
    await world.work();
    expect(await world.output()).toBe(numbers(100));
    expect(world.queue.size).toBe(0);
    expect(world.lines.filter((line) => line.startsWith('removed a message'))).toEqual([
      expect.stringMatching(/message r1 is not JSON/),
      expect.stringMatching(/message r2 is not valid: chunk/),
      expect.stringMatching(/a message of chunk 0 of j2, not of j1$/),
    ]);
  });

  it('that fail in the middle of an object say how far of it they had been given', async () => {
    const world = new WorkerWorld({ command: sh('cat >/dev/null; exit 3'), maxFailures: 1 });
    world.reading.rangeBytes = 700;
    await world.enqueue({ a: numbers(400) }, 1000);
    await world.work();
    const ends = (await world.states()).map(({ lastFailure }) => lastFailure?.offset);
    // A chunk's last record ends behind the chunk: at the first end of a line from there on.
    expect(ends).toEqual(
      [1000, 2000, 3000, 4000].map((at) =>
        Math.min(numbers(400).indexOf('\n', at) + 1 || 1e9, numbers(400).length),
      ),
    );
  });

  it('of which there are too many end, and before they take a chunk', async () => {
    const world = new WorkerWorld();
    await world.enqueue({ a: numbers(100) }, 300);
    let wanted = 2;
    await work({ ...world.deps(), isWanted: async () => wanted-- > 0 }, world.stop.signal);
    expect((await world.states()).map(({ state }) => state)).toEqual(['committed', 'committed']);
    expect(world.queue.size).toBe(1);
  });

  it('are wanted below the number that the file says, and where it says none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wanted-'));
    const file = join(folder, 'slots');
    const isWanted = (SLOT_NUMBER: number) => wantedOf({ SLOTS_FILE: file, SLOT_NUMBER })();
    expect(await isWanted(5)).toBe(true);
    for (const [text, expected] of [
      ['2\n', [true, true, false]],
      ['0', [false, false, false]],
      ['many', [true, true, true]],
    ] as const) {
      writeFileSync(file, text);
      expect(await Promise.all([0, 1, 2].map(isWanted))).toEqual(expected);
    }
    rmSync(folder, { recursive: true });
  });
});

describe('input', () => {
  it('that changed fails the chunk at once, and so does one that is gone', async () => {
    for (const turn of ['put', 'remove'] as const) {
      const world = new WorkerWorld();
      await world.enqueue({ a: numbers(100) }, 100_000);
      if (turn === 'put') world.objects.put('a', Buffer.from(numbers(101)));
      else world.objects.remove('a');
      await world.work();
      expect(await world.states()).toMatchObject([
        { state: 'failed', attempts: 1, lastFailure: { kind: 'input' } },
      ]);
      expect(world.queue.size).toBe(0);
    }
  });

  it('with a record that is too large fails that chunk with its offset, and no other', async () => {
    const world = new WorkerWorld({ recordBytes: 500 });
    await world.enqueue({ a: `${numbers(100)}${'x'.repeat(2000)}\n${numbers(100)}` }, 1000);
    await world.work();
    const states = await world.states();
    expect(states.map(({ state }) => state)).toEqual(['failed', 'committed', 'committed', 'committed']);
    expect(states[0]?.lastFailure).toMatchObject({ kind: 'record-too-large', offset: 790 });
  });

  it('that is no whole compressed file fails', async () => {
    for (const bytes of [
      gzipSync(numbers(5000)).subarray(0, 5000),
      Buffer.from('no gzip'),
      Buffer.alloc(50),
    ]) {
      const world = new WorkerWorld({ compression: 'gzip' });
      await world.enqueue({ a: bytes }, 1000);
      await world.work();
      expect(await world.states()).toMatchObject([{ state: 'failed', lastFailure: { kind: 'input' } }]);
    }
  });

  it('may be binary', async () => {
    const world = new WorkerWorld({ command: ['wc', '-c'] });
    await world.enqueue({ a: Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7) % 256)) }, 1000);
    await world.work();
    const counts = (await world.output()).trim().split('\n').map(Number);
    expect(counts.reduce((a, b) => a + b, 0)).toBe(5000);
  });
});

describe('leases', () => {
  it('a chunk in hand is given back at once when the worker is told to stop, and is not held against it', async () => {
    const world = new WorkerWorld({ command: sh('cat >/dev/null; sleep 300') });
    await world.enqueue({ a: numbers(10) }, 1000);
    const working = world.work();
    while ((await world.states())[0]?.state !== 'leased') await new Promise((turn) => setTimeout(turn, 5));
    world.stop.abort();
    await working;
    expect(await world.states()).toMatchObject([{ state: 'waiting', attempts: 1, failures: 0 }]);
    expect(await world.queue.receive(1, new AbortController().signal)).toBeDefined();
    expect(world.objects.unfinished.size).toBe(0);
  });

  it("a zombie's result is refused, and the message is not removed by it", async () => {
    const world = new WorkerWorld({ command: sh('cat; sleep 0.3'), leaseSeconds: 3600 });
    await world.enqueue({ a: numbers(10) }, 1000);
    const zombie = world.work();
    while ((await world.states())[0]?.state !== 'leased') await new Promise((turn) => setTimeout(turn, 5));
    world.ahead = 3_700_000;
    await Promise.all([world.work(), zombie]);
    expect(await world.states()).toMatchObject([
      { state: 'committed', attempts: 2, parts: [{ attempt: 2 }] },
    ]);
    expect(world.lines).toContain('too late');
    expect(await world.output()).toBe(numbers(10));
  });

  it('what is delivered twice is done once, at once or one after the other', async () => {
    const world = new WorkerWorld();
    for (let i = 0; i < 3; i++) await world.enqueue({ a: numbers(500) }, 1500);
    await Promise.all([world.work(), world.work()]);
    world.ahead = 3_600_000;
    await world.work();
    expect(await world.output()).toBe(numbers(500));
    expect(world.queue.size).toBe(0);
    for (const state of await world.states())
      expect(state).toMatchObject({ state: 'committed', attempts: 1 });
  });
});
