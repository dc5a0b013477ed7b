/** What the gate says of a digest under a policy at an instant. Everything that is not known to be good blocks. */
import { unreachable } from './errors.ts';
import { Finding, type Scan } from './finding.ts';
import { Digest, type EnvironmentKey, Instant, secondsBetween } from './names.ts';
import { PackageManager, packageGrammar } from './packages.ts';
import { type Policy, type Waiver, waiverFor } from './policy.ts';
import { compareVersions } from './version.ts';
import * as z from './zod.ts';

/** Why an image is blocked, with the rule that says so. */
const Reason = z.discriminatedUnion('rule', [
  z.object({ rule: z.literal('severity'), finding: Finding }),
  z.object({ rule: z.literal('unknown-severity'), finding: Finding }),
  z.object({ rule: z.literal('malicious'), finding: Finding }),
  z.object({
    rule: z.enum(['scan-pending', 'scan-failed', 'scan-unsupported', 'scan-missing']),
    message: z.string(),
  }),
  z.object({ rule: z.literal('scan-too-old'), message: z.string() }),
]);
export type Reason = z.infer<typeof Reason>;

/** The version that a rebuild must reach. */
export const Fix = z.object({ manager: PackageManager, package: z.string(), version: z.string() });
export type Fix = z.infer<typeof Fix>;

export const Verdict = z.object({
  digest: Digest,
  result: z.enum(['pass', 'block', 'stale']),
  policyVersion: z.string(),
  /** Ids of the waivers that were needed, sorted. */
  waivers: z.array(z.string()),
  /** The first of the reasons, worst first; `blocking` counts all of them. */
  reasons: z.array(Reason),
  blocking: z.int(),
  /** What a rebuild would have to fix, where every blocking finding can be fixed; empty otherwise. */
  fixes: z.array(Fix),
  counts: z.record(z.string(), z.int()),
  decidedAt: Instant,
});
export type Verdict = z.infer<typeof Verdict>;

/** Keeps the stored verdict far below DynamoDB's 400 KB an item. */
const reasonsKept = 50;
const severityOrder = ['CRITICAL', 'UNKNOWN', 'UNTRIAGED', 'HIGH', 'MEDIUM', 'LOW', 'INFORMATIONAL'];

export interface Question {
  readonly environment: EnvironmentKey;
  readonly digest: Digest;
  readonly scan: Scan;
  readonly policy: Policy;
  readonly waivers: readonly Waiver[];
  readonly now: Instant;
}

export function decideVerdict(question: Question): Verdict {
  const { digest, scan, policy, now } = question;
  const base = { digest, policyVersion: policy.version, waivers: [], fixes: [], counts: {}, decidedAt: now };
  if (scan.status !== 'complete') {
    return { ...base, result: 'block', reasons: [withoutScan(scan)], blocking: 1 };
  }
  const counts = countBySeverity(scan.findings);
  if (!scan.watched && secondsBetween(scan.completedAt, now) / 3600 > policy.maxScanAgeHours) {
    const message = `The scan ended at ${scan.completedAt}; the policy takes none older than ${policy.maxScanAgeHours} hours. Scan again.`;
    return { ...base, counts, result: 'stale', reasons: [{ rule: 'scan-too-old', message }], blocking: 1 };
  }
  const { reasons, waived } = judge(question, scan.findings);
  return {
    ...base,
    counts,
    waivers: [...waived].sort(),
    result: reasons.length === 0 ? 'pass' : 'block',
    reasons: reasons.slice(0, reasonsKept),
    blocking: reasons.length,
    fixes: fixesFor(reasons),
  };
}

function withoutScan(scan: Exclude<Scan, { status: 'complete' }>): Reason {
  switch (scan.status) {
    case 'pending':
      return {
        rule: 'scan-pending',
        message: 'The scan has not ended yet. Nothing to do: it is asked for again.',
      };
    case 'failed':
      return { rule: 'scan-failed', message: `The scan failed: ${scan.reason}` };
    case 'unsupported':
      return { rule: 'scan-unsupported', message: `ECR can't scan this image: ${scan.reason}` };
    case 'missing':
      return {
        rule: 'scan-missing',
        message: 'There is no scan of this image. Start one, or push it again.',
      };
    default:
      return unreachable(scan);
  }
}

