/**
 * Days and times of a time zone, by the rules that the runtime knows of it. A clock that is put forward skips times, one that
 * is put back shows some twice: a time comes once a day, when the clock first shows it or would have.
 */
import type { Instant } from './names.ts';

/** Of the IANA database, and known here. */
export function isTimeZone(name: string): boolean {
  try {
    return /^[A-Za-z][\w+/-]*$/.test(name) && format(name) !== undefined;
  } catch {
    return false;
  }
}

const format = (timeZone: string) =>
  new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });

const minute = 60_000;
const day = 1440 * minute;

/** A time zone's clock. Its times are milliseconds as if it were UTC's. */
export class ZoneClock {
  readonly #format: Intl.DateTimeFormat;

  constructor(timeZone: string) {
    this.#format = format(timeZone);
  }

  /** What it shows, on the second. */
  #shown(instant: number): number {
    const parts = new Map(
      this.#format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]),
    );
    const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  }

  /** Midnight of its day, some days later, as its times are. */
  dayOf(instant: Instant, later: number): number {
    const shown = this.#shown(Date.parse(instant));
    return shown - (((shown % day) + day) % day) + later * day;
  }

  /** When it first shows this time, or a later one where it skips it. */
  firstAt(time: number): Instant {
    const offset = (instant: number): number => this.#shown(instant) - instant;
    // No zone is further from UTC than that, so what changes between lies around this time.
    const [before, after] = [offset(time - day), offset(time + day)];
    if (before === after) return new Date(time - before).toISOString();
    const candidates = [time - before, time - after].filter((instant) => this.#shown(instant) === time);
    return new Date(candidates.length > 0 ? Math.min(...candidates) : this.#skip(time)).toISOString();
  }

  /** The instant at which it is put forward over this time. */
  #skip(time: number): number {
    let [early, late] = [time - day, time + day];
    while (late - early > 1000) {
      const middle = early + Math.floor((late - early) / 2000) * 1000;
      if (this.#shown(middle) < time) early = middle;
      else late = middle;
    }
    return late;
  }
}
