/** Seekable zstd files, chunk by chunk: each record once whatever the frames, the chunks and the records are, and what is broken is said. */
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOfObject } from '#core/jobs/chunk.ts';
import type { Records } from '#core/jobs/dataset.ts';
import { framesCutOf, seekTableOf, tableAt } from '#core/jobs/seek-table.ts';
import { verify } from '#core/jobs/verify.ts';
import { seekable } from './seekable.ts';
import { WorkerWorld } from './world.ts';

const compression = 'zstd-seekable';
const numbers = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i}\n`).join('');
const cutAt = (text: string, size: number): string[] => text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
const failureOf = async (world: WorkerWorld) =>
  (await world.states()).find(({ lastFailure }) => lastFailure)?.lastFailure;

async function worked(
  file: Buffer,
  chunkBytes: number,
  more: ConstructorParameters<typeof WorkerWorld>[0] = {},
) {
  const world = new WorkerWorld({ compression, maxFailures: 1, ...more });
  await world.enqueue({ 'a.zst': file }, chunkBytes);
  await world.work();
  return world;
}

/** All of it, and nothing twice, by what is said of it. */
async function mustVerify(world: WorkerWorld, file: Buffer): Promise<number> {
  const states = await world.states();
  const parts = states.flatMap(({ chunk, parts }) => parts.map((part) => ({ ...part, key: chunk.key })));
  const [one] = states.map(({ chunk }) => chunk).filter(isOfObject);
  const { faults, bytes, records } = verify(
    [{ key: 'a.zst', size: file.length, etag: one?.etag ?? '' }],
    parts,
  );
  expect([faults, bytes]).toEqual([[], file.length]);
  return records;
}

const lines: Records = { kind: 'lines' };
describe('chunks of frames', () => {
  it('joined are what is in the file, each record once, and what is said of them verifies', async () => {
    const text = numbers(3000);
    const file = seekable(cutAt(text, 700));
    const world = await worked(file, 700);
    expect((await world.states()).length).toBeGreaterThan(5);
    expect(await failureOf(world)).toBeUndefined();
    expect(await world.output()).toBe(text);
    expect(await mustVerify(world, file)).toBe(3000);
  });

  it('whatever the frames, the chunks and the records are', { timeout: 120_000 }, async () => {
    const anyFile = fc.record({
      records: fc.constantFrom<Records>(
        lines,
        { kind: 'delimited', delimiter: '7c7c2d' },
        { kind: 'fixed', width: 4 },
      ),
      frames: fc.array(
        fc.array(fc.constantFrom('\n', 'a', 'é', '||-', '|', 'bc\n', '|-'), { maxLength: 12 }),
        { minLength: 1, maxLength: 9 },
      ),
      chunkBytes: fc.integer({ min: 5, max: 200 }),
      checksums: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(anyFile, async ({ records, frames, chunkBytes, checksums }) => {
        // A letter of two bytes may be cut by its width, and be none in the text of either half.
        const isFixed = records.kind === 'fixed';
        const plain = frames.map((parts) => parts.join('').replaceAll('é', isFixed ? 'e' : 'é'));
        const all = Buffer.from(plain.join(''));
        const whole = isFixed ? all.subarray(0, all.length - (all.length % 4)) : all;
        const cuts = isFixed ? [whole.subarray(0, 3), whole.subarray(3, 50), whole.subarray(50)] : plain;
        const file = seekable(cuts, checksums);
        const world = await worked(file, chunkBytes, { records });
        expect(await failureOf(world)).toBeUndefined();
        expect(await world.output()).toBe(String(whole));
        const one = new WorkerWorld({ compression: 'zstd', records });
        await one.enqueue({ 'a.zst': Buffer.concat(cuts.map((cut) => zstdCompressSync(cut))) }, 1);
        await one.work();
        const [{ parts } = { parts: [] }] = await one.states();
        expect(await mustVerify(world, file)).toBe(parts[0]?.records ?? 0);
      }),
      { numRuns: 40 },
    );
  });

  it('of a file that pyzstd 0.20 wrote (SeekableZstdFile, frames of 40 bytes) are its lines', async () => {
    const file = Buffer.from(
      'KLUv/QBYFQEA4GxpbmUgMCBvZiBhIHJlYWwgZmlsZQpsaW5lIDEBACQ3nSi1L/0AWP0AALhpbGUKbGluZSAyIG9mIGEgcmVhbCBm' +
        'MwIAgAhZzCYotS/9AFgNAQDYYWwgZmlsZQpsaW5lIDQgb2YgYSByZTUgb2YgAQDymE0otS/9AFjtAAC4YSByZWFsIGZpbGUKbGlu' +
        'ZSA2IG9mIDcBAHKeTSi1L/0AWOUAALAgb2YgYSByZWFsIGZpbGUKbGluZSA4AQDSm00otS/9AFihAABuZSA5IG9mIGEgcmVhbCBm' +
        'aWxlCl4qTRg5AAAAKwAAACgAAAAoAAAAKAAAACoAAAAoAAAAJgAAACgAAAAlAAAAKAAAAB0AAAAUAAAABgAAAACx6pKP',
      'base64',
    );
    const world = await worked(file, 100);
    expect(await world.output()).toBe(
      Array.from({ length: 10 }, (_, i) => `line ${i} of a real file\n`).join(''),
    );
    expect(await mustVerify(world, file)).toBe(10);
  });

  it('a record over many frames is in the chunk that it begins in', async () => {
    const text = `short\n${'x'.repeat(50_000)}\nlast\n`;
    const file = seekable(cutAt(text, 900));
    const world = await worked(file, 200);
    expect(await world.output()).toBe(text);
    expect(await mustVerify(world, file)).toBe(3);
  });

  it('that a command has no memory for are halved where a frame begins, and one frame is not', async () => {
    const text = numbers(300);
    const script =
      'f=$(mktemp); cat > $f; if [ $(stat -c %s $f) -gt "$0" ]; then rm $f; kill -9 $$; fi; cat $f; rm $f';
    const file = seekable(cutAt(text, 700));
    const world = await worked(file, 1_000_000, { command: ['sh', '-c', script, '1500'] });
    expect(await world.output()).toBe(text);
    expect(await mustVerify(world, file)).toBe(300);
    expect((await world.states()).filter(({ state }) => state === 'halved').length).toBeGreaterThan(0);
    const none = await worked(seekable([text]), 1_000_000, { command: ['sh', '-c', script, '1500'] });
    expect(await failureOf(none)).toMatchObject({
      kind: 'out-of-memory',
      message: expect.stringMatching(/; it is one frame, which is not cut: give commands more memory/),
    });
  });

  it('each have the header, which the first frames may have between them', async () => {
    const text = `id,name\n${numbers(2000)}`;
    const file = seekable(['', 'id,', 'na', ...cutAt(text.slice(5), 700)]);
    const world = await worked(file, 700, { header: true, command: ['head', '-n', '1'] });
    const output = await world.output();
    expect(output.length).toBeGreaterThan(20);
    expect(output.replaceAll('id,name\n', '')).toBe('');
  });
});

describe('what is no seekable file', () => {
  const text = numbers(300);
  const good = seekable(cutAt(text, 700));
  const changed = (at: number, byte: number) => {
    const bytes = Buffer.from(good);
    bytes[bytes.length + at] = byte;
    return bytes;
  };
  it.each<[string, Buffer, RegExp]>([
    [
      'zstd without a table',
      zstdCompressSync(text),
      /^a\.zst can't be read by its frames: it is no seekable zstd file.*compression: zstd/,
    ],
    ['no zstd', Buffer.from(text), /no seekable zstd file/],
    ['some bytes', Buffer.from('ab'), /no seekable zstd file/],
    ['cut off', good.subarray(0, -1), /no seekable zstd file/],
    ['of another version', changed(-5, 0x04), /of a version that nobody here knows/],
    [
      'of more frames than there is room for',
      changed(-9, 0xff),
      /has no room|does not begin where it should/,
    ],
    ['of very many frames', changed(-6, 0xff), /4194304 are read at most/],
    [
      'whose table is of another file',
      Buffer.concat([zstdCompressSync('more\n'), good]),
      /are before it: it is of another file/,
    ],
  ])('%s: says so', async (_, file, says) => {
    const failure = await failureOf(await worked(file, 1_000_000));
    expect(failure).toMatchObject({ kind: 'input', message: expect.stringMatching(says) });
  });

  it('a table that lies of what is in a frame loses no record in silence', async () => {
    for (const lie of [-1, 1]) {
      const bytes = Buffer.from(good);
      const table = tableAt(good.length, good.subarray(-9));
      bytes.writeUInt32LE(bytes.readUInt32LE(table + 12) + lie, table + 12);
      const failure = await failureOf(await worked(bytes, 1_000_000));
      expect(failure).toMatchObject({
        kind: 'input',
        message: expect.stringMatching(/in frame 0 are 700 bytes, and its table says/),
      });
    }
  });
});

describe('a cut', () => {
  const file = seekable(cutAt(numbers(500), 300));
  const begin = tableAt(file.length, file.subarray(-9));
  const table = seekTableOf(file.subarray(begin));

  it('of neighbours is one, and each frame is in one chunk', () => {
    const size = file.length;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: size })), (places) => {
        const bounds = [0, ...places.sort((a, b) => a - b), size];
        const cuts = bounds
          .slice(1)
          .map((end, i) => framesCutOf(table, { start: bounds[i] ?? 0, end, size }));
        expect(cuts[0]?.from).toBe(0);
        expect(cuts.at(-1)?.to).toBe(size);
        for (const [i, cut] of cuts.slice(1).entries()) {
          expect([cut.from, cut.first]).toEqual([cuts[i]?.to, cuts[i]?.end]);
          if (cut.middle !== undefined) expect(cut.from < cut.middle && cut.middle < cut.to).toBe(true);
        }
        expect(cuts.reduce((sum, { first, end }) => sum + end - first, 0)).toBe(table.begins.length - 1);
      }),
    );
  });
});
