/** Something the pager is told of, with its recovery. Each is told once and closed once. */
import type { Health } from './health.ts';
import { addSeconds, Digest, type EnvironmentKey, environmentId, Instant } from './names.ts';
import * as z from './zod.ts';

export const IncidentKind = z.enum(['oom', 'rollout', 'down', 'vulnerable', 'expiring']);
export type IncidentKind = z.infer<typeof IncidentKind>;

export const Incident = z.object({
  /** `<team>/<name>/<kind>/<version>`: the same for a notice that is delivered twice, never for two of one instant. */
  id: z.string(),
  kind: IncidentKind,
  openedAt: Instant,
  /** When it was last seen to be going on. */
  lastSeenAt: Instant,
  /** What happened, and what to do. */
  summary: z.string(),
  /** The image, where the trouble is the image's. */
  digest: z.optional(Digest),
});
export type Incident = z.infer<typeof Incident>;

/** Of the one that the next version opens: no version opens two of a kind. */
export const incidentIdOf = (
  { key, version }: { readonly key: EnvironmentKey; readonly version: number },
  kind: IncidentKind,
): string => `${environmentId(key)}/${kind}/${version + 1}`;

/** Half of an incident's story, on its way to people: its opening or its end. */
export const Notice = z.object({
  state: z.enum(['open', 'recovered']),
  incident: Incident,
  at: Instant,
  /** When the pager is to look, if the event is lost. */
  lookAt: Instant,
});
export type Notice = z.infer<typeof Notice>;

/** How long an environment must be Ready with no new OOM before we say that it recovered. */
export const quietSeconds = 120;

export function oomSummary(oom: NonNullable<Health['lastOom']>): string {
  return (
    `Container ${oom.container} of pod ${oom.pod} was killed at ${oom.at}: out of memory at its limit of ` +
    `${oom.limit ?? 'unknown size'}. Ask for more memory, or find the leak.`
  );
}

/** Whether this is trouble of what runs, to be seen in the cluster, and not of the image, which the gate sees. */
export const isOfCluster = ({ kind }: Incident): boolean => kind !== 'vulnerable' && kind !== 'expiring';

/** No trouble of what runs: its end comes near. Whoever moves that ends it. */
export const isOfEnd = ({ kind }: Pick<Incident, 'kind'>): boolean => kind === 'expiring';

/** Ready for long enough, and quiet for as long; a bad image's trouble is over when another one is Ready. */
export function isOver(incident: Incident, health: Health, now: Instant): boolean {
  if (isOfEnd(incident)) return false;
  if (!isOfCluster(incident)) return health.ready && health.digest !== incident.digest;
  if (!health.ready || health.readySince === undefined) return false;
  const longAgo = addSeconds(now, -quietSeconds);
  return incident.lastSeenAt <= longAgo && health.readySince <= longAgo;
}
