/**
 * What time may do, said again in other words than core/ says it: who asked for an end gets it when it was asked for and people were told
 * long enough before, and what has working hours is stopped and started when those turn, and at no other time.
 */
import type { Change } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import { addSeconds, environmentId, type Instant } from '#core/names.ts';
import type { WorkingHours } from '#core/working-hours.ts';
import { must } from './broken.ts';
import type { FaultKind, Invocation } from './faults.ts';

/** What people ask for beside the ttl of the spec. */
export const extension = '50m';
/** From the instant that something is due on: reconcile's minute, a function that is busy, a message that comes again. */
const lateSeconds = 600;

interface Asked {
  /** When it is to end, as far as people know. */
  readonly end?: Instant | undefined;
  /** What told them last that the end is near. */
  readonly told?: string | undefined;
  /** When a person asked for its hours, started it or stopped it last. */
  readonly since: Instant;
}

export class Times {
  readonly #now: () => Instant;
  readonly #asked = new Map<string, Asked>();
  /** Whether people heard of an incident. */
  wasTold: (incident: string) => boolean = () => false;
  onDone: (what: FaultKind) => void = () => undefined;

  constructor(now: () => Instant) {
    this.#now = now;
  }

  /** Each write, whoever made it. @param isHanded with a transfer, which stops, starts and deletes by laws of its own (handed.ts). */
  wrote(before: Environment | undefined, change: Change, invocation: Invocation, isHanded: boolean): void {
    const id = environmentId(change.environment.key);
    // What is told of one that is gone changes nothing of it.
    if (before?.life.state === 'deleted' && change.environment.life.state === 'deleted') return;
    const was = before?.life.state === 'deleted' ? undefined : before;
    const known = was && this.#asked.get(id);
    if (isHanded && known && invocation.name === 'schedule') return;
    const since = this.#turned(was, change.environment, known, invocation);
    const end = this.#ends(was, change, known, invocation);
    this.#asked.set(id, { ...known, ...end, since });
  }

  /** By the clock of the function, some time of its call. */
  #when({ beganAt, skewSeconds }: Invocation) {
    return { first: addSeconds(beganAt, skewSeconds), last: addSeconds(this.#now(), skewSeconds) };
  }

  #ends(
    before: Environment | undefined,
    { environment, events }: Change,
    known: Asked | undefined,
    invocation: Invocation,
  ): Pick<Asked, 'end' | 'told'> {
    const { key, spec, expiry, life } = environment;
    const id = environmentId(key);
    const { first, last } = this.#when(invocation);
    const isBegun = before?.life.state !== 'deleting' && life.state === 'deleting';
    if (spec.ttl === undefined) {
      must(!isBegun || life.by !== 'schedule', `${id} was deleted, and nobody asked for that`);
      must(expiry === undefined, `${id} is to end, and nobody asked for that`);
      return { end: undefined, told: undefined };
    }
    const end = expiry?.at ?? '';
    const warning = events.find(
      (event) => event.type === 'IncidentOpened' && event.incident.kind === 'expiring',
    );
    if (warning && 'incident' in warning) {
      const lead = Math.min(86_400, secondsOf(spec.ttl) / 4);
      const [soonest, latest] = [first, last].map((at) => later(known?.end ?? '', addSeconds(at, lead)));
      must(
        end >= (soonest ?? '') && end <= (latest ?? ''),
        `${id} was told to end at ${end}, not between ${soonest} and ${latest}`,
      );
      return { end, told: warning.incident.id };
    }
    if (invocation.name === 'api' && end !== known?.end) {
      const lengths = [spec.ttl, ...(known?.end === undefined ? [] : [extension])].map(secondsOf);
      const isOne = lengths.some(
        (seconds) => addSeconds(first, seconds) <= end && end <= addSeconds(last, seconds),
      );
      must(isOne, `${id} is to end at ${end}, and nobody asked for that`);
      const isOther = before?.spec.ttl !== spec.ttl;
      must(isOther || end >= (known?.end ?? ''), `${id} was extended, and ends sooner`);
      return { end, told: undefined };
    }
    must(end === known?.end, `${id} is to end at ${end}, not at ${known?.end}, and nobody asked for that`);
    if (isBegun && life.by === 'schedule') {
      must(end <= last, `${id} was deleted before its end at ${end}`);
      must(
        known?.told !== undefined && this.wasTold(known.told),
        `${id} was deleted, and nobody was told before`,
      );
      this.onDone('ended by its ttl');
    }
    return {};
  }

