/**
 * The end of a Parquet file, which says where its row groups lie (apache/parquet-format, parquet.thrift): where it begins, and what one
 * row group says of itself.
 */
import { Rejected } from '../../errors.ts';
import { fewestParquetBytes } from '../dataset.ts';
import { eachField, type Field, integerAt, isInteger, listAt, type } from './thrift.ts';

/** The footer's length in four bytes, and `PAR1`. */
export const tailBytes = 8;
export const magic = Buffer.from('PAR1');
/** Each chunk's worker walks through it: some 100,000 columns of row groups. */
export const mostFooterBytes = 16 * 2 ** 20;
const mostColumns = 100_000;

/** Numbers of fields, as parquet.thrift has them. */
export const file = { rows: 3, rowGroups: 4, encryption: 8 } as const;
export const rowGroup = { columns: 1, rows: 3, offset: 5, ordinal: 7 } as const;
export const columnChunk = {
  path: 1,
  offset: 2,
  metadata: 3,
  offsetIndex: 4,
  offsetIndexLength: 5,
  columnIndex: 6,
  columnIndexLength: 7,
  crypto: 8,
  encrypted: 9,
} as const;
export const column = {
  size: 7,
  data: 9,
  index: 10,
  dictionary: 11,
  bloomFilter: 14,
  bloomFilterLength: 15,
} as const;
/** What somebody else wrote behind a struct's fields (BinaryProtocolExtensions.md): it may hold offsets, so nothing of it is kept. */
export const extension = 32_767;

export interface RowGroup {
  /** Its pages: in the object. */
  readonly begin: number;
  readonly end: number;
  readonly rows: number;
}

/**
 * Where the footer begins in the object.
 * @param tail the object's last bytes.
 * @throws Rejected for what has none.
 */
export function footerAt(size: number, tail: Uint8Array): number {
  const end = Buffer.from(tail.subarray(-tailBytes));
  const found = end.subarray(4);
  if (found.equals(Buffer.from('PARE')))
    throw new Rejected('its footer is encrypted, and where its row groups lie is in there: decrypt it first');
  if (size < fewestParquetBytes || !found.equals(magic))
    throw new Rejected(`it ends with ${shown(found)}, not with PAR1: it is cut off, or no Parquet file`);
  const length = end.readUInt32LE(0);
  if (length > mostFooterBytes)
    throw new Rejected(
      `its footer has ${length} bytes, and ${mostFooterBytes} are read at most: write it as several files, or with larger row groups`,
    );
  const at = size - tailBytes - length;
  if (at < magic.length)
    throw new Rejected(
      `its footer is said to have ${length} bytes, and the whole has ${size}: it is cut off`,
    );
  return at;
}

export const shown = (bytes: Uint8Array): string => JSON.stringify(Buffer.from(bytes).toString('latin1'));

/** Where its pages may lie. */
export interface Room {
  readonly number: number;
  readonly begin: number;
  readonly end: number;
}

/** One without rows lies nowhere. @throws Rejected where its pages can't lie as it says. */
export function rowGroupOf(bytes: Uint8Array, fields: readonly Field[], room: Room): RowGroup {
  const what = `row group ${room.number}`;
  const rows = numberOf(bytes, fields, rowGroup.rows, `the number of rows of ${what}`);
  const pages = structsOf(bytes, fields, rowGroup.columns, `the columns of ${what}`)
    .map((from, number) => pagesOf(bytes, from, number, room.number))
    .filter(({ begin, end }) => end > begin)
    .sort((a, b) => a.begin - b.begin);
  if (rows === 0) return { begin: room.begin, end: room.begin, rows };
  const [first] = pages;
  if (first === undefined) throw new Rejected(`${what} has ${rows} rows and no pages: it is broken`);
  let end = room.begin;
  for (const one of pages) {
    if (one.end > room.end)
      throw new Rejected(
        `column ${one.number} of ${what} is said to lie from byte ${one.begin} to ${one.end}, and the footer begins at ${room.end}: it is cut off, or broken`,
      );
    if (one.begin < end)
      throw new Rejected(
        `column ${one.number} of ${what} is said to begin at byte ${one.begin}, and what is before it ends at ${end}: they overlap`,
      );
    end = one.end;
  }
  return { begin: first.begin, end, rows };
}

