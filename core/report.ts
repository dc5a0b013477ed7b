/** All that a scan found of an image, with the verdict on it: kept for people beside the table, which holds the worst alone. */

import { Finding } from './finding.ts';
import { EnvironmentKey, Instant } from './names.ts';
import { Verdict } from './verdict.ts';
import * as z from './zod.ts';

export const Report = z.object({
  environment: EnvironmentKey,
  /** When the scan ended; findings of enhanced scanning are of `verdict.decidedAt`. */
  scannedAt: Instant,
  verdict: Verdict,
  findings: z.array(Finding),
});
export type Report = z.infer<typeof Report>;
