/** Chunks cover each object once, a plan can be gone on with, batches keep to SQS's limits, and what can't be read is told. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isData } from '#core/jobs/dataset.ts';
import {
  batchesOf,
  batchLimits,
  Chunk,
  chunkBytesFor,
  chunksOf,
  maxBytes,
  planChunks,
} from '#core/jobs/plan.ts';

const MiB = 2 ** 20;
const object = (size: number, key = 'data/a.ndjson') => ({ key, size, etag: '"e"' });
const dataset = (...sizes: number[]) => ({
  objects: sizes.map((size, i) => object(size, `data/${i}`)),
  records: { kind: 'lines' } as const,
  compression: 'none' as const,
  chunkBytes: 128 * MiB,
});

describe('a plan', () => {
  it('of 10 TB in chunks of 128 MiB has 74,506 of them', () => {
    const plan = planChunks(dataset(maxBytes));
    expect(plan.chunks).toBe(74_506);
    const last = [...chunksOf(plan, plan.chunks - 1)];
    expect(last).toMatchObject([{ id: '74505', end: maxBytes }]);
  });

  it('has each byte of each object in one chunk, numbered from 0, also when it is gone on with', () => {
    const sizes = fc.array(fc.nat({ max: 500 }), { maxLength: 8 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 90 }), fc.nat({ max: 30 }), (some, chunkBytes, from) => {
        const plan = planChunks({ ...dataset(...some), chunkBytes });
        const chunks = [...chunksOf(plan)];
        expect(chunks.map(({ id }) => id)).toEqual(Array.from({ length: plan.chunks }, (_, i) => String(i)));
        expect([...chunksOf(plan, from)]).toEqual(chunks.slice(from));
        for (const [i, size] of some.entries()) {
          let at = 0;
          for (const { start, end } of chunks.filter(({ key }) => key === `data/${i}`)) {
            expect(start).toBe(at);
            expect(end - start).toBeGreaterThan(0);
            expect(end - start).toBeLessThanOrEqual(chunkBytes);
            at = end;
          }
          expect(at).toBe(size);
        }
        for (const chunk of chunks) expect(Chunk.safeParse(chunk).success).toBe(true);
      }),
    );
  });

  it('of nothing has no chunk', () => {
    expect(planChunks(dataset(0, 0)).chunks).toBe(0);
    expect(planChunks(dataset()).chunks).toBe(0);
  });

  it('reads a compressed object in one chunk', () => {
    expect(planChunks({ ...dataset(300 * MiB, 5), compression: 'gzip' }).chunks).toBe(2);
  });

  it('puts whole records into chunks of fixed ones, and refuses an object that has none', () => {
    const fixed = { ...dataset(100, 30), records: { kind: 'fixed', width: 10 } as const, chunkBytes: 25 };
    expect([...chunksOf(planChunks(fixed))].map(({ end }) => end)).toEqual([20, 40, 60, 80, 100, 20, 30]);
    expect(planChunks({ ...fixed, chunkBytes: 3 }).chunks).toBe(13);
    const odd = { ...fixed, objects: [object(100), object(33, 'data/odd')] };
    expect(() => planChunks(odd)).toThrow(/data\/odd has 33 bytes, which are no whole records of 10/);
  });

  it('refuses too many bytes and too many chunks, and says what would do', () => {
    expect(() => planChunks(dataset(maxBytes + 1))).toThrow(/10000000000001 bytes; a job reads/);
    const small = { ...dataset(maxBytes), chunkBytes: 8 * MiB };
    expect(() => planChunks(small)).toThrow(/1192093 chunks.*Make chunks of 10 MiB or more/);
    expect(planChunks({ ...small, chunkBytes: 10 * MiB }).chunks).toBe(953_675);
  });
});

it('of Parquet are cut like any bytes, for where its row groups are workers see; what is too short is none', () => {
  const parquet = { ...dataset(30 * MiB, 13), records: { kind: 'parquet' } } as const;
  expect(planChunks({ ...parquet, chunkBytes: 8 * MiB }).chunks).toBe(5);
  for (const size of [0, 12])
    expect(() => planChunks({ ...parquet, objects: [{ key: 'data/odd', size, etag: '"e"' }] })).toThrow(
      `data/odd has ${size} bytes: that is no Parquet file. Leave it out.`,
    );
});

it('of Parquet passes over what lies beside the data, as all who read folders of it do', () => {
  const parquet = { kind: 'parquet' } as const;
  for (const path of ['a.parquet', 'day=1/a.parquet', '_day=1/part_0'])
    expect(isData(parquet, path)).toBe(true);
  for (const path of ['_SUCCESS', '.a.parquet.crc', 'day=1/_metadata', '_temporary/0/a.parquet', '.hive/a=b'])
    expect([isData(parquet, path), isData({ kind: 'lines' }, path)]).toEqual([false, true]);
});

it.each([
  [256 * MiB, 128 * MiB],
  [255 * MiB, 64 * MiB],
  [64 * 1024 * MiB, 1024 * MiB],
  [0, 8 * MiB],
])('a worker with %d bytes of memory gets chunks of %d', (memory, chunk) => {
  expect(chunkBytesFor(memory)).toBe(chunk);
});

describe('batches', () => {
  it('hold what SQS takes, nothing is lost, and the order stays', () => {
    const sizes = fc.array(fc.constantFrom(1, 10, 200_000, 600_000, batchLimits.bytes), { maxLength: 40 });
    fc.assert(
      fc.property(sizes, (some) => {
        const messages = some.map((size, i) => String(i % 10).repeat(size));
        const batches = [...batchesOf(messages)];
        expect(batches.flat()).toEqual(messages);
        for (const batch of batches) {
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.length).toBeLessThanOrEqual(10);
          expect(batch.join('').length).toBeLessThanOrEqual(batchLimits.bytes);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('count bytes, not characters', () => {
    expect([...batchesOf(['é'.repeat(300_000), 'é'.repeat(300_000)])]).toHaveLength(2);
    expect(() => [...batchesOf(['x'.repeat(batchLimits.bytes + 1)])]).toThrow(RangeError);
  });
});
