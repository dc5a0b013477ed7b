import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32, hasNativeCrc32 } from '../../worker/crc32.ts';

test('is the one of zlib, also behind what came before', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.nat(5000), (bytes, at) => {
      const [first, second] = [bytes.subarray(0, at), bytes.subarray(at)];
      expect(crc32(bytes)).toBe(zlib.crc32(bytes));
      expect(crc32(second, crc32(first))).toBe(zlib.crc32(bytes));
    }),
  );
});

test('comes of the binding where we run', () => {
  expect(hasNativeCrc32).toBe(true);
});
