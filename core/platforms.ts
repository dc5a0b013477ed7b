/**
 * The scan of an image that is an index: one for each platform, made one. ECR and Inspector scan images, not indexes;
 * what any node may pull must be known to be good, so that the worst of the children is what counts.
 */
import type { Finding, Scan } from './finding.ts';

export interface PlatformScan {
  /** `linux/arm64`, or the child's digest where the index says no platform. */
  readonly platform: string;
  readonly scan: Scan;
}

/** A final answer that blocks comes before one that is still awaited: waiting would not make it good. */
const order = ['failed', 'unsupported', 'missing', 'pending'] as const;

export function scanOfIndex(children: readonly PlatformScan[]): Scan {
  if (children.length === 0) return { status: 'unsupported', reason: 'the index holds no image' };
  for (const status of order) {
    const child = children.find(({ scan }) => scan.status === status);
    if (child) return named(child);
  }
  const complete = children.flatMap(({ scan }) => (scan.status === 'complete' ? [scan] : []));
  return {
    status: 'complete',
    // As old as the oldest, and watched only where all are.
    completedAt: complete.map(({ completedAt }) => completedAt).sort()[0] ?? '',
    ...(complete.every(({ watched }) => watched) && { watched: true as const }),
    findings: once(complete.flatMap(({ findings }) => findings)),
  };
}

/** Which child it is of, where there is a place to say it. */
const named = ({ platform, scan }: PlatformScan): Scan =>
  'reason' in scan ? { ...scan, reason: `${platform}: ${scan.reason}` } : scan;

/** The same finding in two platforms is one: it is fixed, or waived, for both. */
function once(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values()];
}
