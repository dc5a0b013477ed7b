/**
 * What the cluster runs: rolled out, seen healthy or not, gone back from, its incidents opened and closed, its name
 * pointed at it. A rollout that is not Ready in time goes back to what was Ready, where that is approved now.
 */
import { change, type Decision, type EventBody, unchanged } from './decision.ts';
import type { Environment, Release, Released } from './environment.ts';
import { unreachable } from './errors.ts';
import type { Health } from './health.ts';
import { shortDigest } from './image.ts';
import {
  type Incident,
  type IncidentKind,
  incidentIdOf,
  isOfCluster,
  isOfEnd,
  isOver,
  oomSummary,
} from './incident.ts';
import { addSeconds, type Instant } from './names.ts';
import { releaseStory } from './story.ts';
import { stillCounted, type WayBack } from './way-back.ts';

/** How soon to look again: while something is about to change, and while all is well. */
const busySeconds = 5;
const steadySeconds = 60;
const incidentSeconds = 15;
/** There is nothing to be seen but what somebody started by hand. */
const stoppedSeconds = 600;
/** What was Ready and is not: shorter troubles, a restart or a node that is replaced, heal by themselves. */
const downSeconds = 60;
/** How soon the DNS stage looks if its event is lost. */
const namePatienceSeconds = 120;

/** The digest that the cluster is to run, if any. */
export const wantedDigest = ({ release }: Environment) =>
  release.phase === 'none' ? undefined : release.digest;

/** A rollout of what was just released. Its time begins with the first look at the cluster, at the latest in so many seconds. */
export function beginning(
  before: Release,
  { digest, approval }: Released,
  now: Instant,
  patienceSeconds: number,
): Release {
  const previous = lastReady(before);
  const other = previous && previous.digest !== digest ? { previous } : {};
  const lookAt = addSeconds(now, patienceSeconds);
  return { phase: 'deploying', digest, approval, ...other, since: now, lookAt };
}

/** Its pods are to end, or not to begin; what a start is to roll out is kept. */
export const halting = ({ digest, approval }: Released, now: Instant, patienceSeconds: number): Release => ({
  phase: 'stopping',
  digest,
  approval,
  since: now,
  lookAt: addSeconds(now, patienceSeconds),
});

/** The newest digest that was Ready. What failed, or was not waited for, is never gone back to. */
function lastReady(release: Release): Released | undefined {
  switch (release.phase) {
    case 'none':
      return undefined;
    case 'deploying':
    case 'held':
      return release.previous;
    case 'rolling-back':
    case 'ready':
    case 'unready':
    case 'stopping':
    case 'stopped':
      return { digest: release.digest, approval: release.approval };
    default:
      return unreachable(release);
  }
}

type Running = Exclude<Release, { phase: 'none' }>;
/** Without the instant of the next look, which is set when all else is known. */
type Seen<R = Running> = R extends Running ? Omit<R, 'lookAt'> : never;
interface Look {
  readonly health: Health;
  readonly now: Instant;
  readonly back: WayBack;
}

/**
 * One look at the cluster. Always leaves an instant for the next look.
 * @param back what a rollout that fails at this look goes back to; where nobody says so, it is held.
 */
