/** What a job needs of a database. */
import { Retryable } from '../../errors.ts';
import type { SnapshotLimits } from './held-snapshot.ts';
import type { RowFormat } from './postgres.ts';
import type { Snapshot } from './snapshot.ts';
import type { AnySource, KeyRange, KeyTuple, SqlSource, SqlTable, Typed } from './table.ts';

/** It is not in reach, or takes nothing now: whoever waits for it is told since when (core/jobs/away.ts). */
export class DatabaseAway extends Retryable {}

export interface SqlPlan<Source extends AnySource = SqlSource> {
  readonly source: Typed<Source>;
  /** What the table takes on the database's disk now, or what a query's rows have. */
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

/** @throws InputFailed where trying again would not help: no such table, no right, no key. DatabaseAway for what passes. */
export interface SqlTables {
  plan<Source extends AnySource>(
    source: Source,
    chunkBytes: number,
    signal: AbortSignal,
    snapshot?: Snapshot,
  ): Promise<SqlPlan<Source>>;
  /** The rows of a range, in the key's order, as they are at one instant: that of the snapshot, where one is given. */
  read(
    source: Typed<AnySource>,
    range: KeyRange,
    format: RowFormat,
    signal: AbortSignal,
    snapshot?: Snapshot,
  ): AsyncIterable<Uint8Array>;
  splice(work: Splice, rows: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Spliced>;
}

/** One state of a database that others may read as long as it is held: its end is the end of what they read. */
export interface HeldSnapshot extends AsyncDisposable {
  readonly snapshot: Snapshot;
  /** Says that its holder is alive, and sees whether it still has it. @throws SnapshotLost */
  beat(): Promise<void>;
}

export interface SqlDatabase extends SqlTables {
  /** @throws InputFailed where the database has none that others can read of. */
  hold(limits: SnapshotLimits, signal: AbortSignal): Promise<HeldSnapshot>;
}
