/** What a job needs of a database. */
import type { RowFormat } from './postgres.ts';
import type { KeyRange, KeyTuple, SqlSource, SqlTable, TypedSource } from './table.ts';

export interface SqlPlan {
  readonly source: TypedSource;
  /** What the table takes on the database's disk now. */
  readonly bytes: number;
  /** Ascending, each once: one less than there are chunks. */
  readonly bounds: readonly KeyTuple[];
}

/** A piece of work whose rows are in the target once, however often they are brought. */
export interface Splice {
  readonly job: string;
  readonly chunk: string;
  readonly target: SqlTable;
  readonly format: RowFormat;
}

export interface Spliced {
  /** In the target because of this work. */
  readonly rows: number;
  readonly wasThere: boolean;
}

/** @throws InputFailed where trying again would not help: no such table, no right, no key. Retryable for what passes. */
export interface SqlTables {
  plan(source: SqlSource, chunkBytes: number, signal: AbortSignal): Promise<SqlPlan>;
  /** The rows of a range as they are at one instant, in the key's order. */
  read(
    source: TypedSource,
    range: KeyRange,
    format: RowFormat,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
  splice(work: Splice, rows: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Spliced>;
}
