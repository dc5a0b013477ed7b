/** What a scan says of an image, in our words: both kinds of ECR scanning are turned into this at the boundary. */
import type { Instant } from './names.ts';
import * as z from './zod.ts';

/** Amazon Inspector's and ECR's severities; `UNKNOWN` stands for any that neither documents. */
export const Severity = z.enum([
  'CRITICAL',
  'HIGH',
  'MEDIUM',
  'LOW',
  'INFORMATIONAL',
  'UNTRIAGED',
  'UNKNOWN',
]);
export type Severity = z.infer<typeof Severity>;

export const Ecosystem = z.enum(['os', 'pip', 'npm', 'other']);
export type Ecosystem = z.infer<typeof Ecosystem>;

export const Finding = z.object({
  /** `CVE-2021-44906`; a GHSA or vendor id where no CVE was given. */
  id: z.string().check(z.minLength(1)),
  severity: Severity,
  package: z.string().check(z.minLength(1)),
  installed: z.string(),
  ecosystem: Ecosystem,
  /** Basic scanning knows nothing of fixes. */
  fix: z.enum(['yes', 'no', 'partial', 'unknown']),
  fixedIn: z.optional(z.string()),
  url: z.optional(z.string()),
});
export type Finding = z.infer<typeof Finding>;

/** Only `complete` says anything of the image; every other status blocks promotion. */
export type Scan =
  | {
      readonly status: 'complete';
      readonly completedAt: Instant;
      /** Enhanced scanning goes on watching the image: its findings are of now, however old the first scan is. */
      readonly watched?: true;
      readonly findings: readonly Finding[];
    }
  | { readonly status: 'pending' }
  | { readonly status: 'failed' | 'unsupported'; readonly reason: string }
  | { readonly status: 'missing' };
