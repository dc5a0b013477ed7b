/** Thrift's compact protocol as a writer of its own has it, and Parquet files whose pages are no pages: where they lie is what matters. */
import type { Cut } from '#core/jobs/parquet/cut.ts';
import { footerAt } from '#core/jobs/parquet/footer.ts';
import { FooterCutter } from '#core/jobs/parquet/footer-cutter.ts';

export type Value =
  | { readonly bool: boolean }
  | { readonly i8: number }
  | { readonly i16: number }
  | { readonly i32: number }
  | { readonly i64: number }
  | { readonly double: number }
  | { readonly binary: string }
  | { readonly uuid: string }
  | { readonly list: readonly Value[]; readonly of: number }
  | { readonly set: readonly Value[]; readonly of: number }
  | { readonly map: readonly (readonly [Value, Value])[]; readonly of: number }
  /** A list, as somebody says it who says wrong. */
  | { readonly raw: readonly number[] }
  | { readonly struct: readonly (readonly [number, Value])[] };

export const struct = (fields: Readonly<Record<number, Value | undefined>>): Value => ({
  struct: Object.entries(fields).flatMap(([id, value]) => (value ? [[Number(id), value] as const] : [])),
});

const unsigned = (value: number | bigint): number[] => {
  let rest = BigInt(value);
  const bytes: number[] = [];
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
};
const zigzag = (value: number): number[] => {
  const long = BigInt(value);
  return unsigned(long < 0n ? -2n * long - 1n : 2n * long);
};

const typeOf = (value: Value): number => {
  if ('bool' in value) return value.bool ? 1 : 2;
  if ('raw' in value) return 9;
  const names = ['i8', 'i16', 'i32', 'i64', 'double', 'binary', 'list', 'set', 'map', 'struct', 'uuid'];
  return 3 + names.findIndex((name) => name in value);
};

const header = (count: number, of: number): number[] =>
  count < 15 ? [count * 16 + of] : [0xf0 + of, ...unsigned(count)];

/** Of a field, whose boolean has no bytes. */
function valueBytes(value: Value): number[] {
  return 'bool' in value ? [] : encoded(value);
}

/** As it is in a list. */
export function encoded(value: Value): number[] {
  if ('bool' in value) return [value.bool ? 1 : 2];
  if ('raw' in value) return [...value.raw];
  if ('i8' in value) return [value.i8 & 255];
  if ('i16' in value) return zigzag(value.i16);
  if ('i32' in value) return zigzag(value.i32);
  if ('i64' in value) return zigzag(value.i64);
  if ('double' in value) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value.double);
    return [...bytes];
  }
  if ('binary' in value) {
    const bytes = Buffer.from(value.binary);
    return [...unsigned(bytes.length), ...bytes];
  }
  if ('uuid' in value) return [...Buffer.from(value.uuid.replaceAll('-', ''), 'hex')];
  if ('list' in value) return [...header(value.list.length, value.of), ...value.list.flatMap(encoded)];
  if ('set' in value) return [...header(value.set.length, value.of), ...value.set.flatMap(encoded)];
  if ('map' in value) {
    if (value.map.length === 0) return [0];
    return [
      ...unsigned(value.map.length),
      value.of,
      ...value.map.flatMap(([k, v]) => [...encoded(k), ...encoded(v)]),
    ];
  }
  let last = 0;
  const fields = value.struct.flatMap(([id, field]) => {
    const delta = id - last;
    last = id;
    const kind = typeOf(field);
    const head = delta > 0 && delta < 16 ? [delta * 16 + kind] : [kind, ...zigzag(id)];
    return [...head, ...valueBytes(field)];
  });
  return [...fields, 0];
}

export const structs = (list: readonly Value[]): Value => ({ list, of: 12 });

interface Column {
  readonly dictionary?: string;
  readonly data: string;
  /** Otherwise than it is. */
  readonly said?: Readonly<Record<number, Value | undefined>>;
  readonly chunk?: Readonly<Record<number, Value | undefined>>;
}
export interface Group {
  readonly rows: number;
  readonly columns: readonly Column[];
  /** Behind its pages. */
  readonly gap?: string;
  readonly said?: Readonly<Record<number, Value | undefined>>;
}
interface Sample {
  readonly groups: readonly Group[];
  readonly said?: Readonly<Record<number, Value | undefined>>;
  /** What lies between the last page and the footer. */
  readonly indexes?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly footerLength?: number;
}

export const schema = structs([struct({ 4: { binary: 'schema' }, 5: { i32: 1 } })]);

export function parquetFile({
  groups,
  said,
  indexes = '',
  begin = 'PAR1',
  end = 'PAR1',
  footerLength,
}: Sample): Buffer {
  let body = begin;
  const place = (text: string): number => {
    const at = body.length;
    body += text;
    return at;
  };
  const rowGroups = groups.map(({ rows, columns, gap = '', said: more }, ordinal) => {
    const at = body.length;
    const written = columns.map(({ dictionary, data, said: other, chunk }) => {
      const first = dictionary === undefined ? undefined : place(dictionary);
      const page = place(data);
      const metadata = struct({
        1: { i32: 2 },
        2: { list: [{ i32: 0 }, { i32: 3 }], of: 5 },
        3: { list: [{ binary: 'c' }], of: 8 },
        4: { i32: 0 },
        5: { i64: rows },
        6: { i64: data.length },
        7: { i64: data.length + (dictionary?.length ?? 0) },
        9: { i64: page },
        11: first === undefined ? undefined : { i64: first },
        12: struct({ 3: { i64: 0 }, 7: { bool: true } }),
        14: { i64: 99_999 },
        15: { i32: 7 },
        ...other,
      });
      return struct({
        2: { i64: at },
        3: metadata,
        4: { i64: 9 },
        5: { i32: 9 },
        6: { i64: 9 },
        7: { i32: 9 },
        ...chunk,
      });
    });
    place(gap);
    return struct({
      1: structs(written),
      2: { i64: 5 },
      3: { i64: rows },
      5: { i64: at },
      6: { i64: 5 },
      7: { i16: ordinal },
      ...more,
    });
  });
  place(indexes);
  const footer = Buffer.from(
    encoded(
      struct({
        1: { i32: 2 },
        2: schema,
        3: { i64: groups.reduce((sum, { rows }) => sum + rows, 0) },
        4: structs(rowGroups),
        5: structs([struct({ 1: { binary: 'who' }, 2: { binary: 'we' } })]),
        6: { binary: 'us' },
        7: structs([struct({ 1: struct({}) })]),
        ...said,
      }),
    ),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footerLength ?? footer.length);
  return Buffer.concat([Buffer.from(body, 'latin1'), footer, length, Buffer.from(end)]);
}

/** @param piece of the footer: so many bytes come at once. */
export function cutFile(file: Buffer, start = 0, end = file.length, piece = 1_000_000) {
  const size = file.length;
  const begin = footerAt(size, file.subarray(-8));
  const cutter = new FooterCutter({ start, end, size }, begin, size - 8 - begin);
  for (let at = begin; at < size - 8; at += piece)
    cutter.push(file.subarray(at, Math.min(at + piece, size - 8)));
  const { cut, footer: blocks } = cutter.end();
  const footer = Buffer.concat(blocks);
  return {
    cut,
    footer,
    own: Buffer.concat([Buffer.from('PAR1'), file.subarray(cut.begin, cut.end), footer]),
  };
}
export const read = (file: Buffer): Cut => cutFile(file).cut;
