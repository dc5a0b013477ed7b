/**
 * The footer of a file of some row groups of another one, whose pages were moved together: all offsets move by the same. The
 * schema and whatever else is said of the whole stays byte by byte.
 */
import { Rejected } from '../../errors.ts';
import type { Cut } from './cut.ts';
import {
  column,
  columnChunk,
  extension,
  type Footer,
  file,
  magic,
  type RowGroup,
  rowGroup,
  structsOf,
} from './footer.ts';
import {
  type Field,
  fieldsOf,
  integer,
  integerAt,
  kept,
  listHeader,
  stop,
  structAt,
  type,
  type Written,
} from './thrift.ts';

/** Of `ordinal`, which has 16 bits. */
const mostOrdinals = 32_768;
/** Of a length, which has 32. */
const mostBytes = 2 ** 32 - 1;

/** What comes behind the pages, block by block: the footer, its length and `PAR1`. They come behind `PAR1` and nothing else. */
export function* footerBlocks(footer: Footer, { rowGroups, rows, begin }: Cut): Generator<Uint8Array> {
  const { bytes, fields } = footer;
  const move = magic.length - begin;
  let length = 0;
  const counted = function* (blocks: Iterable<Uint8Array>) {
    for (const block of blocks) {
      length += block.length;
      yield block;
    }
  };
  let last = 0;
  for (const field of fields) {
    if (field.id === extension) continue;
    if (field.id === file.rowGroups) {
      const header = { id: field.id, type: field.type, value: [listHeader(type.struct, rowGroups.length)] };
      yield* counted(fieldsOf([header], last));
      for (const [i, one] of rowGroups.entries())
        yield* counted([Buffer.concat([...movedGroup(bytes, one, i, move)])]);
    } else {
      const written = field.id === file.rows ? integer(file.rows, type.i64, rows) : kept(bytes, field);
      yield* counted(fieldsOf([written], last));
    }
    last = field.id;
  }
  yield* counted([stop]);
  if (length > mostBytes) throw new Rejected(`the footer of a chunk would have ${length} bytes`);
  const tail = Buffer.alloc(4);
  tail.writeUInt32LE(length);
  yield Buffer.concat([tail, magic]);
}

function* movedGroup(
  bytes: Uint8Array,
  { at, begin }: RowGroup,
  ordinal: number,
  move: number,
): Generator<Uint8Array> {
  const { fields } = structAt(bytes, at);
  yield* changed(fields, (field) => {
    switch (field.id) {
      case rowGroup.columns: {
        const columns = structsOf(bytes, fields, field.id, 'columns');
        const value = columns.flatMap((one) => [...movedChunk(bytes, one, move)]);
        return { id: field.id, type: field.type, value: [listHeader(type.struct, columns.length), ...value] };
      }
      case rowGroup.offset:
        return integer(field.id, type.i64, begin + move);
      case rowGroup.ordinal:
        return ordinal < mostOrdinals ? integer(field.id, type.i16, ordinal) : undefined;
      default:
        return kept(bytes, field);
    }
  });
}

/** Indexes of pages hold offsets themselves, and lie elsewhere: a chunk is read whole, and needs none. Filters the same. */
const dropped: ReadonlySet<number> = new Set([
  columnChunk.offsetIndex,
  columnChunk.offsetIndexLength,
  columnChunk.columnIndex,
  columnChunk.columnIndexLength,
]);

function* movedChunk(bytes: Uint8Array, at: number, move: number): Generator<Uint8Array> {
  const { fields } = structAt(bytes, at);
  yield* changed(fields, (field) => {
    if (dropped.has(field.id)) return undefined;
    // Nobody may go by it any more (parquet.thrift): writers say 0.
    if (field.id === columnChunk.offset) return integer(field.id, type.i64, 0);
    if (field.id !== columnChunk.metadata) return kept(bytes, field);
    return { id: field.id, type: field.type, value: [...movedColumn(bytes, field.from, move)] };
  });
}

function* movedColumn(bytes: Uint8Array, at: number, move: number): Generator<Uint8Array> {
  yield* changed(structAt(bytes, at).fields, (field) => {
    switch (field.id) {
      case column.data:
        // A column without pages may say anything.
        return integer(field.id, type.i64, Math.max(0, integerAt(bytes, field) + move));
      case column.dictionary: {
        const offset = integerAt(bytes, field);
        return integer(field.id, type.i64, Math.max(0, offset + (offset > 0 ? move : 0)));
      }
      case column.index:
      case column.bloomFilter:
      case column.bloomFilterLength:
        return undefined;
      default:
        return kept(bytes, field);
    }
  });
}

function* changed(
  fields: readonly Field[],
  change: (field: Field) => Written | undefined,
): Generator<Uint8Array> {
  const written = fields.flatMap((field) => {
    const after = field.id === extension ? undefined : change(field);
    return after === undefined ? [] : [after];
  });
  yield* fieldsOf(written);
  yield stop;
}
