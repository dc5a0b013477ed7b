/**
 * What a decision says: the environment as it shall be and the events to tell, written together in one transaction;
 * or that there is nothing to do, and why. Events and reconcile end in the same decisions, so they can't disagree.
 */
import type { Candidate, Environment, Release } from './environment.ts';
import type { DomainEvent } from './events.ts';
import type { Instant } from './names.ts';

export interface Change {
  readonly outcome: 'changed';
  /** Its version is the next one; the one that was read is `environment.version - 1`. */
  readonly environment: Environment;
  readonly at: Instant;
  readonly events: readonly DomainEvent[];
  /** One line for the audit trail: who did what. Absent where nothing turned but the time of the next look. */
  readonly audit?: Audit;
}

export interface Audit {
  readonly at: Instant;
  readonly actor: string;
  readonly what: string;
}

export interface NoChange {
  readonly outcome: 'unchanged';
  readonly why: string;
}

export type Decision = Change | NoChange;

/** For logs: never the environment itself, whose spec holds what a person wrote. */
export const summaryOf = (decision: Decision | undefined) =>
  decision?.outcome === 'changed'
    ? {
        version: decision.environment.version,
        did: decision.audit?.what,
        told: decision.events.map(({ type }) => type),
      }
    : { unchanged: decision?.why ?? 'nothing to decide' };

export const unchanged = (why: string): NoChange => ({ outcome: 'unchanged', why });

export interface Told {
  readonly at: Instant;
  readonly actor: string;
  readonly what?: string | undefined;
  readonly events?: readonly EventBody[];
}
type Body<E> = E extends DomainEvent ? Omit<E, 'environment' | 'cluster' | 'at'> : never;
/** An event without what is common to all events of the environment. */
export type EventBody = Body<DomainEvent>;

/** The next version of an environment, with the parts that change. */
export function change(
  environment: Environment,
  parts: Parts,
  { at, actor, what, events = [] }: Told,
): Change {
  const { lookAt: _due, ...rest } = environment;
  const lookAt = nextLook(environment, parts, at);
  const next = { ...rest, ...parts, ...(lookAt && { lookAt }), version: environment.version + 1 };
  const about = { environment: environment.key, cluster: environment.cluster, at };
  return {
    outcome: 'changed',
    environment: next,
    at,
    events: events.map((event) => ({ ...event, ...about })),
    ...(what === undefined ? {} : { audit: { at, actor, what } }),
  };
}

/** `lookAt` is given with each change or it is gone, but for the looks at what runs: they go on for ever. */
export type Parts = Partial<Omit<Environment, 'key' | 'version'>> & {
  readonly candidate?: Candidate;
  readonly release?: Release;
};

/** News of the candidate can bring the next look at a release nearer; it neither puts it off nor calls it off. */
function nextLook({ release, lookAt: due }: Environment, parts: Parts, at: Instant): Instant | undefined {
  const wanted = parts.lookAt;
  if (parts.release || release.phase === 'none' || due === undefined) return wanted;
  if (wanted === undefined) return due;
  return due > at && due < wanted ? due : wanted;
}
