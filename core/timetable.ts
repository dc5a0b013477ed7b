/**
 * What time itself asks for: people are told of an end that comes near, what is over is deleted, what has working hours is
 * started and stopped when they turn. Each look goes by what is so now, however late it comes. docs/adr/0027
 */
import { both, change, type Decision, type EventBody, refuse, unchanged } from './decision.ts';
import type { Environment } from './environment.ts';
import { isOfEnd } from './incident.ts';
import { deletionAsked, startAsked, stopAsked } from './lifecycle.ts';
import { addSeconds, type Instant } from './names.ts';
import type { Person } from './roles.ts';
import { endNear, endsOf, timesOf } from './times.ts';
import { expiryOf, warned } from './ttl.ts';
import type { Today } from './way-back.ts';
import { type Hours, isWorking, nextTurn } from './working-hours.ts';

export interface TimeCame {
  /** Of what a start would roll out. */
  readonly today: Omit<Today, 'now'>;
  /** Why its team has no room for it; undefined where that was not asked yet, or it has. */
  readonly noRoom?: string | undefined;
}

const actor = 'schedule';
/** How soon a start that was refused is tried again, while its hours last. */
const againSeconds = 600;

export function timeCame(environment: Environment, came: TimeCame, now: Instant): Decision {
  const end = endCame(environment, now);
  const isOver = end.outcome === 'changed' && end.environment.life.state === 'deleting';
  return isOver ? end : both(environment, end, (then) => hoursCame(then, came, now));
}

/** Nothing is deleted that nobody was told of. */
function endCame(environment: Environment, now: Instant): Decision {
  const { expiry, spec } = environment;
  if (!expiry || spec.ttl === undefined) return unchanged('it has no end');
  if (expiry.warnAt !== undefined) {
    if (expiry.warnAt > now) return unchanged('its end is not near');
    const left = warned(expiry, spec.ttl, now);
    const incident = endNear(environment, left, now);
    const events: EventBody[] = [{ type: 'IncidentOpened', incident, story: incident.id }];
    const parts = { expiry: left, incidents: [...environment.incidents, incident] };
    return change(environment, parts, { at: now, actor, what: `its end comes near: ${left.at}`, events });
  }
  if (expiry.at > now) return unchanged('its end has not come');
  if (environment.untold.some(({ incident }) => isOfEnd(incident)))
    return unchanged('nobody was told of its end yet');
  return because(deletionAsked(environment, { name: actor, groups: [] }, now), 'its ttl is over');
}

function hoursCame(environment: Environment, { today, noRoom }: TimeCame, now: Instant): Decision {
  const { hours, life, spec } = environment;
  if (!hours || !spec.workingHours || hours.lookAt > now) return unchanged('its hours do not turn');
  const turn = nextTurn(spec.workingHours, now);
  const settled = { ...environment, hours: { lookAt: turn } };
  const who: Person = { name: actor, groups: [] };
  if (!isWorking(spec.workingHours, now)) {
    if (life.state === 'running') return because(stopAsked(settled, who, now), 'its working hours are over');
  } else if (life.state === 'stopped') {
    const start =
      noRoom === undefined ? startAsked(settled, who, today, now) : refuse(409, 'Over the quota', noRoom);
    if (start.outcome !== 'refused') return because(start, 'its working hours began');
    return notStarted(environment, start.detail, turn, now);
  }
  return change(environment, { hours: settled.hours }, { at: now, actor });
}

/** Said once for each reason. */
function notStarted(environment: Environment, why: string, turn: Instant, now: Instant): Decision {
  const again = addSeconds(now, againSeconds);
  const hours: Hours = { lookAt: again < turn ? again : turn, refused: why };
  const what = environment.hours?.refused === why ? undefined : `its working hours began. ${why}`;
  return change(environment, { hours }, { at: now, actor, what });
}

function because(decision: Decision, why: string): Decision {
  if (decision.outcome !== 'changed' || !decision.audit) return decision;
  return { ...decision, audit: { ...decision.audit, what: `${decision.audit.what}: ${why}` } };
}

/** A person started or stopped it: that stays so until its hours turn, also where a look for their last turn has not come yet. */
export function byHand(environment: Environment, now: Instant): Environment {
  const { hours, spec } = environment;
  const isOpen = hours !== undefined && (hours.refused !== undefined || hours.lookAt <= now);
  return isOpen ? { ...environment, ...timesOf({ workingHours: spec.workingHours }, now) } : environment;
}

/** Its time begins anew. @param ttl another one for this time; without it that of its spec. */
export function extensionAsked(
  environment: Environment,
  person: Person,
  ttl: string | undefined,
  now: Instant,
): Decision {
  const { expiry, spec, incidents } = environment;
  if (!expiry || spec.ttl === undefined)
    return refuse(409, 'It has no end', 'It has no ttl: it stays until somebody deletes it.');
  const next = expiryOf(ttl ?? spec.ttl, now);
  if (next.at < expiry.at) {
    const detail = `It would end at ${next.at}, and ends at ${expiry.at} now. Ask for longer, or change its ttl.`;
    return refuse(409, 'It would end sooner', detail);
  }
  if (next.at === expiry.at && next.warnAt === expiry.warnAt) return unchanged('it ends then already');
  const parts = { expiry: next, incidents: incidents.filter((incident) => !isOfEnd(incident)) };
  const what = `extended it until ${next.at}`;
  return change(environment, parts, { at: now, actor: person.name, what, events: endsOf(incidents) });
}