/** Of one column in a row group: there may be a million of them, so nothing is made for each but this. */
function pagesOf(bytes: Uint8Array, at: number, number: number, group: number) {
  const what = (): string => `column ${number} of row group ${group}`;
  const broken = (why: string): Rejected => new Rejected(`${what()} ${why}: it is broken`);
  let metadata = -1;
  eachField(bytes, at, (id, kind, from) => {
    if (id === columnChunk.path)
      throw new Rejected(`${what()} lies in another file: this one has footers alone, so leave it out`);
    if (id === columnChunk.crypto || id === columnChunk.encrypted)
      throw new Rejected(`${what()} is encrypted: decrypt it first`);
    if (id !== columnChunk.metadata) return;
    if (metadata >= 0 || kind !== type.struct) throw broken('does not say where it lies');
    metadata = from;
  });
  if (metadata < 0) throw broken('does not say where it lies');
  const said: Partial<Record<number, number>> = {};
  eachField(bytes, metadata, (id, kind, from) => {
    if (id !== column.size && id !== column.data && id !== column.dictionary) return;
    const value = isInteger({ type: kind }) ? integerAt(bytes, { from }) : -1;
    if (value < 0) throw broken(`lies nowhere: ${names[id]} is said to be ${value}`);
    if (said[id] !== undefined) throw broken(`says twice what ${names[id]} is`);
    said[id] = value;
  });
  const { [column.size]: size, [column.data]: data, [column.dictionary]: dictionary = 0 } = said;
  if (size === undefined || data === undefined) throw broken('does not say where it lies');
  // Some writers say 0 where there is no dictionary.
  const begin = dictionary > 0 && dictionary < data ? dictionary : data;
  if (size > 0 && data - begin >= size)
    throw broken(`has ${size} bytes, and its first page lies ${data - begin} behind its beginning`);
  return { begin, end: begin + size, number };
}
const names = {
  [column.size]: 'its size',
  [column.data]: 'its first page',
  [column.dictionary]: 'its dictionary',
};

/** @throws Rejected where it is there twice: readers would differ in which one they take. */
function fieldOf(fields: readonly Field[], id: number): Field | undefined {
  const [first, second] = fields.filter((field) => field.id === id);
  if (second !== undefined) throw new Rejected(`field ${id} is there twice in a struct: it is broken`);
  return first;
}

/** One that is there, and is no less than 0. */
export function numberOf(bytes: Uint8Array, fields: readonly Field[], id: number, what: string): number {
  const field = fieldOf(fields, id);
  if (field === undefined || !isInteger(field)) throw new Rejected(`${what} is not said: it is broken`);
  const value = integerAt(bytes, field);
  if (value < 0) throw new Rejected(`${what} is said to be ${value}: it is broken`);
  return value;
}

const ignored = (): void => undefined;

/** Where each of a list of structs begins. */
export function structsOf(bytes: Uint8Array, fields: readonly Field[], id: number, what: string): number[] {
  const field = fieldOf(fields, id);
  if (field?.type !== type.list) throw new Rejected(`${what} are not said: it is broken`);
  const { of, count, first } = listAt(bytes, field.from);
  if (count > 0 && of !== type.struct) throw new Rejected(`${what} are no structs: it is broken`);
  if (count > mostColumns)
    throw new Rejected(
      `${what} are ${count}, and ${mostColumns} are read at most: write it as several files`,
    );
  const found: number[] = [];
  for (let at = first; found.length < count; at = eachField(bytes, at, ignored)) found.push(at);
  return found;
}
