/**
 * From a Parquet file's footer, as it comes, to that of one chunk: row group by row group, of which the chunk's own are written down at
 * once. So a footer may be long, and little of it is held.
 */
import { Rejected } from '../../errors.ts';
import { type Bounds, type Cut, Cutting } from './cut.ts';
import { extension, file, magic, numberOf, rowGroupOf } from './footer.ts';
import { Moved } from './rewrite.ts';
import {
  EndsEarly,
  endOf,
  type Field,
  fieldAt,
  listBegun,
  NoThrift,
  structAt,
  type,
  Writer,
} from './thrift.ts';

/** Of all that is held: the fields beside the row groups, and the chunk's row groups. */
const mostOwnBytes = 4 * 2 ** 20;
/** So much is looked at at once. */
const pieceBytes = 256 * 1024;

interface Kept {
  readonly field: Omit<Field, 'to'>;
  readonly value: Uint8Array;
}

export class FooterCutter {
  readonly #begin: number;
  readonly #bytes: number;
  readonly #cutting: Cutting;
  readonly #window = new Window();
  /** In their order; that of row groups has no value. */
  readonly #kept: Kept[] = [];
  #field = 0;
  #rows: number | undefined;
  /** Row groups: still to come, and so far. */
  #left: number | undefined;
  #number = 0;
  #sum = 0;
  #pagesEnd: number = magic.length;
  #move: number | undefined;
  readonly #groups: Buffer[] = [];
  readonly #out = new Writer();
  #held = 0;
  #done = false;

  /** @param begin where the footer begins in the object. @param bytes how many it has. */
  constructor(bounds: Bounds, begin: number, bytes: number) {
    this.#begin = begin;
    this.#bytes = bytes;
    this.#cutting = new Cutting(bounds);
  }

