/**
 * What a decision says: the environment as it shall be and the events to tell, written together in one transaction;
 * or that there is nothing to do, or that a person may not, and why. Events and reconcile end in the same decisions, so they can't disagree.
 */
import type { Environment } from './environment.ts';
import type { DomainEvent } from './events.ts';
import type { Notice } from './incident.ts';
import { addSeconds, type Instant } from './names.ts';
import { type EarlyLook, looksBeforeReconcile, plannedLooks } from './reconcile.ts';

export interface Change {
  readonly outcome: 'changed';
  /** Its version is the next one; the one that was read is `environment.version - 1`. */
  readonly environment: Environment;
  readonly at: Instant;
  readonly events: readonly DomainEvent[];
  /** Looks that are due before reconcile comes by. */
  readonly looks: readonly EarlyLook[];
  /** One line for the audit trail: who did what. Absent where nothing turned but the time of the next look. */
  readonly audit?: Audit;
}

export interface Audit {
  readonly at: Instant;
  readonly actor: string;
  readonly what: string;
  readonly story?: string | undefined;
  readonly cause?: string | undefined;
}

export interface NoChange {
  readonly outcome: 'unchanged';
  readonly why: string;
}

/** Why a person may not have what they ask for, in the words of RFC 9457 problem details. */
export interface Refusal {
  readonly outcome: 'refused';
  readonly status: 403 | 409;
  readonly title: string;
  readonly detail: string;
}

export const refuse = (status: 403 | 409, title: string, detail: string): Refusal => ({
  outcome: 'refused',
  status,
  title,
  detail,
});

export type Decision = Change | NoChange | Refusal;

/** For logs: never the environment itself, whose spec holds what a person wrote. */
export const summaryOf = (decision: Decision | undefined) =>
  decision?.outcome === 'changed'
    ? {
        version: decision.environment.version,
        did: decision.audit?.what,
        told: decision.events.map(({ type }) => type),
      }
    : { unchanged: decision === undefined ? 'nothing to decide' : whyNot(decision) };

const whyNot = (decision: NoChange | Refusal): string =>
  decision.outcome === 'refused' ? decision.detail : decision.why;

export const unchanged = (why: string): NoChange => ({ outcome: 'unchanged', why });

export interface Told {
  readonly at: Instant;
  readonly actor: string;
  readonly what?: string | undefined;
  readonly events?: readonly EventBody[];
  /** Where it is another one than the newest image's. An event may have one of its own. */
  readonly story?: string | undefined;
}
type Body<E> = E extends DomainEvent
  ? Omit<E, 'environment' | 'cluster' | 'at' | 'sequence' | 'cause'>
  : never;
/** An event without what is common to all events of the environment. */
export type EventBody = Body<DomainEvent>;

/** How soon the pager looks if its event is lost. */
const noticePatienceSeconds = 120;

/** The next version of an environment, with the parts that change. What is told of incidents is kept until it was heard. */
export function change(
  environment: Environment,
  parts: Parts,
  { at, actor, what, events = [], story: told }: Told,
): Change {
  const all = { ...environment, ...parts };
  const untold = [...all.untold, ...events.flatMap((event) => noticesOf(event, at))];
  const version = environment.version + 1;
  const next = { ...all, untold, version };
  const story = told ?? next.stories?.candidate;
  const about = { environment: environment.key, cluster: environment.cluster, at, ...(story && { story }) };
  return {
    outcome: 'changed',
    environment: next,
    at,
    events: events.map((event, position) => ({ ...about, ...event, sequence: { version, position } })),
    looks: looksBeforeReconcile(environment.version === 0 ? [] : plannedLooks(environment), next, at),
    ...(what === undefined ? {} : { audit: { at, actor, what, ...(story && { story }) } }),
  };
}

/** The same change, with the id of the message or request that made it on its audit line and its events. */
export function causedBy(change: Change, cause: string | undefined): Change {
  if (cause === undefined) return change;
  return {
    ...change,
    events: change.events.map((event) => ({ ...event, cause })),
    ...(change.audit && { audit: { ...change.audit, cause } }),
  };
}

export type Parts = Partial<Omit<Environment, 'key' | 'version'>>;

function noticesOf(event: EventBody, at: Instant): Notice[] {
  if (event.type !== 'IncidentOpened' && event.type !== 'IncidentRecovered') return [];
  const state = event.type === 'IncidentOpened' ? 'open' : 'recovered';
  return [{ state, incident: event.incident, at, lookAt: addSeconds(at, noticePatienceSeconds) }];
}

/** One piece of news, two decisions: one change that says both. */
export function both(
  given: Environment,
  first: Decision,
  second: (environment: Environment) => Decision,
): Decision {
  if (first.outcome !== 'changed') {
    const alone = second(given);
    return alone.outcome === 'unchanged' ? first : alone;
  }
  const then = second(first.environment);
  if (then.outcome !== 'changed') return first;
  const what = [first.audit?.what, then.audit?.what].filter((line) => line !== undefined).join('; ');
  const audit = first.audit ?? then.audit;
  return {
    ...then,
    environment: { ...then.environment, version: first.environment.version },
    events: [...first.events, ...then.events].map((event, position) => ({
      ...event,
      sequence: { version: first.environment.version, position },
    })),
    looks: looksBeforeReconcile(plannedLooks(given), then.environment, then.at),
    ...(audit ? { audit: { ...audit, what } } : {}),
  };
}
