/** What the queue of a job carries: a chunk each, whole, so that a worker asks nobody where it lies. */
import * as z from '../zod.ts';
import { Chunk } from './plan.ts';

export const ChunkMessage = z.object({ job: z.string(), chunk: Chunk });
export type ChunkMessage = z.infer<typeof ChunkMessage>;
