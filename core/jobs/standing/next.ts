/**
 * The life of a standing job, as one reducer: causes come, twice or out of order, wait, and start a job each or none; each ends in a run
 * that says what came of it. What starts a job is written with that job, in one transaction: docs/adr/0041
 */
import { unreachable } from '../../errors.ts';
import { addSeconds, type Instant, secondsBetween } from '../../names.ts';
import { isSame } from '../../same.ts';
import type { JobName } from '../slots.ts';
import { type Cause, causeId, type StandingKey } from './cause.ts';
import {
  type LiveStanding,
  mostRuns,
  mostWaiting,
  overlapOf,
  type Run,
  type Standing,
  type StandingSpec,
  type Waiting,
  type When,
} from './standing.ts';

type Ended = 'succeeded' | 'failed' | 'cancelled';

export type StandingEvent =
  /** `unfit`: why no job can ever read what it says. */
  | { readonly kind: 'caused'; readonly cause: Cause; readonly unfit?: string | undefined }
  /** Of a schedule: the newest of its times that have come, if one has, and the one that comes. */
  | {
      readonly kind: 'clock';
      readonly due?: { readonly at: Instant; readonly missed: number };
      readonly next?: Instant;
    }
  /** Who waits first. */
  | { readonly kind: 'started'; readonly job: JobName }
  | { readonly kind: 'refused'; readonly why: string }
  | {
      readonly kind: 'ended';
      readonly job: JobName;
      readonly outcome: Ended;
      readonly why?: string | undefined;
    }
  | { readonly kind: 'pause' | 'resume'; readonly by: string }
  | { readonly kind: 'delete'; readonly by: string }
  | { readonly kind: 'change'; readonly by: string; readonly spec: StandingSpec };

export type StandingDecision =
  /** `what` is for its trail: people's doing alone, for the rest is in its runs. */
  | { readonly outcome: 'changed'; readonly standing: Standing; readonly what?: string }
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'refused'; readonly why: string };

const unchanged: StandingDecision = { outcome: 'unchanged' };
const no = (why: string): StandingDecision => ({ outcome: 'refused', why });

export function nextStanding(standing: LiveStanding, event: StandingEvent, now: Instant): StandingDecision {
  switch (event.kind) {
    case 'caused':
      return caused(standing, event, now);
    case 'clock':
      return clock(standing, event, now);
    case 'started':
      return started(standing, event.job, now);
    case 'refused':
      return refused(standing, event.why, now);
    case 'ended':
      return ended(standing, event, now);
    case 'pause':
    case 'resume':
      return held(standing, event, now);
    case 'change':
      return changedSpec(standing, event, now);
    case 'delete': {
      const { team, name } = standing;
      const gone = {
        state: 'deleted',
        team,
        name,
        version: standing.version + 1,
        by: event.by,
        at: now,
      } as const;
      return { outcome: 'changed', standing: gone, what: `deleted by ${event.by}` };
    }
    default:
      return unreachable(event);
  }
}

type Caused = Extract<StandingEvent, { kind: 'caused' }>;

function caused(
  standing: LiveStanding,
  { cause, unfit }: Omit<Caused, 'kind'>,
  now: Instant,
): StandingDecision {
  if (isKnown(standing, cause)) return unchanged;
  const { waiting, current, spec } = standing;
  if (cause.kind === 'asked' && spec.when.kind !== 'schedule') return no(startsIt(spec.when));
  if (unfit !== undefined)
    return changed(withRuns(standing, [{ cause, at: now, outcome: 'refused', why: unfit }]), now);
  const skip = (why: string) => changed(skipped(standing, [{ cause, since: now }], why, now), now);
  if (standing.state === 'paused')
    return cause.kind === 'asked' ? no('It is paused: resume it first.') : skip('it was paused');
  if (cause.kind === 'time') return timeCame(standing, cause, now);
  if (waiting.length >= mostWaiting)
    return cause.kind === 'asked'
      ? no(`${mostWaiting} causes wait: let them start, or pause it.`)
      : skip(`${mostWaiting} others waited`);
  if (cause.kind !== 'asked' && overlapOf(spec) === 'skip') {
    if (current !== undefined) return skip(`${current.job} went on`);
    if (waiting.length > 0) return skip('another one waited');
  }
  return changed({ ...standing, waiting: [...waiting, { cause, since: now }] }, now);
}

