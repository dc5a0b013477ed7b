/** Which findings block, and the exceptions that people have signed. */
import type { Finding } from './finding.ts';
import { type EnvironmentKey, EnvironmentName, Instant, TeamName } from './names.ts';
import * as z from './zod.ts';

export const Policy = z.strictObject({
  /** Changes with every change of the policy: an approval is given under one version. */
  version: z.string().check(z.minLength(1), z.maxLength(64)),
  /** A finding of one of these severities blocks. Unknown and untriaged ones always do. */
  block: z.array(z.enum(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFORMATIONAL'])).check(z.minLength(1)),
  /** A scan older than this proves nothing. */
  maxScanAgeHours: z.number().check(z.positive(), z.maximum(24 * 365)),
  /** How often a blocked image is rebuilt with fixes before a person must look. */
  maxRemediations: z.int().check(z.minimum(0), z.maximum(10)),
});
export type Policy = z.infer<typeof Policy>;

/** One CVE, one scope, two people, an end. */
export const Waiver = z.strictObject({
  id: z.string().check(z.minLength(1), z.maxLength(64)),
  cve: z.string().check(z.minLength(1)),
  team: TeamName,
  environment: z.optional(EnvironmentName),
  author: z.string().check(z.minLength(1)),
  approver: z.string().check(z.minLength(1)),
  reason: z.string().check(z.minLength(1)),
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
