/** Rows of a table, as lines of text, as what a command is fed. */
import { usedUp } from '#adapters/used-up.ts';
import { cutterOf, wholeStream } from '#core/jobs/records.ts';
import type { JobSpec } from '#core/jobs/spec.ts';
import type { SqlDatabase } from '#core/jobs/sql/ports.ts';
import type { KeyChunk } from '#core/jobs/sql/table.ts';
import { crc32 } from './crc32.ts';
import type { Feed, Give, Read } from './feed.ts';

export interface RowDeps {
  readonly spec: JobSpec;
  readonly tables: (secret: string) => Promise<SqlDatabase>;
}

export function sourceOf({ input }: JobSpec) {
  if (!('secret' in input)) throw new Error('a chunk of a table in a job that reads objects');
  return input;
}

export class RowFeed implements Feed {
  readonly start = 0;
  readonly #deps: RowDeps;
  readonly #chunk: KeyChunk;
  readonly #signal: AbortSignal;

  constructor(deps: RowDeps, chunk: KeyChunk, signal: AbortSignal) {
    this.#deps = deps;
    this.#chunk = chunk;
    this.#signal = signal;
  }

  /** The checksum is of the rows as they were: another attempt may find others. */
  async read(give: Give): Promise<Read> {
    const { spec, tables } = this.#deps;
    const { secret, source } = sourceOf(spec);
    const { types, range, snapshot } = this.#chunk;
    const cutter = cutterOf(wholeStream, spec.records, spec.recordBytes);
    const format = spec.records.kind === 'csv' ? 'csv' : 'text';
    const database = await tables(secret);
    const rows = database.read({ ...source, types }, range, format, this.#signal, snapshot);
    let crc = 0;
    let to = 0;
    for await (const bytes of rows) {
      const ours = cutter.push(bytes);
      crc = crc32(ours, crc);
      to += ours.length;
      if (ours.length > 0) await give(ours);
      usedUp(bytes);
    }
    cutter.end();
    return { from: 0, to, records: cutter.found.records, crc32: crc };
  }

  async header(): Promise<undefined> {
    return undefined;
  }
}
