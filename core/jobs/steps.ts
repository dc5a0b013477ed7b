/**
 * Chunks that are no piece of the input, but a step of the job that a worker is needed for: what makes its plan, and what brings its results
 * together. They are led as all chunks are, and add to no sum and no manifest.
 */
import type { AnyChunk } from './plan.ts';
import type { ReduceChunk } from './reduce.ts';
import type { PlanChunk } from './sql/table.ts';

export const planning = 'plan';
/** Where a table is cut, only who reaches its database can say. */
export const isPlanning = (chunk: AnyChunk): chunk is PlanChunk => chunk.id === planning;
export const isReducing = (chunk: AnyChunk): chunk is ReduceChunk => chunk.id.startsWith('reduce-');
export const isStep = (chunk: AnyChunk): chunk is PlanChunk | ReduceChunk =>
  isPlanning(chunk) || isReducing(chunk);