const startsIt = (when: Exclude<When, { kind: 'schedule' }>): string =>
  when.kind === 'upload'
    ? `An upload below ${when.prefix} starts it, and is what it reads: put an object there, or ask for a job over one that is there.`
    : `What ${when.job} makes starts it, and is what it reads: run that one, or ask for a job over the results of one that ran.`;

/** Of its times one waits at most, the newest. */
function timeCame(standing: LiveStanding, cause: Cause, now: Instant): StandingDecision {
  const { current, spec } = standing;
  const earlier = standing.waiting.filter((one) => one.cause.kind === 'time');
  const others = standing.waiting.filter((one) => one.cause.kind !== 'time');
  const rest = skipped({ ...standing, waiting: others }, earlier, 'its next time came first', now);
  if (current !== undefined && overlapOf(spec) === 'skip')
    return changed(skipped(rest, [{ cause, since: now }], `${current.job} went on`, now), now);
  return changed({ ...rest, waiting: [...rest.waiting, { cause, since: now }] }, now);
}

function clock(
  standing: LiveStanding,
  { due, next }: Extract<StandingEvent, { kind: 'clock' }>,
  now: Instant,
): StandingDecision {
  if (standing.state !== 'active') return unchanged;
  const { next: _, ...rest } = standing;
  const told: LiveStanding = { ...rest, since: due?.at ?? rest.since, ...(next !== undefined && { next }) };
  if (due === undefined) return next === standing.next ? unchanged : changed(told, now);
  const decision = caused(told, { cause: { kind: 'time', ...due } }, now);
  return decision.outcome === 'unchanged' ? changed(told, now) : decision;
}

function started(standing: LiveStanding, job: JobName, now: Instant): StandingDecision {
  const [first, ...waiting] = standing.waiting;
  if (first === undefined || standing.current !== undefined) return unchanged;
  return changed({ ...standing, waiting, refusals: 0, current: { cause: first.cause, job, at: now } }, now);
}

/** Then a cause is given up: what it would read may be gone, and nobody expects it any more. */
const patienceSeconds = 86_400;
const minute = 60;
/** Until the next try, the last one again and again. */
const pauses = [5 * minute, 10 * minute, 20 * minute, 30 * minute] as const;
/** So often in a row, half an hour after the first time, people should hear of it. */
const heardAfter = 4;

export const isStuck = ({ refusals }: LiveStanding): boolean => refusals >= heardAfter;

function refused(standing: LiveStanding, why: string, now: Instant): StandingDecision {
  const [first, ...others] = standing.waiting;
  if (first === undefined) return unchanged;
  const refusals = standing.refusals + 1;
  if (secondsBetween(first.since, now) >= patienceSeconds) {
    const run: Run = { cause: first.cause, at: now, outcome: 'refused', why };
    return changed(withRuns({ ...standing, waiting: others, refusals }, [run]), now);
  }
  const tries = (first.refused?.tries ?? 0) + 1;
  const again = addSeconds(now, pauses[Math.min(tries, pauses.length) - 1] ?? minute);
  return changed(
    { ...standing, waiting: [{ ...first, refused: { why, tries, again } }, ...others], refusals },
    now,
  );
}

/** A job that was retried by hand has another end than its run says: then it says that one. */
function ended(
  standing: LiveStanding,
  { job, outcome, why }: Extract<StandingEvent, { kind: 'ended' }>,
  now: Instant,
): StandingDecision {
  const { current, ...rest } = standing;
  const end = { at: now, outcome, job, ...(why !== undefined && { why }) };
  if (current?.job === job) return changed(withRuns(rest, [{ ...end, cause: current.cause }]), now);
  const known = standing.runs.find((run) => run.job === job);
  if (known === undefined || known.outcome === outcome) return unchanged;
  const runs = standing.runs.map((run) => (run === known ? { ...end, cause: run.cause } : run));
  return changed({ ...standing, runs }, now);
}

