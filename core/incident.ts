/** Something the pager is told of, with its recovery. Each is told once and closed once. */
import * as z from 'zod';
import type { Health } from './health.ts';
import { addSeconds, Instant } from './names.ts';

export const IncidentKind = z.enum(['oom', 'rollout', 'down']);
export type IncidentKind = z.infer<typeof IncidentKind>;

export const Incident = z.object({
  /** `<team>/<name>/<kind>/<opened at>`: the same for a notice that is delivered twice. */
  id: z.string(),
  kind: IncidentKind,
  openedAt: Instant,
  /** When it was last seen to be going on. */
  lastSeenAt: Instant,
  /** What happened, and what to do. */
  summary: z.string(),
});
export type Incident = z.infer<typeof Incident>;

/** How long an environment must be Ready with no new OOM before we say that it recovered. */
export const quietSeconds = 120;

export function oomSummary(oom: NonNullable<Health['lastOom']>): string {
  return (
    `Container ${oom.container} of pod ${oom.pod} was killed at ${oom.at}: out of memory at its limit of ` +
    `${oom.limit ?? 'unknown size'}. Ask for more memory, or find the leak.`
  );
}

/** Ready for long enough, and quiet for as long. */
export function isOver(incident: Incident, health: Health, now: Instant): boolean {
  if (!health.ready || health.readySince === undefined) return false;
  const longAgo = addSeconds(now, -quietSeconds);
  return incident.lastSeenAt <= longAgo && health.readySince <= longAgo;
}
