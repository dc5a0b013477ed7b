/** Environment variables of the function that does what ttl and working hours ask for. */
import * as z from '#core/zod.ts';

export const Env = z.object({
  TABLE_NAME: z.string().check(z.minLength(1)),
  /** Where a message that can never work goes, with its reason. */
  DLQ_URL: z.url(),
});
