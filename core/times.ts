/** What an environment's spec says of time, and what is kept of it: its end, and its working hours. */
import type { EventBody } from './decision.ts';
import { type Incident, incidentIdOf, isOfEnd } from './incident.ts';
import type { EnvironmentKey, Instant } from './names.ts';
import { type Expiry, expiryOf } from './ttl.ts';
import { type Hours, hoursOf, type WorkingHours } from './working-hours.ts';

export interface TimedSpec {
  readonly ttl?: string | undefined;
  readonly workingHours?: WorkingHours | undefined;
}
interface Timed {
  readonly expiry?: Expiry | undefined;
  readonly hours?: Hours | undefined;
}

/** Of one that is asked for, or asked for otherwise: both count from now. */
export const timesOf = ({ ttl, workingHours }: TimedSpec, now: Instant): Timed => ({
  ...(ttl === undefined ? {} : { expiry: expiryOf(ttl, now) }),
  ...(workingHours === undefined ? {} : { hours: hoursOf(workingHours, now) }),
});

/** What is told of an end that comes near. */
export function endNear(
  environment: { readonly key: EnvironmentKey; readonly version: number },
  { at }: Expiry,
  now: Instant,
): Incident {
  const { key } = environment;
  const summary = `Its ttl is over at ${at}: it is deleted then, with all that is in it. To keep it: schwifty env extend ${key.team}/${key.name}`;
  const kind = 'expiring';
  return { id: incidentIdOf(environment, kind), kind, openedAt: now, lastSeenAt: now, summary };
}

/** Of an end that does not come any more. */
export const endsOf = (incidents: readonly Incident[]): EventBody[] =>
  incidents.filter(isOfEnd).map((incident) => ({ type: 'IncidentRecovered', incident, story: incident.id }));
