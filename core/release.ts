/** What the cluster runs: rolled out, seen healthy or not, its incidents opened and closed, its name pointed at it. */
import { change, type Decision, type EventBody, unchanged } from './decision.ts';
import type { Environment, Release } from './environment.ts';
import { unreachable } from './errors.ts';
import type { Health } from './health.ts';
import { shortDigest } from './image.ts';
import { type Incident, type IncidentKind, isOfCluster, isOver, oomSummary } from './incident.ts';
import { addSeconds, environmentId, type Instant } from './names.ts';

/** How soon to look again: while something is about to change, and while all is well. */
const busySeconds = 5;
const steadySeconds = 60;
const incidentSeconds = 15;
/** What was Ready and is not: shorter troubles, a restart or a node that is replaced, heal by themselves. */
const downSeconds = 60;

/** How soon the DNS stage looks if its event is lost, and how soon again where the name is somebody else's. */
const namePatienceSeconds = 120;
const foreignSeconds = 600;

type Released = Exclude<Release, { phase: 'none' }>;
/** Without the instant of the next look, which is set when all else is known. */
type Seen<R> = R extends Released ? Omit<R, 'lookAt'> : never;

/** The digest that the cluster is to run, if any. */
export const wantedDigest = ({ release }: Environment) =>
  release.phase === 'none' ? undefined : release.digest;

/** One look at the cluster. Always leaves an instant for the next look. */
export function observed(environment: Environment, health: Health, now: Instant): Decision {
  if (environment.release.phase === 'none') return unchanged('nothing is released yet');
  const seen = nextRelease(environment.release, health, now);
  const { incidents, events, lastOomAt } = nextIncidents(environment, seen, health, now);
  if (seen.phase === 'ready' && addressOf(environment.release) !== seen.address) {
    events.unshift({ type: 'EnvironmentReady', digest: seen.digest, address: seen.address });
    seen.pointAt = addSeconds(now, namePatienceSeconds);
  }
  const lookAt = addSeconds(now, secondsToNextLook(seen, incidents));
  const parts = {
    release: { ...seen, lookAt },
    incidents,
    ...(lastOomAt === undefined ? {} : { lastOomAt }),
  };
  const what = describe(environment.release, seen, events);
  return change(environment, parts, { at: now, actor: 'deploy', what, events });
}

/** Where it is reached while it is Ready: elsewhere than before, or Ready again, is told. */
const addressOf = (release: Release | Seen<Released>) =>
  release.phase === 'ready' ? release.address : undefined;

function nextRelease(release: Released, health: Health, now: Instant): Seen<Released> {
  const { digest } = release;
  const healthy = health.ready && health.digest === digest && health.address !== undefined;
  const reason = health.problem ?? 'The cluster still runs another digest.';
  switch (release.phase) {
    case 'deploying':
      if (healthy && health.address !== undefined)
        return { phase: 'ready', digest, address: health.address, since: now };
      return release.deadline <= now ? { phase: 'unready', digest, reason, since: now } : release;
    case 'ready':
      if (!healthy || health.address === undefined) return { phase: 'unready', digest, reason, since: now };
      return { ...release, address: health.address };
    case 'unready':
      if (healthy && health.address !== undefined)
        return { phase: 'ready', digest, address: health.address, since: now };
      return { ...release, reason };
    default:
      return unreachable(release);
  }
}

function nextIncidents(environment: Environment, release: Seen<Released>, health: Health, now: Instant) {
  const events: EventBody[] = [];
  const open = new Map<IncidentKind, Incident>(
    environment.incidents.map((incident) => [incident.kind, incident]),
  );
  const happened = (kind: IncidentKind, at: Instant, summary: string) => {
    const known = open.get(kind);
    const id = known?.id ?? `${environmentId(environment.key)}/${kind}/${at}`;
    const incident = { id, kind, openedAt: known?.openedAt ?? at, lastSeenAt: at, summary };
    open.set(kind, incident);
    if (!known) events.push({ type: 'IncidentOpened', incident });
  };
  const { lastOom } = health;
  const newOom = lastOom !== undefined && lastOom.at > (environment.lastOomAt ?? '');
  if (newOom) happened('oom', lastOom.at, oomSummary(lastOom));
  if (release.phase === 'unready' && environment.release.phase === 'deploying') {
    happened('rollout', now, `${shortDigest(release.digest)} was not Ready in time. ${release.reason}`);
  }
  if (
    ![...open.values()].some(isOfCluster) &&
    release.phase === 'unready' &&
    addSeconds(release.since, downSeconds) <= now
  ) {
    happened(
      'down',
      now,
      `${shortDigest(release.digest)} is not Ready since ${release.since}. ${release.reason}`,
    );
  }
  for (const incident of [...open.values()]) {
    if (release.phase !== 'ready' || !isOver(incident, health, now)) continue;
    open.delete(incident.kind);
    events.push({ type: 'IncidentRecovered', incident });
  }
  return { incidents: [...open.values()], events, lastOomAt: newOom ? lastOom.at : environment.lastOomAt };
}

function secondsToNextLook(release: Seen<Released>, incidents: readonly Incident[]): number {
  if (release.phase === 'deploying') return busySeconds;
  return incidents.some(isOfCluster) || release.phase === 'unready' ? incidentSeconds : steadySeconds;
}

/** Undefined when the look found what was known. */
function describe(before: Released, after: Seen<Released>, events: readonly EventBody[]): string | undefined {
  const turned = before.phase === after.phase ? [] : [`${before.phase} → ${after.phase}`];
  const told = events.map((event) =>
    'incident' in event ? `${event.type} (${event.incident.kind})` : event.type,
  );
  return [...turned, ...told].join(', ') || undefined;
}

/** The environment's name points at its load balancer. */
export function pointed(
  environment: Environment,
  dns: { name: string; target: string },
  now: Instant,
): Decision {
  const { release, dns: known } = environment;
  if (release.phase === 'none') return unchanged('nothing is released yet');
  const { pointAt, ...rest } = release.phase === 'ready' ? release : { ...release, pointAt: undefined };
  const isWaited = pointAt !== undefined && rest.phase === 'ready' && rest.address === dns.target;
  const isKnown = known?.name === dns.name && known.target === dns.target;
  if (isKnown && !isWaited) return unchanged('the name points there already');
  const what = isKnown ? undefined : `${dns.name} points at ${dns.target}`;
  return change(
    environment,
    { dns, ...(isWaited ? { release: rest } : {}) },
    { at: now, actor: 'dns', what },
  );
}

/** The name is somebody else's: looked at again, for a person may have given it up. */
export function notPointed(environment: Environment, reason: string, now: Instant): Decision {
  const { release } = environment;
  if (release.phase !== 'ready' || release.pointAt === undefined || release.pointAt > now)
    return unchanged(reason);
  const later = { ...release, pointAt: addSeconds(now, foreignSeconds) };
  return change(environment, { release: later }, { at: now, actor: 'dns' });
}
