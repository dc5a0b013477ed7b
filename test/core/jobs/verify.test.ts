/** Each fault of a set of results is told, and where it is. */
import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import { type Fault, type ReadPart, verify } from '#core/jobs/verify.ts';

const data = Buffer.from('aa\nbb\ncc\ndd\n');
const object = { key: 'k', size: 12, etag: 'e', crc32: crc32(data) };
const read = (from: number, to: number, key = 'k'): ReadPart => ({
  key,
  from,
  to,
  records: (to - from) / 3,
  crc32: crc32(data.subarray(from, to)),
});

it.each<[string, ReadPart[], Fault[]]>([
  ['whole, in any order', [read(6, 12), read(0, 3), read(3, 6)], []],
  ['a part without records covers nothing', [read(0, 6), read(4, 4), read(6, 12)], []],
  ['a gap', [read(0, 3), read(6, 12)], [{ kind: 'gap', key: 'k', from: 3, to: 6 }]],
  ['nothing at all', [], [{ kind: 'gap', key: 'k', from: 0, to: 12 }]],
  ['the end is missing', [read(0, 9)], [{ kind: 'gap', key: 'k', from: 9, to: 12 }]],
  ['twice', [read(0, 6), read(3, 12)], [{ kind: 'overlap', key: 'k', from: 3, to: 6 }]],
  ['one within another', [read(0, 12), read(3, 6)], [{ kind: 'overlap', key: 'k', from: 3, to: 6 }]],
  ['beyond the end', [read(0, 12), read(12, 15)], [{ kind: 'overlap', key: 'k', from: 12, to: 15 }]],
  ['another object', [read(0, 12), read(0, 3, 'x')], [{ kind: 'unknown-object', key: 'x' }]],
  [
    'other bytes',
    [read(0, 6), { ...read(6, 12), crc32: 7 }],
    [{ kind: 'checksum', key: 'k', expected: crc32(data), found: expect.any(Number) as number }],
  ],
])('%s', (_, parts, faults) => {
  expect(verify([object], parts).faults).toEqual(faults);
});

it('says how much it was, and asks no checksum of an object that has none', () => {
  const parts = [read(0, 6), { ...read(6, 12), crc32: 7 }];
  expect(verify([{ key: 'k', size: 12, etag: 'e' }], parts)).toEqual({ faults: [], bytes: 12, records: 4 });
});
