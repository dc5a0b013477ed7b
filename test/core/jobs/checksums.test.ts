/** What is put together from ranges is what the whole would give: checksums, and which ranges begin between quotes. */
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { combineCrc32 } from '#core/jobs/crc32.ts';
import { oddQuotes, quotedStarts } from '#core/jobs/quotes.ts';

it('the checksum of two neighbours is that of both', () => {
  const bytes = fc.uint8Array({ maxLength: 3000 });
  fc.assert(
    fc.property(bytes, bytes, (one, two) => {
      expect(combineCrc32(crc32(one), crc32(two), two.length)).toBe(crc32(Buffer.concat([one, two])));
    }),
  );
});

it('… also where the second one is larger than 32 bits can say', () => {
  // 5 GiB of zeros by doubling: the sum of n zeros with that of n more.
  let crc = crc32(Buffer.alloc(1));
  let length = 1;
  for (; length < 2 ** 32; length *= 2) crc = combineCrc32(crc, crc, length);
  const five = combineCrc32(crc, combineCrc32(crc32(Buffer.alloc(0)), crc, length), length);
  let slow = 0;
  for (let i = 0; i < 8; i++) slow = combineCrc32(slow, quarter(crc32(Buffer.alloc(1))), 2 ** 30);
  expect(five).toBe(slow);
});

/** Of 1 GiB of zeros. */
function quarter(ofOne: number): number {
  let crc = ofOne;
  for (let length = 1; length < 2 ** 30; length *= 2) crc = combineCrc32(crc, crc, length);
  return crc;
}

it('a range begins between quotes where an odd number came before it', () => {
  const data = fc.array(fc.constantFrom('"', '""', 'a', '\n'), { maxLength: 60 });
  fc.assert(
    fc.property(data, fc.integer({ min: 1, max: 9 }), (parts, size) => {
      const bytes = Buffer.from(parts.join(''));
      const ranges: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) ranges.push(bytes.subarray(at, at + size));
      const known = ranges.map(
        (_, i) => bytes.subarray(0, i * size).filter((b) => b === 0x22).length % 2 === 1,
      );
      expect(quotedStarts(ranges.map(oddQuotes))).toEqual(known);
    }),
  );
});
