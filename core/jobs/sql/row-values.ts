/** Rows as values of an INSERT of MySQL and MariaDB, under `sql_mode` as our connections set it. */
import { InputFailed } from '../ports.ts';
import type { ColumnKind } from './mysql-types.ts';
import type { Row } from './row-text.ts';

const special = new Map([
  ['\0', '\\0'],
  ["'", "\\'"],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\x1a', '\\Z'],
]);

const awkward = /[\p{Cc}'\\]/gu;
const escaped = (text: string): string => text.replace(awkward, (char) => special.get(char) ?? char);

/** @throws InputFailed which names the row. */
export function valuesOf(row: Row, kinds: readonly ColumnKind[], number: number): string {
  if (row.length !== kinds.length)
    throw new InputFailed(`row ${number} has ${row.length} columns, and the table ${kinds.length}`);
  return `(${row.map((value, i) => literalOf(value, kinds[i] ?? 'text', `row ${number}, column ${i + 1}`)).join(',')})`;
}

function literalOf(value: string | null, kind: ColumnKind, where: string): string {
  if (value === null) return 'NULL';
  if (kind === 'text') return `'${escaped(value)}'`;
  if (kind === 'bits') {
    if (!/^[01]{1,64}$/.test(value)) throw new InputFailed(`${where}: bits are digits 0 and 1`);
    return `b'${value}'`;
  }
  const hex = /^\\x((?:[0-9a-fA-F]{2})*)$/.exec(value)?.[1];
  if (hex === undefined) throw new InputFailed(`${where}: bytes are \\x and hexadecimal digits`);
  return `X'${hex}'`;
}
