/** The chunk of a job that makes its plan: where a table is cut, only who reaches its database can say. */
import type { AnyChunk } from './plan.ts';
import type { PlanChunk } from './sql/table.ts';

export const planning = 'plan';
export const isPlanning = (chunk: AnyChunk): chunk is PlanChunk => chunk.id === planning;
