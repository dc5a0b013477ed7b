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

/** These bytes are none of it. */
export class NoThrift extends Rejected {}

/** They end in the middle of a value: with more of them they may be. */
export class EndsEarly extends NoThrift {}

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
  const to = eachField(bytes, from, (id, kind, begin, end) => {
    if (fields.length === mostFields)
      throw new NoThrift(`the struct at byte ${from} has more than ${mostFields} fields`);
    fields.push({ id, type: kind, from: begin, to: end });
  });
  return { fields, to };
}

/** Of a million structs nothing is kept but what is looked for. @returns behind its last byte. */
export const eachField = (
  bytes: Uint8Array,
  from: number,
  each: (id: number, kind: number, from: number, to: number) => void,
): number => walk(bytes, from, 0, each);

function walk(
  bytes: Uint8Array,
  from: number,
  depth: number,
  each?: (id: number, kind: number, from: number, to: number) => void,
): number {
  if (depth >= deepest) throw new NoThrift(`values are more than ${deepest} deep at byte ${from}`);
  let at = from;
  let last = 0;
  for (;;) {
    const header = byteAt(bytes, at);
    at += 1;
    if (header === 0) return at;
    const delta = header >> 4;
    let id = last + delta;
    if (delta === 0) {
      id = signed(numberAt(bytes, at));
      at = behindNumber(bytes, at);
    }
    const kind = header & 0x0f;
    const to = skip(bytes, at, kind, false, depth);
    each?.(id, kind, at, to);
    [at, last] = [to, id];
  }
}

/** Without its end. Its type is 0 where the struct has no more fields, and ends there. @param last the field before it. */
export function fieldAt(bytes: Uint8Array, at: number, last: number): Omit<Field, 'to'> {
  const header = byteAt(bytes, at);
  const delta = header >> 4;
  if (header === 0 || delta > 0) return { id: last + delta, type: header & 0x0f, from: at + 1 };
  return { id: signed(numberAt(bytes, at + 1)), type: header & 0x0f, from: behindNumber(bytes, at + 1) };
}

/** Behind the value of a field. */
export const endOf = (bytes: Uint8Array, { from, type: kind }: Omit<Field, 'to'>): number =>
  skip(bytes, from, kind, false, 0);

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
      return behindNumber(bytes, at);
    case type.double:
      return within(bytes, at, 8);
    case type.uuid:
      return within(bytes, at, 16);
    case type.binary:
      return within(bytes, behindNumber(bytes, at), numberAt(bytes, at));
    case type.list:
    case type.set:
      return skipList(bytes, at, depth);
    case type.map:
      return skipMap(bytes, at, depth);
    case type.struct:
      return walk(bytes, at, depth + 1);
    default:
      throw new NoThrift(`byte ${at} is of type ${kind}, which there is none of`);
  }
}

function skipList(bytes: Uint8Array, from: number, depth: number): number {
  if (depth >= deepest) throw new NoThrift(`values are more than ${deepest} deep at byte ${from}`);
  const list = listAt(bytes, from);
  let at = list.first;
  for (let i = 0; i < list.count; i++) at = skip(bytes, at, list.of, true, depth + 1);
  return at;
}

function skipMap(bytes: Uint8Array, from: number, depth: number): number {
  if (depth >= deepest) throw new NoThrift(`values are more than ${deepest} deep at byte ${from}`);
  const count = numberAt(bytes, from);
  const begin = behindNumber(bytes, from);
  if (count === 0) return begin;
  const kinds = byteAt(bytes, begin);
  let at = begin + 1;
  within(bytes, at, count);
  for (let i = 0; i < count; i++) {
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

/** @throws EndsEarly where it says that it has more elements than there are bytes. */
export function listAt(bytes: Uint8Array, at: number): List {
  const list = listBegun(bytes, at);
  within(bytes, list.first, list.count);
  return list;
}

/** However many of its elements are there. */
export function listBegun(bytes: Uint8Array, at: number): List {
  const header = byteAt(bytes, at);
  const short = header >> 4;
  if (short < 15) return { of: header & 0x0f, count: short, first: at + 1 };
  return { of: header & 0x0f, count: numberAt(bytes, at + 1), first: behindNumber(bytes, at + 1) };
}

/** Behind the number that is here. */
function behindNumber(bytes: Uint8Array, from: number): number {
  for (let at = from; at < from + longestNumber; at++) if (byteAt(bytes, at) < 0x80) return at + 1;
  throw new NoThrift(`the number at byte ${from} has no end`);
}

function numberAt(bytes: Uint8Array, from: number): number {
  const to = behindNumber(bytes, from);
  let value = 0;
  for (let at = to - 1; at >= from; at--) value = value * 128 + (byteAt(bytes, at) & 0x7f);
  return value;
}

const signed = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

/** Of i16, i32 and i64. @throws Rejected where it is beyond 2^52, which no file is. */
export function integerAt(bytes: Uint8Array, { from }: Pick<Field, 'from'>): number {
  const value = numberAt(bytes, from);
  if (value > Number.MAX_SAFE_INTEGER) throw new NoThrift(`the number at byte ${from} is beyond all sizes`);
  return signed(value);
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new EndsEarly(`it ends at byte ${bytes.length}, in the middle of a value`);
  return byte;
}

function within(bytes: Uint8Array, at: number, length: number): number {
  if (length > bytes.length - at)
    throw new EndsEarly(`what begins at byte ${at} has ${length} more, and there are ${bytes.length - at}`);
  return at + length;
}

const integers: ReadonlySet<number> = new Set([type.i16, type.i32, type.i64]);
export const isInteger = (field: Pick<Field, 'type'>): boolean => integers.has(field.type);

/** What becomes of a field: an integer in its place, or what somebody writes there. */
export type Change = 'kept' | 'dropped' | number | (() => void);

/** Writes into memory of its own, which is used again. */
export class Writer {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #length = 0;

  /** What was written so far, until more is. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }

  /** The struct of these fields with some of them changed. @throws Rejected where one that is to be an integer is none. */
  struct(bytes: Uint8Array, fields: readonly Field[], change: (field: Field) => Change): void {
    let last = 0;
    for (const field of fields) {
      const after = change(field);
      if (after === 'dropped') continue;
      this.field(field, last);
      last = field.id;
      if (after === 'kept') this.copy(bytes, field.from, field.to);
      else if (typeof after === 'function') after();
      else if (isInteger(field)) this.integer(after);
      else throw new NoThrift(`field ${field.id} at byte ${field.from} is no integer: it is broken`);
    }
    this.stop();
  }

  /** @param last the field before it. */
  field({ id, type: kind }: Pick<Field, 'id' | 'type'>, last: number): void {
    const delta = id - last;
    if (delta > 0 && delta < 16) this.#byte((delta << 4) | kind);
    else {
      this.#byte(kind);
      this.integer(id);
    }
  }

  integer(value: number): void {
    this.#varint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  list(of: number, count: number): void {
    this.#byte((Math.min(count, 15) << 4) | of);
    if (count >= 15) this.#varint(count);
  }

  copy(bytes: Uint8Array, from: number, to: number): void {
    this.#room(to - from);
    this.#bytes.set(bytes.subarray(from, to), this.#length);
    this.#length += to - from;
  }

  stop(): void {
    this.#byte(0);
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#byte((rest % 128) | 0x80);
    this.#byte(rest);
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#bytes[this.#length] = byte;
    this.#length += 1;
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