export function observed(
  environment: Environment,
  health: Health,
  now: Instant,
  back: WayBack = { none: 'nobody asked whether what was Ready before it is approved' },
): Decision {
  const { repaired: known, ...rest } = environment;
  const before = rest.release;
  if (before.phase === 'none') return unchanged('nothing is released yet');
  const look = { health, now, back };
  const seen = nextRelease(before, environment.spec.readyWithinSeconds, look);
  const { incidents, events, lastOomAt } = nextIncidents(environment, before, seen, look);
  if (seen.phase === 'ready' && addressOf(before) !== seen.address) {
    events.unshift({ type: 'EnvironmentReady', digest: seen.digest, address: seen.address });
    seen.pointAt = addSeconds(now, namePatienceSeconds);
  }
  const { repaired, hostKey, filled } = health;
  const parts = {
    release: { ...seen, lookAt: addSeconds(now, secondsToNextLook(before, seen, incidents)) },
    incidents,
    ...(lastOomAt === undefined ? {} : { lastOomAt }),
    ...(repaired === undefined ? {} : { repaired }),
    ...(hostKey === undefined ? {} : { sshHostKey: hostKey }),
    ...(filled === undefined ? {} : { filled }),
    // What is gone back to was not judged for as long as another was to run.
    ...(before.digest === seen.digest ? {} : { recheckAt: now }),
  };
  const what = describe(before, seen, events, [
    ...(health.resized === undefined || health.resized === resizedOf(before) ? [] : [health.resized]),
    ...(repaired === undefined || repaired === known ? [] : [`put back ${repaired}`]),
    ...(filled === undefined || filled === environment.filled
      ? []
      : [`its volume was made from snapshot ${filled}`]),
  ]);
  const troubles = [...incidents, ...environment.incidents].filter((incident) => !isOfEnd(incident));
  const story = releaseStory(environment, troubles);
  return change(rest, parts, { at: now, actor: 'deploy', what, events, story });
}

/** Where it is reached while it is Ready: elsewhere than before, or Ready again, is told. */
const addressOf = (release: Running | Seen) => (release.phase === 'ready' ? release.address : undefined);

function nextRelease({ lookAt: due, ...release }: Running, readyWithinSeconds: number, look: Look): Seen {
  const { health, now } = look;
  const { digest, approval } = release;
  if (release.phase === 'stopping' || release.phase === 'stopped') return nextStop(release, health, now);
  const failed = 'failed' in release && release.failed ? { failed: release.failed } : {};
  const run = { digest, approval, ...failed };
  if (health.ready && health.digest === digest && health.address !== undefined) {
    const { address } = health;
    return release.phase === 'ready'
      ? { ...release, address }
      : { phase: 'ready', ...run, address, since: now };
  }
  const reason =
    health.problem ?? 'The cluster still runs another digest. Nothing to do: it is applied again.';
  switch (release.phase) {
    case 'deploying': {
      const deadline = release.deadline
        ? stillCounted(release.deadline, due, now)
        : addSeconds(now, readyWithinSeconds);
      const { resized = release.resized } = health;
      const known = resized === undefined ? {} : { resized };
      if (now < deadline) return { ...release, deadline, ...known };
      return undo(release, readyWithinSeconds, reason, look);
    }
    case 'rolling-back': {
      const deadline = stillCounted(release.deadline, due, now);
      return now < deadline ? { ...release, deadline } : { phase: 'unready', ...run, reason, since: now };
    }
    case 'ready':
      return { phase: 'unready', ...run, reason, since: now };
    case 'unready':
    case 'held':
      return { ...release, reason };
    default:
      return unreachable(release);
  }
}

const resizedOf = (release: Running | Seen) => (release.phase === 'deploying' ? release.resized : undefined);

/** Pods that somebody starts by hand end again. */
function nextStop(
  { phase, since, digest, approval }: Seen<Extract<Release, { phase: 'stopping' | 'stopped' }>>,
  { idle }: Health,
  now: Instant,
): Seen {
  const is = idle ? 'stopped' : 'stopping';
  return { phase: is, digest, approval, since: is === phase ? since : now };
}

/** Not Ready in time: back to what was, or held where that may not be. */
function undo(
  { digest, approval, previous }: Seen<Extract<Release, { phase: 'deploying' }>>,
  readyWithinSeconds: number,
  reason: string,
  { now, back }: Look,
): Seen {
  if ('to' in back) {
    const deadline = addSeconds(now, readyWithinSeconds);
    return { phase: 'rolling-back', ...back.to, deadline, failed: { digest, reason }, since: now };
  }
  return { phase: 'held', digest, approval, reason, ...(previous ? { previous } : {}), since: now };
}