  /** @throws Rejected for what can't be cut, or is no footer. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.#done; at += pieceBytes) {
      this.#window.add(bytes.subarray(at, at + pieceBytes));
      this.#walk(false);
    }
  }

  /** Nothing of it comes any more. @returns the chunk, and what comes behind its pages in its own file: footer, length, `PAR1`. */
  end(): { readonly cut: Cut; readonly footer: readonly Uint8Array[] } {
    this.#walk(true);
    if (this.#rows === undefined) throw new Rejected('the number of its rows is not said: it is broken');
    if (this.#left === undefined) throw new Rejected('its row groups are not said: it is broken');
    if (this.#sum !== this.#rows)
      throw new Rejected(
        `its footer says that it has ${this.#rows} rows, and its row groups have ${this.#sum}: it is broken`,
      );
    const cut = this.#cutting.cut({ begin: magic.length, end: this.#begin });
    return { cut, footer: this.#written(cut) };
  }

  #walk(isEnd: boolean): void {
    while (!this.#done) {
      const base = this.#window.base;
      try {
        this.#step(this.#window.bytes);
      } catch (error) {
        if (error instanceof EndsEarly && !isEnd) break;
        if (!(error instanceof NoThrift)) throw error;
        throw new Rejected(`its footer is broken: behind its byte ${base}, ${error.message}`, {
          cause: error,
        });
      }
    }
    if (this.#window.bytes.length <= mostOwnBytes) return;
    const what = this.#left ? `row group ${this.#number}` : `the field behind ${this.#field}`;
    throw new Rejected(
      `${what} of its footer has more than ${mostOwnBytes} bytes, and so much is read at most`,
    );
  }

  #step(bytes: Uint8Array): void {
    if (this.#left) this.#rowGroup(bytes);
    else this.#nextField(bytes);
  }

  #nextField(bytes: Uint8Array): void {
    const field = fieldAt(bytes, 0, this.#field);
    if (field.type === 0) {
      this.#done = true;
      return;
    }
    if (field.id === file.encryption) throw new Rejected('its columns are encrypted: decrypt it first');
    if (this.#kept.some((one) => one.field.id === field.id))
      throw new Rejected(`field ${field.id} is there twice in its footer: it is broken`);
    const to = field.id === file.rowGroups ? this.#rowGroups(bytes, field) : this.#other(bytes, field);
    this.#field = field.id;
    this.#window.drop(to);
  }

  #rowGroups(bytes: Uint8Array, field: Omit<Field, 'to'>): number {
    if (field.type !== type.list) throw new Rejected('its row groups are no list: it is broken');
    const { of, count, first } = listBegun(bytes, field.from);
    if (count > 0 && of !== type.struct) throw new Rejected('its row groups are no structs: it is broken');
    if (count > this.#bytes)
      throw new Rejected(
        `it is said to have ${count} row groups in a footer of ${this.#bytes} bytes: it is broken`,
      );
    this.#left = count;
    this.#kept.push({ field, value: nothing });
    return first;
  }

  #other(bytes: Uint8Array, field: Omit<Field, 'to'>): number {
    const to = endOf(bytes, field);
    if (field.id === file.rows)
      this.#rows = numberOf(bytes, [{ ...field, to }], file.rows, 'the number of its rows');
    const value = field.id === extension ? nothing : Buffer.from(bytes.subarray(field.from, to));
    this.#kept.push({ field, value });
    this.#hold(value.length);
    return to;
  }

  #rowGroup(bytes: Uint8Array): void {
    const { fields, to } = structAt(bytes, 0);
    const room = { number: this.#number, begin: this.#pagesEnd, end: this.#begin };
    const found = rowGroupOf(bytes, fields, room);
    this.#number += 1;
    this.#left = (this.#left ?? 0) - 1;
    this.#sum += found.rows;
    if (found.rows > 0) {
      this.#pagesEnd = found.end;
      if (this.#cutting.take(found)) {
        this.#move ??= magic.length - found.begin;
        new Moved(this.#out, bytes, this.#move).rowGroup(fields, found, this.#groups.length);
        const written = Buffer.from(this.#out.take());
        this.#groups.push(written);
        this.#hold(written.length);
      }
    }
    this.#window.drop(to);
  }

  #hold(bytes: number): void {
    this.#held += bytes;
    if (this.#held > mostOwnBytes)
      throw new Rejected(
        `the footer of one chunk, with ${this.#groups.length} row groups, would have more than ${mostOwnBytes} bytes: ask for smaller chunks (chunkMiB), or write larger row groups`,
      );
  }

  #written({ rows }: Cut): readonly Uint8Array[] {
    const blocks: Uint8Array[] = [];
    const written = () => blocks.push(Buffer.from(this.#out.take()));
    let last = 0;
    for (const { field, value } of this.#kept) {
      if (field.id === extension) continue;
      this.#out.field(field, last);
      last = field.id;
      if (field.id === file.rows) this.#out.integer(rows);
      if (field.id === file.rowGroups) this.#out.list(type.struct, this.#groups.length);
      written();
      if (field.id === file.rowGroups) blocks.push(...this.#groups);
      else if (field.id !== file.rows) blocks.push(value);
    }
    this.#out.stop();
    written();
    const tail = Buffer.alloc(4);
    tail.writeUInt32LE(blocks.reduce((sum, { length }) => sum + length, 0));
    return [...blocks, tail, magic];
  }
}

const nothing = new Uint8Array(0);

/** What was not gone through yet. */
class Window {
  #memory = Buffer.allocUnsafe(2 * pieceBytes);
  #from = 0;
  #to = 0;
  /** Of its first byte: in the footer. */
  base = 0;

  get bytes(): Uint8Array {
    return this.#memory.subarray(this.#from, this.#to);
  }

  add(bytes: Uint8Array): void {
    const held = this.#to - this.#from;
    const memory =
      held + bytes.length > this.#memory.length
        ? Buffer.allocUnsafe(2 * (held + bytes.length))
        : this.#memory;
    this.#memory.copy(memory, 0, this.#from, this.#to);
    memory.set(bytes, held);
    [this.#memory, this.#from, this.#to] = [memory, 0, held + bytes.length];
  }

  drop(bytes: number): void {
    this.#from += bytes;
    this.base += bytes;
  }
}
