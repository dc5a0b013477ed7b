/** What is kept of a build: how long each of its steps took, and which came from a cache. */
import { Instant } from './names.ts';
import * as z from './zod.ts';

const Step = z.object({
  name: z.string(),
  seconds: z.number(),
  how: z.enum(['done', 'cached', 'failed', 'not ended']),
});
export type Step = z.infer<typeof Step>;

export const BuildRecord = z.object({
  number: z.int(),
  readAt: Instant,
  /** In the order in which they began. */
  steps: z.array(Step),
  /** So many came behind those that are kept. */
  left: z.int(),
  /** The log was read to its end, and each of its steps has one: what came later of a log that was not is in the log. */
  isWhole: z.boolean(),
});
export type BuildRecord = z.infer<typeof BuildRecord>;
