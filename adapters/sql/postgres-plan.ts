/** How PostgreSQL's tables and queries are cut: what they take, the types of their keys, and bounds from a sample of these. */
import type { Client } from 'pg';
import { InputFailed } from '#core/jobs/ports.ts';
import { chunksFor, quantiles, samplePercent, type TableSize } from '#core/jobs/sql/bounds.ts';
import type { SqlPlan } from '#core/jobs/sql/ports.ts';
import {
  describeKey,
  describeSize,
  measureOf,
  nameOf,
  noRowOf,
  sampleOf,
  standsAlone,
} from '#core/jobs/sql/postgres.ts';
import {
  type AnySource,
  isQuery,
  type KeyTuple,
  type QuerySource,
  type SqlSource,
  type SqlTable,
} from '#core/jobs/sql/table.ts';
import * as z from '#core/zod.ts';

const rowsAtOnce = 10_000;

/** In a transaction that sees one state of the data. */
export async function planOf<Source extends AnySource>(
  client: Client,
  source: Source,
  chunkBytes: number,
): Promise<SqlPlan<Source>> {
  const { size, types } = isQuery(source) ? await ofQuery(client, source) : await ofTable(client, source);
  const chunks = chunksFor(size, chunkBytes);
  const bounds = chunks === 1 ? [] : await boundsOf(client, source, size, chunks);
  return { source: { ...source, types }, bytes: size.bytes, bounds };
}

interface Described {
  readonly size: TableSize;
  readonly types: string[];
}

async function ofTable(client: Client, source: SqlSource): Promise<Described> {
  return { size: await sizeOf(client, source), types: await typesOf(client, source) };
}

async function ofQuery(client: Client, source: QuerySource): Promise<Described> {
  await checkAlone(client, source);
  const { fields } = await client.query(noRowOf(source));
  const typed = await client.query<unknown[]>(
    'SELECT format_type(t.type, t.modifier) AS name FROM unnest($1::oid[], $2::int[]) WITH ORDINALITY t(type, modifier, n) ORDER BY n',
    [fields.map(({ dataTypeID }) => dataTypeID), fields.map(({ dataTypeModifier }) => dataTypeModifier)],
  );
  const { rows } = await client.query<unknown[]>(measureOf(source));
  const measured = Measured.parse(rows[0]);
  return {
    size: { bytes: measured.bytes, pages: measured.rows },
    types: z
      .array(TypeName)
      .parse(typed.rows)
      .map(({ name }) => name),
  };
}

/** By the extended protocol, for it has a name. @throws what the server says of what is not one statement. */
export async function checkAlone(client: Client, source: QuerySource): Promise<void> {
  await client.query({ name: 'one statement', text: standsAlone(source) });
}

/** What is bigint comes as text. */
const Count = z.coerce.number();
const Measured = z.object({ rows: Count, bytes: Count });
const TypeName = z.object({ name: z.string() });
const Size = z.object({
  kind: z.string(),
  parts: z.nullable(Count),
  main: Count,
  whole: Count,
  page: z.int(),
});
const KeyColumn = z.object({
  name: z.string(),
  type: z.string(),
  notNull: z.boolean(),
  isUnique: z.boolean(),
});

/** What can be sampled by pages: a table, its partitions together, a materialized view. */
const kinds = new Set(['r', 'p', 'm']);

async function sizeOf(client: Client, table: SqlTable): Promise<TableSize> {
  const name = nameOf(table);
  const { rows } = await client.query<unknown[]>(describeSize, [name]);
  if (rows[0] === undefined) throw new InputFailed(`there is no table ${name}, or it may not be seen`);
  const { kind, parts, main, whole, page } = Size.parse(rows[0]);
  if (!kinds.has(kind))
    throw new InputFailed(
      `${name} is no table: make a materialized view of it, with a unique index, or give a query`,
    );
  const bytes = kind === 'p' ? (parts ?? 0) : whole;
  return { bytes, pages: Math.ceil((kind === 'p' ? bytes : main) / page) };
}

async function typesOf(client: Client, source: SqlSource): Promise<string[]> {
  const name = nameOf(source);
  const { rows } = await client.query<unknown[]>(describeKey, [name, source.key]);
  const columns = z.array(KeyColumn).parse(rows);
  return source.key.map((column) => {
    const known = columns.find((each) => each.name === column);
    if (known === undefined) throw new InputFailed(`${name} has no column ${column}`);
    if (!known.notNull)
      throw new InputFailed(
        `${name}: ${column} may be null, so it is no key: name columns that are NOT NULL`,
      );
    if (!known.isUnique)
      throw new InputFailed(
        `${name} has no unique index of ${source.key.join(', ')}: a key names each row once`,
      );
    return known.type;
  });
}

async function boundsOf(
  client: Client,
  source: AnySource,
  size: TableSize,
  chunks: number,
): Promise<KeyTuple[]> {
  const width = source.key.length;
  await client.query(`DECLARE sample NO SCROLL CURSOR FOR ${sampleOf(source, samplePercent(size, chunks))}`);
  const Row = z.array(z.string()).check(z.length(width + 1));
  const bounds: KeyTuple[] = [];
  for await (const bound of quantiles(batches(), chunks)) bounds.push(bound);
  return bounds;

  async function* batches() {
    for (;;) {
      const { rows } = await client.query<unknown[]>({
        text: `FETCH ${rowsAtOnce} FROM sample`,
        rowMode: 'array',
      });
      for (const row of z.array(Row).parse(rows))
        yield { key: row.slice(0, width), length: Number(row[width]) };
      if (rows.length < rowsAtOnce) return;
    }
  }
}
