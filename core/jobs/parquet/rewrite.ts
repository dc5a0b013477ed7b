/**
 * A row group in the footer of another file, whose pages were moved together: all offsets move by the same, and whatever else is
 * said of it stays byte by byte.
 */
import { column, columnChunk, extension, type RowGroup, rowGroup, structsOf } from './footer.ts';
import { type Change, type Field, integerAt, structAt, type, type Writer } from './thrift.ts';

/** Of `ordinal`, which has 16 bits. */
const mostOrdinals = 32_768;
/** Indexes of pages hold offsets themselves, and lie elsewhere: a chunk is read whole, and needs none. Filters the same. */
const indexes: ReadonlySet<number> = new Set([
  columnChunk.offsetIndex,
  columnChunk.offsetIndexLength,
  columnChunk.columnIndex,
  columnChunk.columnIndexLength,
]);

/** Writes row groups whose pages were moved by so much. */
export class Moved {
  readonly #out: Writer;
  readonly #bytes: Uint8Array;
  readonly #by: number;

  constructor(out: Writer, bytes: Uint8Array, by: number) {
    this.#out = out;
    this.#bytes = bytes;
    this.#by = by;
  }

  rowGroup(fields: readonly Field[], { begin }: RowGroup, ordinal: number): void {
    this.#struct(fields, ({ id }) => {
      if (id === rowGroup.columns) return () => this.#columns(fields);
      if (id === rowGroup.offset) return begin + this.#by;
      if (id === rowGroup.ordinal) return ordinal < mostOrdinals ? ordinal : 'dropped';
      return 'kept';
    });
  }

  #columns(fields: readonly Field[]): void {
    const columns = structsOf(this.#bytes, fields, rowGroup.columns, 'columns');
    this.#out.list(type.struct, columns.length);
    for (const at of columns)
      this.#struct(structAt(this.#bytes, at).fields, ({ id, from }) => {
        if (id === columnChunk.metadata) return () => this.#metadata(from);
        // Nobody may go by it any more (parquet.thrift): writers say 0.
        if (id === columnChunk.offset) return 0;
        return indexes.has(id) ? 'dropped' : 'kept';
      });
  }

  #metadata(at: number): void {
    this.#struct(structAt(this.#bytes, at).fields, (field) => {
      switch (field.id) {
        case column.data:
        case column.dictionary:
          return this.#moved(integerAt(this.#bytes, field));
        case column.index:
        case column.bloomFilter:
        case column.bloomFilterLength:
          return 'dropped';
        default:
          return 'kept';
      }
    });
  }

  /** 0 is said of what is not there. A column without pages may say anything. */
  #moved(offset: number): number {
    return offset > 0 ? Math.max(0, offset + this.#by) : offset;
  }

  #struct(fields: readonly Field[], change: (field: Field) => Change): void {
    this.#out.struct(this.#bytes, fields, (field) => (field.id === extension ? 'dropped' : change(field)));
  }
}
