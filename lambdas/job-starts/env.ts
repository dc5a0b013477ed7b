/** Environment variables of the function that starts what standing jobs stand for. */
import * as z from '#core/zod.ts';

export const Env = z.object({
  TABLE_NAME: z.string().check(z.minLength(1)),
  /** Where datasets of teams lie, and what jobs make. */
  JOBS_BUCKET: z.string().check(z.minLength(3)),
  /** Where a message that can never work goes, with its reason. */
  DLQ_URL: z.url(),
});
