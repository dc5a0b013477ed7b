/** What the queue of a job carries: a chunk each, whole, so that a worker asks nobody where it lies. */
import * as z from '../zod.ts';
import { AnyChunk } from './plan.ts';

export const ChunkMessage = z.object({ job: z.string(), chunk: AnyChunk });
export type ChunkMessage = z.infer<typeof ChunkMessage>;
