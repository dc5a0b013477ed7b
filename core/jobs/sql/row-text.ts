/**
 * Rows as lines, as PostgreSQL's COPY has them, for databases that have no such: NULL is `\N` as text and nothing as CSV, where
 * an empty text is `""`; bytes are `\x` and hexadecimal digits (PostgreSQL: COPY, File formats).
 */
import { InputFailed } from '../ports.ts';
import type { ColumnKind } from './mysql-types.ts';
import type { RowFormat } from './postgres.ts';

export type Cell = Uint8Array | null;

const code = (char: string): number => char.charCodeAt(0);
const quote = code('"');
const backslash = code('\\');
/** What is escaped in text, and by what. */
const escapes = new Map([
  ['\b', 'b'],
  ['\t', 't'],
  ['\n', 'n'],
  ['\v', 'v'],
  ['\f', 'f'],
  ['\r', 'r'],
  ['\\', '\\'],
]);
const escaped = new Uint8Array(256);
for (const [char, by] of escapes) escaped[code(char)] = code(by);
const needsQuotes = new Uint8Array(256);
for (const char of [',', '"', '\n', '\r']) needsQuotes[code(char)] = 1;

/** Into one buffer, which is taken when there is enough of it. */
export class RowWriter {
  readonly #kinds: readonly ColumnKind[];
  readonly #format: RowFormat;
  #buffer = Buffer.allocUnsafe(128 * 1024);
  #length = 0;

  constructor(kinds: readonly ColumnKind[], format: RowFormat) {
    this.#kinds = kinds;
    this.#format = format;
  }

  get length(): number {
    return this.#length;
  }

  push(cells: readonly Cell[]): void {
    const separator = this.#format === 'csv' ? code(',') : code('\t');
    for (const [i, cell] of cells.entries()) {
      this.#room(2 * (cell?.length ?? 0) + 8);
      if (i > 0) this.#byte(separator);
      this.#cell(cell, this.#kinds[i] ?? 'text');
    }
    this.#byte(code('\n'));
  }

  take(): Uint8Array {
    const taken = this.#buffer.subarray(0, this.#length);
    this.#buffer = Buffer.allocUnsafe(128 * 1024);
    this.#length = 0;
    return taken;
  }

  #cell(cell: Cell, kind: ColumnKind): void {
    if (cell === null) {
      if (this.#format === 'text') this.#ascii('\\N');
    } else if (kind === 'bytes') {
      this.#ascii(this.#format === 'text' ? '\\\\x' : '\\x');
      this.#ascii(Buffer.from(cell).toString('hex'));
    } else if (kind === 'bits') {
      this.#ascii(
        [...cell]
          .map((byte) => byte.toString(2).padStart(8, '0'))
          .join('')
          .replace(/^0+(?=.)/, ''),
      );
    } else if (this.#format === 'text') this.#asText(cell);
    else this.#asCsv(cell);
  }

  #asText(cell: Uint8Array): void {
    for (const byte of cell) {
      const by = escaped[byte] ?? 0;
      if (by !== 0) this.#byte(backslash);
      this.#byte(by === 0 ? byte : by);
    }
  }

  #asCsv(cell: Uint8Array): void {
    if (cell.length > 0 && !cell.some((byte) => needsQuotes[byte] === 1)) {
      this.#buffer.set(cell, this.#length);
      this.#length += cell.length;
      return;
    }
    this.#byte(quote);
    for (const byte of cell) {
      if (byte === quote) this.#byte(quote);
      this.#byte(byte);
    }
    this.#byte(quote);
  }

  #ascii(text: string): void {
    this.#room(text.length + 8);
    this.#length += this.#buffer.write(text, this.#length, 'latin1');
  }

  #byte(byte: number): void {
    this.#buffer[this.#length] = byte;
    this.#length += 1;
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#length + bytes));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

export type Row = readonly (string | null)[];
const longestRow = 64 * 2 ** 20;

/** What `RowWriter` writes, and what else a command may write that COPY reads. @throws InputFailed with the row's number. */
export async function* rowsIn(bytes: AsyncIterable<Uint8Array>, format: RowFormat): AsyncGenerator<Row> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const reader = format === 'csv' ? new CsvReader() : new TextReader();
  let number = 1;
  const read = function* (some: Uint8Array | undefined): Generator<Row> {
    let text: string;
    try {
      text = some === undefined ? decoder.decode() : decoder.decode(some, { stream: true });
    } catch {
      throw new InputFailed(`row ${number} or one soon behind it is not UTF-8`);
    }
    for (const row of reader.read(text, some === undefined)) {
      yield row;
      number += 1;
    }
    if (reader.length > longestRow)
      throw new InputFailed(`row ${number} is longer than ${longestRow} characters`);
    if (some === undefined && reader.inQuotes) throw new InputFailed(`row ${number} ends within quotes`);
  };
  for await (const some of bytes) yield* read(some);
  yield* read(undefined);
}

class TextReader {
  readonly inQuotes = false;
  #rest = '';

  get length(): number {
    return this.#rest.length;
  }

  *read(text: string, isEnd: boolean): Generator<Row> {
    const lines = text.split('\n');
    lines[0] = this.#rest + (lines[0] ?? '');
    this.#rest = lines.pop() ?? '';
    if (isEnd && this.#rest !== '') lines.push(this.#rest);
    for (const line of lines) yield line.replace(/\r$/, '').split('\t').map(plain);
  }
}

const unescapes = new Map([...escapes].map(([char, by]) => [by, char]));
const plain = (text: string): string | null =>
  text === '\\N' ? null : text.replace(/\\(.)/gs, (_, by: string) => unescapes.get(by) ?? by);

class CsvReader {
  inQuotes = false;
  #field = '';
  #row: (string | null)[] = [];
  #wasQuoted = false;
  /** The last one was a quote that ended something: another one is a quote itself. */
  #behindQuote = false;
  #size = 0;

  get length(): number {
    return this.#size + this.#field.length;
  }

  *read(text: string, isEnd: boolean): Generator<Row> {
    let from = 0;
    for (let i = 0; i < text.length; i++) {
      const char = text.charCodeAt(i);
      const isQuote = char === quote;
      if (this.inQuotes && !isQuote) continue;
      if (isQuote) {
        this.#field += text.slice(from, i) + (this.#behindQuote ? '"' : '');
        this.#behindQuote = this.inQuotes;
        this.inQuotes = !this.inQuotes;
        this.#wasQuoted = true;
        from = i + 1;
        continue;
      }
      if (char === 44 || char === 10) {
        this.#field += text.slice(from, i);
        from = i + 1;
        if (char === 10 && !this.#behindQuote) this.#field = this.#field.replace(/\r$/, '');
        this.#endField();
        if (char === 10) yield this.#endRow();
      }
      this.#behindQuote = false;
    }
    this.#field += text.slice(from);
    if (!isEnd || this.inQuotes) return;
    if (this.#field === '' && this.#row.length === 0 && !this.#wasQuoted) return;
    this.#endField();
    yield this.#endRow();
  }

  #endField(): void {
    this.#row.push(this.#field === '' && !this.#wasQuoted ? null : this.#field);
    this.#size += this.#field.length;
    this.#field = '';
    this.#wasQuoted = false;
  }

  #endRow(): Row {
    const row = this.#row;
    this.#row = [];
    this.#size = 0;
    return row;
  }
}
