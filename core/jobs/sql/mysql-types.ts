/** What the columns of a result of MySQL or MariaDB are: as keys, and as text of a row. (Protocol: Column definition.) */
import * as z from '../../zod.ts';
import { InputFailed } from '../ports.ts';

export const Column = z.object({
  name: z.string(),
  columnType: z.int(),
  characterSet: z.int(),
  flags: z.int(),
  columnLength: z.int(),
  decimals: z.int(),
  /** MariaDB's word for a type that it gives as text. */
  extendedTypeName: z.optional(z.string()),
});
export type Column = z.infer<typeof Column>;

const flag = { unsigned: 32, enum: 256, set: 2048 } as const;
const binary = 63;
const integers = new Set([1, 2, 3, 8, 9]);
const strings = new Set([249, 250, 251, 252, 253, 254]);
const bitType = 16;
const geometry = 255;

/** How a value is written in a row: as it comes, or where that is no text as PostgreSQL writes such (`\x00ff`, `0101`). */
export type ColumnKind = 'text' | 'bytes' | 'bits';

export function kindOf({ columnType, characterSet }: Column): ColumnKind {
  if (columnType === bitType) return 'bits';
  if (columnType === geometry) return 'bytes';
  return strings.has(columnType) && characterSet === binary ? 'bytes' : 'text';
}

/** What its values are cast to where they are compared: `CHAR` and `BINARY` are not, they are literals. */
export function keyTypeOf(column: Column): string {
  const { name, columnType, flags, extendedTypeName } = column;
  const sign = (flags & flag.unsigned) === 0 ? 'SIGNED' : 'UNSIGNED';
  if (integers.has(columnType)) return sign;
  if (columnType === 13) return 'UNSIGNED';
  if (columnType === 0 || columnType === 246) return decimalOf(column, sign);
  if (columnType === 5) return 'DOUBLE';
  if (columnType === 10) return 'DATE';
  if (columnType === 7 || columnType === 12) return 'DATETIME(6)';
  if (columnType === 11) return 'TIME(6)';
  if (!strings.has(columnType) || (flags & (flag.enum | flag.set)) !== 0)
    throw new InputFailed(
      `${name} can be no key of a job: its values do not sort as their text does (FLOAT, BIT, ENUM, SET, JSON and shapes)`,
    );
  if (/^(?:uuid|inet[46])$/.test(extendedTypeName ?? '')) return (extendedTypeName ?? '').toUpperCase();
  return kindOf(column) === 'bytes' ? 'BINARY' : 'CHAR';
}

function decimalOf({ columnLength, decimals }: Column, sign: string): string {
  const precision = columnLength - (decimals > 0 ? 1 : 0) - (sign === 'SIGNED' ? 1 : 0);
  return `DECIMAL(${Math.min(Math.max(precision, 1), 65)},${Math.min(decimals, 38)})`;
}