function judge({ environment, policy, waivers, now }: Question, findings: readonly Finding[]) {
  const waived = new Set<string>();
  const reasons: (Reason & { finding: Finding })[] = [];
  const blocking = new Set<string>(policy.block);
  for (const finding of findings) {
    const unknown = finding.severity === 'UNKNOWN' || finding.severity === 'UNTRIAGED';
    const malicious = isMalicious(finding);
    if (!malicious && !unknown && !blocking.has(finding.severity)) continue;
    const waiver = waiverFor(finding, environment, waivers, now);
    if (waiver) waived.add(waiver.id);
    else reasons.push({ rule: malicious ? 'malicious' : unknown ? 'unknown-severity' : 'severity', finding });
  }
  const order = ({ finding }: { finding: Finding }) =>
    isMalicious(finding) ? -1 : severityOrder.indexOf(finding.severity);
  reasons.sort(
    (a, b) =>
      order(a) - order(b) ||
      byText(a.finding.id, b.finding.id) ||
      byText(JSON.stringify(a.finding), JSON.stringify(b.finding)),
  );
  return { reasons, waived };
}

/** The same findings in any order make the same verdict: the registry's pages promise none. */
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A record of OSV's for a package that was made to do harm: it has no CVE, and often no severity. */
const isMalicious = ({ id }: Finding): boolean => id.startsWith('MAL-');

function countBySeverity(findings: readonly Finding[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { severity } of findings) counts[severity] = (counts[severity] ?? 0) + 1;
  return counts;
}

/** One rebuild must cure everything: with one blocking finding that it can't cure, it is not worth a try. */
function fixesFor(reasons: readonly (Reason & { finding: Finding })[]): Fix[] {
  const highest = new Map<string, Fix>();
  for (const { finding } of reasons) {
    // `apt` stands for the system's own manager, whichever the base has: the Dockerfile knows it.
    const manager = finding.ecosystem === 'os' ? 'apt' : finding.ecosystem;
    // It was made to do harm: nobody trusts its next release, and a person must know that it was there.
    if (isMalicious(finding)) return [];
    if (finding.fix !== 'yes' || finding.fixedIn === undefined || manager === 'other') return [];
    const fix: Fix = { manager, package: finding.package, version: finding.fixedIn };
    if (!isInstallable(fix)) return [];
    const known = highest.get(`${fix.package} ${manager}`);
    if (known === undefined || compareVersions(fix.version, known.version) > 0) {
      highest.set(`${fix.package} ${manager}`, fix);
    }
  }
  return [...highest].sort(([a], [b]) => byText(a, b)).map(([, fix]) => fix);
}

/** A scan reads names and versions from files in the image: they go into a Dockerfile only as a spec's own would. */
const isInstallable = ({ manager, package: name, version }: Fix): boolean =>
  packageGrammar[manager].safeParse({ name, version }).success;

/** Blocked by what the image has, not by what is not known of it. */
export const hasFindings = ({ result, reasons }: Verdict): boolean =>
  result === 'block' && reasons.some((reason) => 'finding' in reason);

/** One line for a person: what blocks, by which rule, and where it is fixed. */
export function explain(reason: Reason, policyVersion: string): string {
  if (!('finding' in reason)) return reason.message;
  const { id, severity, package: name, installed, fixedIn, fix } = reason.finding;
  if (reason.rule === 'malicious')
    return `${id}: ${name} ${installed} is malicious: take it out of the spec, and treat what its build could read as read`;
  const cure = fixedIn ? `fixed in ${fixedIn}` : fix === 'unknown' ? 'fix unknown' : 'no fix yet';
  return `${id} ${severity}: ${name} ${installed}, ${cure} (rule ${reason.rule} of policy ${policyVersion})`;
}
