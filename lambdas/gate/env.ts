/** Environment variables of the gate. */
import * as z from 'zod';

export const Env = z.object({
  TABLE_NAME: z.string().min(1),
  /** Holds the reports of scans, below reports/. */
  REPORTS_BUCKET: z.string().min(1),
  /** Where a message that can never work goes, with its reason. */
  DLQ_URL: z.url(),
});
