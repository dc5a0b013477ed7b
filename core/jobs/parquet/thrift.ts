/**
 * Structs of Thrift's compact protocol, opened one at a time: a field is where its value lies, and its bytes stay as they are
 * unless somebody writes others. So what is not known here is kept, and no tree is ever made of what a stranger wrote.
 */
import { Rejected } from '../../errors.ts';

/** Of fields, and of elements of lists (thrift-compact-protocol.md). A field's boolean is its type, and has no bytes. */
export const type = {
  true: 1,
  false: 2,
  i8: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
  uuid: 13,
} as const;

export interface Field {
  readonly id: number;
  readonly type: number;
  /** Of its value: in the whole. */
  readonly from: number;
  readonly to: number;
}

export interface Struct {
  readonly fields: readonly Field[];
  /** Behind its last byte. */
  readonly to: number;
}

/** Deeper ones are nobody's: a schema is a list, and statistics are three deep. */
const deepest = 32;
/** Those of Parquet have 17 at most. */
const mostFields = 256;
/** 7 bits a byte. */
const longestNumber = 10;

/** @throws Rejected where a struct of these bytes is none, or ends early. */
export function structAt(bytes: Uint8Array, from: number): Struct {
  const fields: Field[] = [];
  const to = walk(bytes, from, 0, (field) => {
    if (fields.length === mostFields)
      throw new Rejected(`the struct at byte ${from} has more than ${mostFields} fields`);
    fields.push(field);
  });
  return { fields, to };
}

/** @returns behind its last byte. */
function walk(bytes: Uint8Array, from: number, depth: number, each?: (field: Field) => void): number {
  if (depth >= deepest) throw new Rejected(`values are more than ${deepest} deep at byte ${from}`);
  let at = from;
  let last = 0;
  for (;;) {
    const header = byteAt(bytes, at);
    at += 1;
    if (header === 0) return at;
    const delta = header >> 4;
    let id = last + delta;
    if (delta === 0) {
      const long = varint(bytes, at);
      at = long.to;
      id = signed(long.value);
    }
    const kind = header & 0x0f;
    const to = skip(bytes, at, kind, false, depth);
    each?.({ id, type: kind, from: at, to });
    [at, last] = [to, id];
  }
}

/** Behind a value. Each element takes a byte at least, so this takes no longer than the bytes are many. */
function skip(bytes: Uint8Array, at: number, kind: number, isElement: boolean, depth: number): number {
  switch (kind) {
    case type.true:
    case type.false:
      return isElement ? within(bytes, at, 1) : at;
    case type.i8:
      return within(bytes, at, 1);
    case type.i16:
    case type.i32:
    case type.i64:
      return varint(bytes, at).to;
    case type.double:
      return within(bytes, at, 8);
    case type.uuid:
      return within(bytes, at, 16);
    case type.binary: {
      const length = varint(bytes, at);
      return within(bytes, length.to, length.value);
    }
    case type.list:
    case type.set:
      return skipList(bytes, at, depth);
    case type.map:
      return skipMap(bytes, at, depth);
    case type.struct:
      return walk(bytes, at, depth + 1);
    default:
      throw new Rejected(`byte ${at} is of type ${kind}, which there is none of`);
  }
}

function skipList(bytes: Uint8Array, from: number, depth: number): number {
  if (depth >= deepest) throw new Rejected(`values are more than ${deepest} deep at byte ${from}`);
  const list = listAt(bytes, from);
  let at = list.first;
  for (let i = 0; i < list.count; i++) at = skip(bytes, at, list.of, true, depth + 1);
  return at;
}

function skipMap(bytes: Uint8Array, from: number, depth: number): number {
  if (depth >= deepest) throw new Rejected(`values are more than ${deepest} deep at byte ${from}`);
  const count = varint(bytes, from);
  if (count.value === 0) return count.to;
  const kinds = byteAt(bytes, count.to);
  let at = count.to + 1;
  within(bytes, at, count.value);
  for (let i = 0; i < count.value; i++) {
    at = skip(bytes, at, kinds >> 4, true, depth + 1);
    at = skip(bytes, at, kinds & 0x0f, true, depth + 1);
  }
  return at;
}

export interface List {
  readonly of: number;
  readonly count: number;
  /** Where its first element is. */
  readonly first: number;
}

/** @throws Rejected where it says that it has more elements than there are bytes. */
export function listAt(bytes: Uint8Array, at: number): List {
  const header = byteAt(bytes, at);
  const short = header >> 4;
  const { value: count, to: first } = short < 15 ? { value: short, to: at + 1 } : varint(bytes, at + 1);
  within(bytes, first, count);
  return { of: header & 0x0f, count, first };
}

/** @throws Rejected where it is larger than any length or offset can be. */
function varint(bytes: Uint8Array, from: number): { readonly value: number; readonly to: number } {
  let value = 0;
  let scale = 1;
  for (let at = from; at < from + longestNumber; at++) {
    const byte = byteAt(bytes, at);
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) return { value, to: at + 1 };
  }
  throw new Rejected(`the number at byte ${from} has no end`);
}

const signed = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

/** Of i16, i32 and i64. @throws Rejected where it is beyond 2^52, which no file is. */
export function integerAt(bytes: Uint8Array, { from }: Pick<Field, 'from'>): number {
  const { value } = varint(bytes, from);
  if (value > Number.MAX_SAFE_INTEGER) throw new Rejected(`the number at byte ${from} is beyond all sizes`);
  return signed(value);
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new Rejected(`it ends at byte ${bytes.length}, in the middle of a value`);
  return byte;
}

function within(bytes: Uint8Array, at: number, length: number): number {
  if (length > bytes.length - at)
    throw new Rejected(`what begins at byte ${at} has ${length} more, and there are ${bytes.length - at}`);
  return at + length;
}

/** A field as it is to be written. */
export interface Written {
  readonly id: number;
  readonly type: number;
  readonly value: readonly Uint8Array[];
}

export const kept = (bytes: Uint8Array, { id, type: kind, from, to }: Field): Written => ({
  id,
  type: kind,
  value: [bytes.subarray(from, to)],
});

export const integer = (id: number, kind: 4 | 5 | 6, value: number): Written => ({
  id,
  type: kind,
  value: [varintOf(value >= 0 ? value * 2 : -value * 2 - 1)],
});

export const stop = Uint8Array.of(0);

/** Field by field, in their order, without the stop behind them. */
export function* fieldsOf(fields: Iterable<Written>, after = 0): Generator<Uint8Array> {
  let last = after;
  for (const { id, type: kind, value } of fields) {
    const delta = id - last;
    if (delta > 0 && delta < 16) yield Uint8Array.of((delta << 4) | kind);
    else {
      yield Uint8Array.of(kind);
      yield varintOf(id >= 0 ? id * 2 : -id * 2 - 1);
    }
    yield* value;
    last = id;
  }
}

export function listHeader(of: number, count: number): Uint8Array {
  if (count < 15) return Uint8Array.of((count << 4) | of);
  const long = varintOf(count);
  const header = new Uint8Array(1 + long.length);
  header[0] = 0xf0 | of;
  header.set(long, 1);
  return header;
}

function varintOf(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
