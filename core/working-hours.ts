/** The hours in which an environment is to run: at their beginning it is started, at their end stopped. docs/adr/0027 */
import type { Instant } from './names.ts';
import * as z from './zod.ts';
import { isTimeZone, ZoneClock } from './zoned.ts';

/** As `Date` counts them. */
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const time = /^(?:[01]\d|2[0-3]):[0-5]\d$/;

export const WorkingHours = z
  .strictObject({
    /** Of the IANA database. */
    timeZone: z
      .string()
      .check(z.maxLength(64), z.refine(isTimeZone, 'a time zone by its name, as Europe/Berlin or UTC')),
    days: z._default(
      z.array(z.enum(weekdays)).check(
        z.minLength(1),
        z.refine((days) => new Set(days).size === days.length, 'each day once'),
      ),
      ['mon', 'tue', 'wed', 'thu', 'fri'],
    ),
    from: z.string().check(z.regex(time, 'a time as 08:00')),
    /** `24:00` is midnight. */
    to: z.string().check(z.regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'a time as 18:00')),
  })
  .check(
    z.superRefine(({ from, to }, context) => {
      if (from < to) return;
      context.addIssue({ code: 'custom', path: ['to'], message: 'later than `from`, on the same day' });
    }),
  );
export type WorkingHours = z.infer<typeof WorkingHours>;

/** From the beginning on, until the end. */
interface Span {
  readonly begin: Instant;
  readonly end: Instant;
}

const minutesOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
/** As its clock counts: a zone that turns its clocks takes an hour of one week and gives it to another. */
export const hoursAWeek = ({ days, from, to }: WorkingHours): number =>
  (days.length * (minutesOf(to) - minutesOf(from))) / 60;

/** A week, and one more for a day that a zone skipped. */
const daysAhead = 15;
/** Behind those: whether the last end is one, the day after it says. */
const daysBehind = 2;

/** Those that may have begun by now, and those that come. */
function spansAround({ timeZone, days, from, to }: WorkingHours, now: Instant): Span[] {
  const clock = new ZoneClock(timeZone);
  const wanted = days.map((name) => weekdays.indexOf(name));
  return Array.from({ length: daysAhead + daysBehind + 1 }, (_, index) => clock.dayOf(now, index - 1))
    .filter((midnight) => wanted.includes(new Date(midnight).getUTCDay()))
    .map((midnight) => ({
      begin: clock.firstAt(midnight + minutesOf(from) * 60_000),
      end: clock.firstAt(midnight + minutesOf(to) * 60_000),
    }))
    .filter(({ begin, end }) => begin < end);
}

export const isWorking = (hours: WorkingHours, now: Instant): boolean =>
  spansAround(hours, now).some(({ begin, end }) => begin <= now && now < end);

/** When they begin or end next. Two days that meet at midnight are one. */
export function nextTurn(hours: WorkingHours, now: Instant): Instant {
  const spans = spansAround(hours, now);
  const turns = spans.flatMap(({ begin, end }) => [
    ...(spans.some((other) => other.end === begin) ? [] : [begin]),
    ...(spans.some((other) => other.begin === end) ? [] : [end]),
  ]);
  const horizon = new Date(Date.parse(now) + daysAhead * 86_400_000).toISOString();
  const [first = horizon] = turns.filter((turn) => now < turn && turn < horizon).sort();
  return first;
}

export const Hours = z.object({
  /** When they turn next, or a start is tried again. */
  lookAt: z.iso.datetime({ precision: 3 }),
  /** Why it was not started when they began. */
  refused: z.optional(z.string()),
});
export type Hours = z.infer<typeof Hours>;

/** Nothing is done before they turn: what a person starts or stops stays so until then. */
export const hoursOf = (hours: WorkingHours, now: Instant): Hours => ({ lookAt: nextTurn(hours, now) });
