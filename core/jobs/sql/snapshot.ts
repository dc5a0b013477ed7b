/** One state of the data for a whole job: how it is asked for, and how those who read of it are told which it is. */
import * as z from '../../zod.ts';

/** Half a day at most: SQS hides its holder's message for no longer, and no database should keep for longer what was deleted. */
export const OneSnapshot = z.strictObject({
  /** Of the whole job: the plan and each chunk are of the instant at which the plan was begun. */
  kind: z.literal('job'),
  /** For so long it is held at most, and VACUUM takes nothing away in all of the database. What is open then fails the job. */
  maxSeconds: z.int().check(z.minimum(60), z.maximum(43_200)),
});
export type OneSnapshot = z.infer<typeof OneSnapshot>;

export const Snapshot = z.object({
  /** As the database calls it. */
  id: z.string().check(z.regex(/^[0-9A-Za-z-]{1,63}$/)),
  /** Of which transactions it sees: after a restart a database may call another one the same. */
  sees: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
});
export type Snapshot = z.infer<typeof Snapshot>;
