/** Environment variables of the API's function; lib/ must give them, the function refuses to start without them. */
import * as z from '#core/zod.ts';

export const Env = z.object({
  TABLE_NAME: z.string().check(z.minLength(1)),
  /** Holds the reports of scans, below reports/. */
  REPORTS_BUCKET: z.string().check(z.minLength(1)),
  /** Where datasets of teams lie, and what jobs make. */
  JOBS_BUCKET: z.string().check(z.minLength(3)),
  /** The DLQs, by the names of their queues (core/dead-letter-places.ts). */
  DEAD_LETTERS: z.string().check(z.minLength(2)),
  /** Of one of them: all others are beside it. */
  DEAD_LETTERS_URL: z.url(),
  /** Asked to send what is pending, when the outbox is redriven. */
  OUTBOX_FUNCTION: z.string().check(z.minLength(1)),
  /** Where CodeBuild writes what builds print. */
  BUILD_LOG_GROUP: z.string().check(z.minLength(1)),
  /** Asked what it would do with a name. */
  DNS_FUNCTION: z.string().check(z.minLength(1)),
});
