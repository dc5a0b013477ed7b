/** Environment variables of the gate. */
import * as z from '#core/zod.ts';

export const Env = z.object({
  TABLE_NAME: z.string().check(z.minLength(1)),
  /** Holds the reports of scans, below reports/. */
  REPORTS_BUCKET: z.string().check(z.minLength(1)),
  /** Where a message that can never work goes, with its reason. */
  DLQ_URL: z.url(),
});
