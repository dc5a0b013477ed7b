/** What a transfer says to the environment that goes, and to the one that takes its place: each history tells of the other. */
import { change, type Decision, unchanged } from '../decision.ts';
import type { Environment } from '../environment.ts';
import { unreachable } from '../errors.ts';
import { deletionAsked } from '../lifecycle.ts';
import { addSeconds, environmentId, type Instant, secondsBetween } from '../names.ts';
import type { Transfer } from './item.ts';
import { endOf, successorOf } from './transfer.ts';

/** An image is built and approved within minutes, or hours: who waits long looks seldom. */
const patienceOf = (acceptedAt: Instant, now: Instant): number =>
  Math.min(600, Math.max(60, Math.floor(secondsBetween(acceptedAt, now) / 5)));

/** @param transfer as it is from now on. */
export function handed(environment: Environment, transfer: Transfer, now: Instant): Decision {
  const { leaving, ...rest } = environment;
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
      const next = { to, state: transfer.state, lookAt: addSeconds(now, patienceOf(acceptedAt, now)) };
      const told = leaving?.state === 'accepted';
      if (told) return change(environment, { leaving: next }, { at: now, actor: 'schedule' });
      const what = `accepted it for team ${to}: it is deleted when ${environmentId(successorOf(transfer))} is Ready`;
      return change(environment, { leaving: next }, { at: now, actor, what });
    }
    case 'done': {
      const decision = deletionAsked(environment, { name: 'schedule', groups: [] }, now);
      if (decision.outcome !== 'changed' || !decision.audit) return decision;
      const what = `deleted it: ${environmentId(successorOf(transfer))} is Ready in its place`;
      return { ...decision, audit: { ...decision.audit, what } };
    }
    case 'over': {
      if (!leaving) return unchanged('it stays already');
      const what = `it stays with team ${environment.key.team}: ${endOf(transfer)}`;
      return change(rest, {}, { at: now, actor: transfer.endedBy, what });
    }
    default:
      return unreachable(transfer);
  }
}

/** The line of the one that takes its place; that it was asked for so, the line of its request says. */
export function succeeded(successor: Environment, transfer: Transfer, now: Instant): Decision {
  const from = environmentId(transfer.from);
  switch (transfer.state) {
    case 'offered':
    case 'accepted':
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
