/** What is to be said of a chunk that could not be done, where that is the job's own and not ours. */

import { Rejected } from '#core/errors.ts';
import type { ChunkFailure } from '#core/jobs/chunk.ts';
import { InputFailed, OutputTooLarge } from '#core/jobs/ports.ts';
import { RecordCutOff, RecordTooLarge } from '#core/jobs/records.ts';
import { SnapshotLost } from '#core/jobs/sql/held-snapshot.ts';

export class PartFailed extends Error {
  override readonly name = 'PartFailed';
  readonly failure: ChunkFailure;
  /** Where the chunk may be cut in two, where only its reader knows. */
  readonly middle: number | undefined;

  constructor(failure: ChunkFailure, middle?: number) {
    super(failure.message);
    this.failure = failure;
    this.middle = middle;
  }
}

/** @returns undefined for what is ours, or passes. */
export function failureOf(error: unknown): ChunkFailure | undefined {
  if (error instanceof PartFailed) return error.failure;
  if (error instanceof SnapshotLost) return { kind: 'snapshot', message: error.message.slice(0, 1000) };
  if (error instanceof InputFailed || error instanceof RecordCutOff || error instanceof Rejected)
    return { kind: 'input', message: error.message.slice(0, 1000) };
  if (error instanceof OutputTooLarge) return { kind: 'output-too-large', message: error.message };
  if (error instanceof RecordTooLarge)
    return { kind: 'record-too-large', message: error.message, offset: error.offset };
  return undefined;
}