/** What of the change from `before` to `after` people on call must know. */
function troubleOf(before: Running, after: Seen, { now, back }: Look): [IncidentKind, string] | undefined {
  const name = shortDigest(after.digest);
  if (before.phase === 'deploying' && after.phase === 'rolling-back') {
    const { digest, reason } = after.failed;
    const { approver, approvedAt } = after.approval;
    const target = `${name}, which ${approver} approved at ${approvedAt}`;
    return ['rollout', `${shortDigest(digest)} was not Ready in time. ${reason} Rolled back to ${target}.`];
  }
  if (before.phase === 'deploying' && after.phase === 'held') {
    const why = 'none' in back ? back.none : 'it may not be';
    return [
      'rollout',
      `${name} was not Ready in time. ${after.reason} It was not rolled back: ${why}. It is held: change what was asked for, or have another image approved.`,
    ];
  }
  if (before.phase === 'rolling-back' && after.phase === 'unready') {
    return [
      'down',
      `${name}, gone back to from ${shortDigest(before.failed.digest)}, is not Ready either. ${after.reason}`,
    ];
  }
  if (after.phase === 'unready' && addSeconds(after.since, downSeconds) <= now) {
    return ['down', `${name} is not Ready since ${after.since}. ${after.reason}`];
  }
  return undefined;
}

function nextIncidents(environment: Environment, before: Running, release: Seen, look: Look) {
  const { health, now } = look;
  const events: EventBody[] = [];
  const open = new Map<IncidentKind, Incident>(
    environment.incidents.map((incident) => [incident.kind, incident]),
  );
  const happened = (kind: IncidentKind, at: Instant, summary: string) => {
    const known = open.get(kind);
    const id = known?.id ?? incidentIdOf(environment, kind);
    const incident = { id, kind, openedAt: known?.openedAt ?? at, lastSeenAt: at, summary };
    open.set(kind, incident);
    if (!known) events.push({ type: 'IncidentOpened', incident, story: id });
  };
  const { lastOom } = health;
  const stops = release.phase === 'stopping' || release.phase === 'stopped';
  const newOom = !stops && lastOom !== undefined && lastOom.at > (environment.lastOomAt ?? '');
  if (newOom) happened('oom', lastOom.at, oomSummary(lastOom));
  const [kind, summary] = troubleOf(before, release, look) ?? [];
  // Who was told of anything already looks at it: that it stays down is told only where nobody was.
  const isNews = before.phase !== release.phase || ![...open.values()].some(isOfCluster);
  if (kind !== undefined && summary !== undefined && isNews) happened(kind, now, summary);
  for (const incident of [...open.values()]) {
    const isWell = release.phase === 'ready' && isOver(incident, health, now);
    // Nothing runs that could be in trouble; its end comes nevertheless.
    if (!isWell && (release.phase !== 'stopped' || isOfEnd(incident))) continue;
    open.delete(incident.kind);
    events.push({ type: 'IncidentRecovered', incident, story: incident.id });
  }
  return { incidents: [...open.values()], events, lastOomAt: newOom ? lastOom.at : environment.lastOomAt };
}

function secondsToNextLook(before: Running, release: Seen, incidents: readonly Incident[]): number {
  // What is to run has just changed: the same look again brings the cluster to it.
  if (before.digest !== release.digest) return 0;
  // What was written is done next. Not at this very instant: a look for that may be on its way already.
  if (release.phase === 'deploying' && resizedOf(before) !== release.resized) return 1;
  if (release.phase === 'stopped') return stoppedSeconds;
  if (['deploying', 'rolling-back', 'stopping'].includes(release.phase)) return busySeconds;
  return incidents.some(isOfCluster) || release.phase !== 'ready' ? incidentSeconds : steadySeconds;
}

/** Undefined when the look found what was known. */
function describe(
  before: Running,
  after: Seen,
  events: readonly EventBody[],
  done: readonly string[],
): string | undefined {
  const turned = before.phase === after.phase ? [] : [`${before.phase} → ${after.phase}`];
  const told = events.map((event) =>
    'incident' in event ? `${event.type} (${event.incident.kind})` : event.type,
  );
  return [...turned, ...done, ...told].join(', ') || undefined;
}
