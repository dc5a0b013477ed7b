/** An object's bytes come in order, by buffers that parts hand on to each other: never one that somebody still has. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MemoryJobObjects } from '#adapters/memory/job-objects.ts';
import type { Block } from '#core/jobs/block.ts';
import { blocksOf, keptBytesOf, rangedOf } from '../../worker/ranges.ts';
import { timers } from '../../worker/timers.ts';

const anyPart = fc.record({
  size: fc.integer({ min: 1, max: 300 }),
  from: fc.nat({ max: 40 }),
  surely: fc.nat({ max: 320 }),
  /** After so many blocks its reader has enough, and keeps what it has. */
  enough: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
});

it('whole, or as much as is wanted, part after part', async () => {
  const how = fc.record({ rangeBytes: fc.constantFrom(7, 16), parallel: fc.integer({ min: 1, max: 4 }) });
  await fc.assert(
    fc.asyncProperty(how, fc.array(anyPart, { minLength: 1, maxLength: 6 }), async (reading, parts) => {
      const objects = new MemoryJobObjects();
      const kept: { block: Block; bytes: Buffer }[] = [];
      for (const [i, { size, from, surely, enough }] of parts.entries()) {
        const data = Buffer.from(Array.from({ length: size }, (_, at) => (at * 7 + i * 31) % 256));
        const object = objects.put(`part-${i}`, data);
        const { signal } = new AbortController();
        const given = { of: rangedOf(objects, object), signal, how: reading, timers };
        let at = Math.min(from, size);
        let seen = 0;
        for await (const block of blocksOf(given, at, surely)) {
          const bytes = Buffer.from(block.bytes);
          expect(bytes.equals(data.subarray(at, at + bytes.length))).toBe(true);
          at += bytes.length;
          seen += 1;
          if (seen === enough) {
            kept.push({ block, bytes });
            break;
          }
          block.release();
        }
        if (enough === undefined) expect(at).toBe(size);
      }
      for (const { block, bytes } of kept) expect(Buffer.from(block.bytes).equals(bytes)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

it('for who keeps what it is given in small pieces, each of which stays as it was when its block is used again', async () => {
  const buffer = Buffer.alloc(300 * 1024);
  const blocks = async function* (): AsyncGenerator<Block> {
    for (const fill of [1, 2]) yield { bytes: buffer.fill(fill), release: () => void buffer.fill(0) };
  };
  const seen: number[] = [];
  const kept: Uint8Array[] = [];
  for await (const piece of keptBytesOf(blocks(), ({ length }) => seen.push(length))) kept.push(piece);
  expect(seen).toEqual([buffer.length, buffer.length]);
  expect(Math.max(...kept.map(({ length }) => length))).toBeLessThanOrEqual(128 * 1024);
  const expected = Buffer.concat([Buffer.alloc(buffer.length, 1), Buffer.alloc(buffer.length, 2)]);
  expect(Buffer.concat(kept).equals(expected)).toBe(true);
});
