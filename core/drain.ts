/** How the outbox is asked to send all that it holds, and what it answers. */
import { EnvironmentKey } from './names.ts';
import * as z from './zod.ts';

export const DrainRequest = z.object({
  kind: z.literal('drain'),
  /** Those that were set aside because they could not be read. */
  entries: z.array(z.object({ environment: EnvironmentKey, id: z.string() })).check(z.maxLength(100)),
});
export type DrainRequest = z.infer<typeof DrainRequest>;

const Unsent = z.object({ environment: z.string(), id: z.string(), reason: z.string() });
export const DrainAnswer = z.object({ sent: z.int(), unsent: z.array(Unsent) });
export type DrainAnswer = z.infer<typeof DrainAnswer>;
