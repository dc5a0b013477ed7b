/** What counts bytes 64 at once finds as many as who looks at each of them. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { countByte } from '#core/jobs/byte-count.ts';

const plainly = (block: Uint8Array, byte: number): number => block.filter((one) => one === byte).length;

it('counts any byte in any block, in memory of its own or within other', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.oneof(fc.constant(10), fc.integer({ min: 0, max: 255 })),
      fc.nat({ max: 70 }),
      (bytes, byte, from) => {
        // Few values, so that what is looked for is there often.
        const few = bytes.map((one) => (one % 3 === 0 ? byte : one));
        expect(countByte(few.subarray(from), byte)).toBe(plainly(few.subarray(from), byte));
      },
    ),
    { numRuns: 2000 },
  );
});

it('counts blocks of all lengths around those that it copies at once, and nothing of the block before', () => {
  const pieces = 32 * 1024;
  for (const length of [0, 1, 63, 64, 65, pieces - 1, pieces, pieces + 1, 3 * pieces + 17])
    for (const byte of [0, 10, 255]) {
      expect(countByte(new Uint8Array(pieces).fill(byte), byte)).toBe(pieces);
      expect(countByte(new Uint8Array(length).fill(byte), byte)).toBe(length);
      expect(countByte(new Uint8Array(length).fill(byte ^ 1), byte)).toBe(0);
    }
});
