/** What a transfer says to the environment that goes, and to the one that takes its place: each history tells of the other. */
import { both, change, type Decision, refuse, unchanged } from '../decision.ts';
import type { Environment } from '../environment.ts';
import { unreachable } from '../errors.ts';
import { deletionAsked, startAsked, stopAsked } from '../lifecycle.ts';
import { addSeconds, environmentId, type Instant, secondsBetween } from '../names.ts';
import type { Today } from '../way-back.ts';
import type { Over, Transfer } from './item.ts';
import { endOf, successorOf } from './transfer.ts';

/** An image is built and approved within minutes, or hours: who waits long looks seldom. */
const patienceOf = (since: Instant, now: Instant, least = 60): number =>
  Math.min(600, Math.max(least, Math.floor(secondsBetween(since, now) / 5)));
/** While it is stopped for it, or is about to be. */
const soonSeconds = 15;

/** What a start of the old one is held against, where its volume stays after all. */
export interface Back {
  readonly today?: Omit<Today, 'now'> | undefined;
  /** Why its team has no room for it any more. */
  readonly noRoom?: string | undefined;
}

/** @param transfer as it is from now on. */
export function handed(
  environment: Environment,
  transfer: Transfer,
  now: Instant,
  back: Back = {},
): Decision {
  const { leaving, spec } = environment;
  const { to } = transfer;
  switch (transfer.state) {
    case 'offered': {
      const { offeredBy: actor, until } = transfer;
      const next = { to, state: transfer.state, lookAt: until };
      const what = `offered it to team ${to}, until ${until}`;
      return change(environment, { leaving: next }, { at: now, actor, what });
    }
    case 'accepted': {
      const { acceptedBy: actor, acceptedAt } = transfer;
      const next = {
        to,
        state: transfer.state,
        lookAt: addSeconds(now, patienceOf(acceptedAt, now, spec.volume && soonSeconds)),
      };
      const told = leaving?.state === 'accepted';
      if (told) return change(environment, { leaving: next }, { at: now, actor: 'schedule' });
      const what = `accepted it for team ${to}: it is deleted when ${environmentId(successorOf(transfer))} is Ready`;
      return change(environment, { leaving: next }, { at: now, actor, what });
    }
    case 'moving':
      return moving(environment, transfer, now);
    case 'done': {
      const decision = deletionAsked(environment, { name: 'schedule', groups: [] }, now);
      if (decision.outcome !== 'changed' || !decision.audit) return decision;
      const what = `deleted it: ${environmentId(successorOf(transfer))} is Ready in its place`;
      return { ...decision, audit: { ...decision.audit, what } };
    }
    case 'over':
      return over(environment, transfer, now, back);
    default:
      return unreachable(transfer);
  }
}

/** It is stopped, so that its disk is at rest; the deployer makes the snapshot when no pod is left. */
function moving(
  environment: Environment,
  transfer: Extract<Transfer, { state: 'moving' }>,
  now: Instant,
): Decision {
  const { to, movedAt, acceptedAt } = transfer;
  const lookAt = addSeconds(now, patienceOf(movedAt, now, soonSeconds));
  const leaving = { to, state: transfer.state, lookAt };
  if (environment.leaving?.state === 'moving')
    return change(environment, { leaving }, { at: now, actor: 'schedule' });
  const moved = { at: acceptedAt, kept: false, lookAt: now };
  const who = { name: 'schedule', groups: [] };
  const successor = environmentId(successorOf(transfer));
  const what = `what is on its volume goes to ${successor}, whose image may run`;
  const begun = change(environment, { leaving, moved }, { at: now, actor: who.name, what });
  return both(environment, begun, (then) => stopAsked(then, who, now));
}

/** It runs again, where it ran and may. */
function over(environment: Environment, transfer: Over, now: Instant, { today, noRoom }: Back): Decision {
  const { leaving, ...rest } = environment;
  if (!leaving) return unchanged('it stays already');
  const what = `it stays with team ${environment.key.team}: ${endOf(transfer)}`;
  const stays = change(rest, {}, { at: now, actor: transfer.endedBy, what });
  if (transfer.ran !== true) return stays;
  const who = { name: transfer.endedBy, groups: [] };
  const start = (then: Environment): Decision => {
    if (!today) return unchanged('nobody said whether it may run');
    return noRoom === undefined ? startAsked(then, who, today, now) : refuse(409, 'Over the quota', noRoom);
  };
  const started = start(stays.environment);
  if (started.outcome === 'changed') return both(environment, stays, start);
  const why = started.outcome === 'refused' ? started.detail : started.why;
  return change(rest, {}, { at: now, actor: transfer.endedBy, what: `${what}. It is not started: ${why}` });
}

/** The line of the one that takes its place; that it was asked for so, the line of its request says. */
export function succeeded(successor: Environment, transfer: Transfer, now: Instant): Decision {
  const from = environmentId(transfer.from);
  switch (transfer.state) {
    case 'offered':
    case 'accepted':
    case 'moving':
      return unchanged('it is known where it came from');
    case 'done':
      return change(successor, {}, { at: now, actor: 'schedule', what: `took the place of ${from}` });
    case 'over': {
      const what = `${from} stays, and so does this one, of the same spec: ${endOf(transfer)}`;
      return change(successor, {}, { at: now, actor: transfer.endedBy, what });
    }
    default:
      return unreachable(transfer);
  }
}
