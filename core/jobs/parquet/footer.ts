/**
 * The end of a Parquet file, which says where its row groups lie (apache/parquet-format, parquet.thrift). It is walked through
 * once; of each row group where it lies is remembered, and no more.
 */
import { Rejected } from '../../errors.ts';
import { fewestParquetBytes } from '../dataset.ts';
import { type Field, integerAt, listAt, structAt, type } from './thrift.ts';

/** The footer's length in four bytes, and `PAR1`. */
export const tailBytes = 8;
export const magic = Buffer.from('PAR1');
/** It is held in memory while a chunk is worked at: some 200,000 columns of row groups. */
export const mostFooterBytes = 32 * 2 ** 20;
/** Some files of 2013 say that their last column is so much shorter than it is (PARQUET-816): readers read so much more. */
const slackBytes = 100;

/** Row groups, or columns of one: what is known of each is held too. */
const mostStructs = 100_000;

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
  /** Its struct: in the footer. */
  readonly at: number;
}

export interface Footer {
  readonly bytes: Uint8Array;
  readonly fields: readonly Field[];
  /** Those that have rows, as they lie one behind the other. */
  readonly rowGroups: readonly RowGroup[];
  /** In the object: behind all pages. Then come indexes, filters and the footer. */
  readonly pagesEnd: number;
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

/**
 * @param bytes from `begin` in the object on.
 * @throws Rejected for what can't be cut, or is no footer.
 */
export function footerOf(bytes: Uint8Array, begin: number): Footer {
  const { fields } = structAt(bytes, 0);
  if (fieldOf(fields, file.encryption)) throw new Rejected('its columns are encrypted: decrypt it first');
  const rows = numberOf(bytes, fields, file.rows, 'the number of its rows');
  const rowGroups: RowGroup[] = [];
  let at = magic.length;
  let sum = 0;
  for (const [number, from] of structsOf(bytes, fields, file.rowGroups, 'its row groups').entries()) {
    const found = rowGroupAt(bytes, from, { number, begin: at, end: begin });
    sum += found.rows;
    if (found.rows === 0) continue;
    rowGroups.push(found);
    at = found.end;
  }
  if (sum !== rows)
    throw new Rejected(
      `its footer says that it has ${rows} rows, and its row groups have ${sum}: it is broken`,
    );
  return {
    bytes,
    fields,
    rowGroups,
    pagesEnd: Math.min(at + (rowGroups.length > 0 ? slackBytes : 0), begin),
  };
}

/** Where its pages may lie. */
interface Room {
  readonly number: number;
  readonly begin: number;
  readonly end: number;
}

function rowGroupAt(bytes: Uint8Array, at: number, room: Room): RowGroup {
  const { fields } = structAt(bytes, at);
  const what = `row group ${room.number}`;
  const rows = numberOf(bytes, fields, rowGroup.rows, `the number of rows of ${what}`);
  const pages = structsOf(bytes, fields, rowGroup.columns, `the columns of ${what}`)
    .map((from, number) => pagesOf(bytes, from, `column ${number} of ${what}`))
    .filter(({ begin, end }) => end > begin)
    .sort((a, b) => a.begin - b.begin);
  if (rows === 0) return { begin: room.begin, end: room.begin, rows, at };
  const [first] = pages;
  if (first === undefined) throw new Rejected(`${what} has ${rows} rows and no pages: it is broken`);
  let end = room.begin;
  for (const one of pages) {
    if (one.end > room.end)
      throw new Rejected(
        `${one.what} is said to lie from byte ${one.begin} to ${one.end}, and the footer begins at ${room.end}: it is cut off, or broken`,
      );
    if (one.begin < end)
      throw new Rejected(
        `${one.what} is said to begin at byte ${one.begin}, and what is before it ends at ${end}: they overlap`,
      );
    end = one.end;
  }
  return { begin: first.begin, end, rows, at };
}

/** Of one column in a row group. */
function pagesOf(bytes: Uint8Array, at: number, what: string) {
  const { fields } = structAt(bytes, at);
  if (fieldOf(fields, columnChunk.path))
    throw new Rejected(`${what} lies in another file: this one has footers alone, so leave it out`);
  if (fieldOf(fields, columnChunk.crypto) || fieldOf(fields, columnChunk.encrypted))
    throw new Rejected(`${what} is encrypted: decrypt it first`);
  const metadata = fieldOf(fields, columnChunk.metadata);
  if (metadata?.type !== type.struct) throw new Rejected(`${what} does not say where it lies: it is broken`);
  const known = structAt(bytes, metadata.from).fields;
  const size = numberOf(bytes, known, column.size, `the size of ${what}`);
  const data = numberOf(bytes, known, column.data, `the first page of ${what}`);
  // Some writers say 0 where there is no dictionary.
  const dictionary = fieldOf(known, column.dictionary) ? numberOf(bytes, known, column.dictionary, what) : 0;
  const begin = dictionary > 0 && dictionary < data ? dictionary : data;
  if (size > 0 && data - begin >= size)
    throw new Rejected(
      `${what} has ${size} bytes, and its first page lies ${data - begin} behind its beginning`,
    );
  return { begin, end: begin + size, what };
}

/** @throws Rejected where it is there twice: readers would differ in which one they take. */
export function fieldOf(fields: readonly Field[], id: number): Field | undefined {
  const [first, second] = fields.filter((field) => field.id === id);
  if (second !== undefined) throw new Rejected(`field ${id} is there twice in a struct: it is broken`);
  return first;
}

const integers: ReadonlySet<number> = new Set([type.i16, type.i32, type.i64]);

/** One that is there, and is no less than 0. */
function numberOf(bytes: Uint8Array, fields: readonly Field[], id: number, what: string): number {
  const field = fieldOf(fields, id);
  if (field === undefined || !integers.has(field.type))
    throw new Rejected(`${what} is not said: it is broken`);
  const value = integerAt(bytes, field);
  if (value < 0) throw new Rejected(`${what} is said to be ${value}: it is broken`);
  return value;
}

/** Where each of a list of structs begins. */
export function structsOf(bytes: Uint8Array, fields: readonly Field[], id: number, what: string): number[] {
  const field = fieldOf(fields, id);
  if (field?.type !== type.list) throw new Rejected(`${what} are not said: it is broken`);
  const { of, count, first } = listAt(bytes, field.from);
  if (count > 0 && of !== type.struct) throw new Rejected(`${what} are no structs: it is broken`);
  if (count > mostStructs)
    throw new Rejected(
      `${what} are ${count}, and ${mostStructs} are read at most: write it as several files`,
    );
  const found: number[] = [];
  for (let at = first; found.length < count; at = structAt(bytes, at).to) found.push(at);
  return found;
}