function held(
  standing: LiveStanding,
  { kind, by }: { readonly kind: 'pause' | 'resume'; readonly by: string },
  now: Instant,
): StandingDecision {
  const what = `${kind}d by ${by}`;
  if (kind === 'pause') {
    if (standing.state === 'paused') return unchanged;
    const { since: _s, next: _n, ...rest } = standing;
    return changed({ ...rest, state: 'paused', pausedBy: by }, now, what);
  }
  if (standing.state === 'active') return unchanged;
  const { pausedBy: _, ...rest } = standing;
  // What waited has waited for this.
  const waiting = rest.waiting.map(({ cause }) => ({ cause, since: now }));
  return changed({ ...rest, waiting, state: 'active', since: now }, now, what);
}

/** What waits for another cause than it now has is not started. */
function changedSpec(
  standing: LiveStanding,
  { by, spec }: { readonly by: string; readonly spec: StandingSpec },
  now: Instant,
): StandingDecision {
  if (isSame(standing.spec, spec)) return unchanged;
  const next = { ...standing, spec, owner: by };
  const what = `changed by ${by}`;
  if (isSame(standing.spec.when, spec.when)) return changed(next, now, what);
  const left = skipped({ ...next, waiting: [] }, standing.waiting, 'it was changed meanwhile', now);
  if (left.state === 'paused') return changed(left, now, what);
  const { next: _, ...afresh } = left;
  return changed({ ...afresh, since: now }, now, what);
}

const isKnown = ({ waiting, current, runs }: LiveStanding, cause: Cause): boolean => {
  const id = causeId(cause);
  return [...waiting, ...(current ? [current] : []), ...runs].some((one) => causeId(one.cause) === id);
};

const skipped = (standing: LiveStanding, some: readonly Waiting[], why: string, now: Instant): LiveStanding =>
  withRuns(
    standing,
    some.map(({ cause, refused: before }) => ({
      cause,
      at: now,
      outcome: 'skipped',
      why: before === undefined ? why : `${why}; before that: ${before.why}`,
    })),
  );

const withRuns = (standing: LiveStanding, runs: readonly Run[]): LiveStanding => ({
  ...standing,
  runs: [...runs.toReversed(), ...standing.runs].slice(0, mostRuns),
});

function changed(standing: LiveStanding, now: Instant, what?: string): StandingDecision {
  const { lookAt: _, ...rest } = standing;
  const lookAt = lookAtOf(rest, now);
  const next = { ...rest, version: rest.version + 1, ...(lookAt !== undefined && { lookAt }) };
  return { outcome: 'changed', standing: next, ...(what !== undefined && { what }) };
}

/** The end of its job is told; where that is lost, it is found. */
const watchSeconds = 300;

function lookAtOf(standing: Omit<LiveStanding, 'lookAt'> & LiveStanding, now: Instant): Instant | undefined {
  const { current, waiting, spec } = standing;
  const [first] = waiting;
  const watched = current && addSeconds(now, watchSeconds);
  if (standing.state === 'paused') return watched;
  const clocked = spec.when.kind === 'schedule' ? (standing.next ?? now) : undefined;
  const tried = first && current === undefined ? (first.refused?.again ?? now) : undefined;
  return [watched, clocked, tried].filter((at) => at !== undefined).sort()[0];
}

/** Who is to be started now. */
export function toStart({ state, current, waiting }: LiveStanding, now: Instant): Waiting | undefined {
  const [first] = waiting;
  if (state !== 'active' || current !== undefined || first === undefined) return undefined;
  return first.refused !== undefined && first.refused.again > now ? undefined : first;
}

/** It was looked at, and nothing turned: it is looked at again in time. */
export const watched = (standing: LiveStanding, now: Instant): StandingDecision =>
  standing.lookAt !== undefined && standing.lookAt <= now ? changed(standing, now) : unchanged;

/** @param before what had its name, and was deleted. */
export function askedStanding(
  key: StandingKey,
  before: Standing | undefined,
  { spec, owner, at }: { readonly spec: StandingSpec; readonly owner: string; readonly at: Instant },
): StandingDecision {
  if (before !== undefined && before.state !== 'deleted')
    return no(`There is a standing job ${key.team}/${key.name}: change it, or take another name.`);
  const version = before?.version ?? 0;
  const fresh = { ...key, version, spec, owner, at, waiting: [], runs: [], refusals: 0 };
  return changed({ state: 'active', ...fresh, since: at }, at, `asked for by ${owner}`);
}