  /** @returns since when its hours count. */
  #turned(
    before: Environment | undefined,
    { key, spec, life }: Environment,
    known: Asked | undefined,
    invocation: Invocation,
  ): Instant {
    const id = environmentId(key);
    const hours = spec.workingHours;
    const isTurned =
      before !== undefined && before.life.state !== life.state && ['running', 'stopped'].includes(life.state);
    const isAsked = JSON.stringify(before?.spec.workingHours) !== JSON.stringify(hours);
    const { first, last } = this.#when(invocation);
    if (known === undefined || (invocation.name === 'api' && (isTurned || isAsked))) return first;
    if (!isTurned) return known.since;
    must(invocation.name === 'schedule', `${invocation.name} turned ${id} ${life.state}`);
    must(hours !== undefined, `${id} is ${life.state}, and nobody asked for that`);
    const turn = lastTurn(hours, last);
    const isBegin = life.state === 'running';
    must(
      turn.at > known.since && (turn.isBegin === isBegin || lastTurn(hours, first).isBegin === isBegin),
      `${id} is ${life.state} at ${last}, and its hours turned at ${turn.at}, asked for at ${known.since}`,
    );
    this.onDone(isBegin ? 'started by its hours' : 'stopped by its hours');
    return known.since;
  }

  /** Once all is calm: what was asked for is so. */
  mustBeSo({ key, spec, life, hours: kept, leaving }: Environment): void {
    const id = environmentId(key);
    const asked = this.#asked.get(id);
    const due = addSeconds(this.#now(), -lateSeconds);
    if (!asked || (life.state !== 'running' && life.state !== 'stopped')) return;
    must(
      asked.end === undefined || asked.end > due,
      `${id} was to end at ${asked.end}, and is ${life.state}`,
    );
    const { workingHours } = spec;
    // While its volume goes to another team nobody starts it.
    if (!workingHours || leaving?.state === 'moving') return;
    const [turn, then] = [lastTurn(workingHours, this.#now()), lastTurn(workingHours, due)];
    // It turned just now, or a person said something since.
    if (turn.at !== then.at || turn.at <= asked.since) return;
    const isSo = turn.isBegin
      ? life.state === 'running' || kept?.refused !== undefined
      : life.state === 'stopped';
    must(isSo, `${id} is ${life.state}, and its hours turned at ${turn.at}`);
  }
}

const later = (a: Instant, b: Instant): Instant => (a > b ? a : b);
const unit: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 };
const secondsOf = (ttl: string): number => Number(ttl.slice(0, -1)) * (unit[ttl.slice(-1)] ?? 0);

/** Of hours of UTC and every day, which are all that these stories ask for: when they began or ended last. */
function lastTurn({ from, to }: WorkingHours, now: Instant): { at: Instant; isBegin: boolean } {
  const [day, yesterday] = [now, addSeconds(now, -86_400)].map((at) => at.slice(0, 10));
  const turns = [day, yesterday].flatMap((date) => [
    { at: `${date}T${from}:00.000Z`, isBegin: true },
    { at: `${date}T${to}:00.000Z`, isBegin: false },
  ]);
  const past = turns.filter(({ at }) => at <= now).sort((a, b) => (a.at < b.at ? 1 : -1));
  return past[0] ?? { at: '', isBegin: false };
}
