/** The end of a Parquet file of many columns, whose pages are no pages: what a worker holds of it is measured by jobs.ts. */
import { encoded, schema, struct, structs } from '../core/jobs/parquet/samples.ts';

export interface Shape {
  readonly groups: number;
  readonly columns: number;
  readonly columnBytes: number;
  /** Of what each column says of its values, so that the footer is as long as those of wide tables. */
  readonly saidBytes: number;
}

/** Where its pages end, and its end begins. */
export const pagesEnd = ({ groups, columns, columnBytes }: Shape): number =>
  'PAR1'.length + groups * columns * columnBytes;

/** Footer, its length, `PAR1`. Row group by row group: all of it at once would be an array of millions of numbers. */
export function parquetEnd(shape: Shape): Buffer {
  const rows = 1000;
  const said = { binary: 'x'.repeat(shape.saidBytes) };
  const column = (at: number) =>
    struct({
      2: { i64: at },
      3: struct({
        1: { i32: 2 },
        2: { list: [{ i32: 0 }, { i32: 3 }], of: 5 },
        3: { list: [{ binary: 'c' }], of: 8 },
        4: { i32: 0 },
        5: { i64: rows },
        6: { i64: shape.columnBytes },
        7: { i64: shape.columnBytes },
        9: { i64: at },
        12: struct({ 5: said }),
      }),
    });
  const group = (number: number): Buffer => {
    const offset = (i: number) => 4 + (number * shape.columns + i) * shape.columnBytes;
    const columns = Array.from({ length: shape.columns }, (_, i) => column(offset(i)));
    return Buffer.from(encoded(struct({ 1: structs(columns), 2: { i64: 1 }, 3: { i64: rows } })));
  };
  // A struct ends with a zero, and a list begins with its own head: here the row groups come between.
  const head = encoded(struct({ 1: { i32: 2 }, 2: schema, 3: { i64: shape.groups * rows } })).slice(0, -1);
  const list = encoded(
    struct({ 1: { raw: encoded(structs(Array.from({ length: shape.groups }, () => struct({})))) } }),
  );
  const listHead = list.slice(0, list.length - 1 - shape.groups);
  const groups = Array.from({ length: shape.groups }, (_, i) => group(i));
  const footer = Buffer.concat([Buffer.from([...head, ...listHead]), ...groups, Buffer.from([0])]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return Buffer.concat([footer, length, Buffer.from('PAR1')]);
}
