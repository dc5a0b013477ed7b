/** Which findings block, and the exceptions that people have signed. */
import * as z from 'zod';
import type { Finding } from './finding.ts';
import { type EnvironmentKey, EnvironmentName, Instant, TeamName } from './names.ts';

export const Policy = z.strictObject({
  /** Changes with every change of the policy: an approval is given under one version. */
  version: z.string().min(1).max(64),
  /** A finding of one of these severities blocks. Unknown and untriaged ones always do. */
  block: z.array(z.enum(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFORMATIONAL'])).min(1),
  /** A scan older than this proves nothing. */
  maxScanAgeHours: z
    .number()
    .positive()
    .max(24 * 365),
  /** How often a blocked image is rebuilt with fixes before a person must look. */
  maxRemediations: z.int().min(0).max(10),
});
export type Policy = z.infer<typeof Policy>;

/** One CVE, one scope, two people, an end. */
export const Waiver = z.strictObject({
  id: z.string().min(1).max(64),
  cve: z.string().min(1),
  team: TeamName,
  environment: EnvironmentName.optional(),
  author: z.string().min(1),
  approver: z.string().min(1),
  reason: z.string().min(1),
  expiresAt: Instant,
});
export type Waiver = z.infer<typeof Waiver>;

/** The waiver that lets this finding through, if one does: expired ones and one-person ones do not. */
export function waiverFor(
  finding: Finding,
  environment: EnvironmentKey,
  waivers: readonly Waiver[],
  now: Instant,
): Waiver | undefined {
  return waivers.find(
    (waiver) =>
      waiver.cve === finding.id &&
      waiver.team === environment.team &&
      (waiver.environment === undefined || waiver.environment === environment.name) &&
      waiver.author !== waiver.approver &&
      waiver.expiresAt > now,
  );
}
