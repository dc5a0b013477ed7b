/** Structs of strangers: what is well said is kept byte by byte, what is not is refused, and never in more time than it has bytes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rejected } from '#core/errors.ts';
import { integerAt, listAt, structAt, type, Writer } from '#core/jobs/parquet/thrift.ts';
import { encoded, struct, structs, type Value } from './samples.ts';

/** On the wire they are doubled. */
const integers = fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 });
const anyValue = fc.letrec<{ value: Value; struct: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.boolean().map((bool) => ({ bool })),
    fc.integer({ min: -128, max: 127 }).map((i8) => ({ i8 })),
    integers.map((i64) => ({ i64 })),
    fc.double().map((double) => ({ double })),
    fc.string({ maxLength: 300 }).map((binary) => ({ binary })),
    fc.uuid().map((uuid) => ({ uuid })),
    fc
      .array(
        integers.map((i32): Value => ({ i32 })),
        { maxLength: 20 },
      )
      .map((list) => ({ list, of: 5 })),
    fc
      .array(
        fc.boolean().map((bool): Value => ({ bool })),
        { maxLength: 20 },
      )
      .map((set) => ({ set, of: 1 })),
    fc
      .array(fc.tuple(fc.string(), integers), { maxLength: 5 })
      .map((all) => ({ map: all.map(([binary, i64]) => [{ binary }, { i64 }] as const), of: 0x86 })),
    fc.array(tie('struct'), { maxLength: 17 }).map(structs),
    tie('struct'),
  ),
  struct: fc
    .uniqueArray(fc.tuple(fc.integer({ min: -5, max: 32_767 }), tie('value')), {
      maxLength: 8,
      selector: ([id]) => id,
    })
    .map((fields) => ({ struct: fields })),
}));

describe('a struct', () => {
  it('is found field by field, and written again as it was', () => {
    fc.assert(
      fc.property(anyValue.struct, fc.nat({ max: 5 }), (value, before) => {
        const bytes = Buffer.from([...Array(before).fill(7), ...encoded(value), 9, 9]);
        const { fields, to } = structAt(bytes, before);
        expect(to).toBe(bytes.length - 2);
        expect('struct' in value && value.struct.map(([id]) => id)).toEqual(fields.map(({ id }) => id));
        const out = new Writer();
        out.struct(bytes, fields, () => 'kept');
        expect(Buffer.from(out.take()).equals(bytes.subarray(before, to))).toBe(true);
      }),
    );
  });

  it('has the integers that were written', () => {
    fc.assert(
      fc.property(integers, fc.integer({ min: -9, max: 40_000 }), (value, id) => {
        const out = new Writer();
        out.struct(Buffer.of(), [{ id, type: type.i64, from: 0, to: 0 }], () => value);
        const bytes = Buffer.from(out.take());
        expect([...bytes]).toEqual(encoded({ struct: [[id, { i64: value }]] }));
        const [field] = structAt(bytes, 0).fields;
        expect(field && integerAt(bytes, field)).toBe(value);
      }),
    );
  });

  it('of any bytes is one, or is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(structAt(bytes, 0).to).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(Rejected);
        }
      }),
      { numRuns: 2000 },
    );
  });

  const deep = (levels: number): Value => (levels === 0 ? struct({}) : struct({ 1: deep(levels - 1) }));
  it.each([
    [
      'ends early',
      encoded(struct({ 1: { binary: 'long enough' } })).slice(0, 5),
      /begins at byte 2 has 11 more/,
    ],
    ['has no end', encoded(struct({ 1: { i8: 1 } })).slice(0, -1), /ends at byte 2/],
    ['is too deep', encoded(deep(40)), /more than 32 deep/],
    ['has lists that are too deep', [0x19, ...Array(60).fill(0x19), 0x09, 0, 0], /more than 32 deep/],
    [
      'says a list of more than there is',
      [0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f, 0],
      /has 4294967295 more/,
    ],
    ['says a map of more than there is', [0x1b, 0xff, 0xff, 0xff, 0x7f, 0x88, 0], /has 268435455 more/],
    ['has a number without an end', [0x16, ...Array(20).fill(0x80)], /has no end/],
    ['has a type that there is none of', [0x1e, 0], /of type 14/],
    ['has a thousand fields', [...Array(1000).fill(0x11), 0], /more than 256 fields/],
  ] as const)('that %s is refused', (_, bytes, why) => {
    expect(() => structAt(Buffer.from(bytes), 0)).toThrow(Rejected);
    expect(() => structAt(Buffer.from(bytes), 0)).toThrow(why);
  });

  it('of a million structs in it costs no more than its bytes', () => {
    const bytes = Buffer.concat([Buffer.from([0x19, 0xfc, 0xc0, 0x84, 0x3d]), Buffer.alloc(1_000_001)]);
    const [list] = structAt(bytes, 0).fields;
    expect(list && listAt(bytes, list.from)).toEqual({ of: 12, count: 1_000_000, first: 5 });
  });
});

it('a list is written as long as it is, and what is no integer is not made one', () => {
  fc.assert(
    fc.property(fc.nat({ max: 200_000 }), (count) => {
      const out = new Writer();
      out.list(type.struct, count);
      for (let i = 0; i < count; i++) out.stop();
      const bytes = Buffer.from(out.take());
      expect(listAt(bytes, 0)).toEqual({ of: type.struct, count, first: bytes.length - count });
    }),
    { numRuns: 20 },
  );
  const bytes = Buffer.from(encoded(struct({ 5: { binary: 'four' } })));
  const four = () => new Writer().struct(bytes, structAt(bytes, 0).fields, () => 4);
  expect(four).toThrow(/field 5 at byte 1 is no integer/);
});

it('an integer that no file is as large as is refused', () => {
  const bytes = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
  expect(() => integerAt(bytes, { from: 0 })).toThrow(/beyond all sizes/);
});
