/**
 * The times of a schedule, by croner, which knows the fields and the turns of clocks: a time of the day that a clock skips comes when it
 * jumps, one that it shows twice comes once. Only who reads schedules loads it.
 */
import { Cron } from 'croner';
import { addSeconds, type Instant } from '../../names.ts';
import type { When } from './standing.ts';

type Schedule = Extract<When, { kind: 'schedule' }>;

/** A job takes a minute to begin and to end: what comes more often would always find another. */
const leastSeconds = 300;
/** Gaps of all kinds are among so many times, and nobody waits longer than that for one. */
const looked = 400;
const horizonSeconds = 10 * 366 * 86_400;

const cronOf = ({ cron, timeZone }: Schedule): Cron =>
  new Cron(cron, { timezone: timeZone, mode: '5-part', paused: true });

const after = (cron: Cron, at: Instant): Instant | undefined => cron.nextRun(new Date(at))?.toISOString();

/** Why there is no such schedule; undefined where there is. @param now nothing comes of it that is before. */
export function whyNoSchedule(schedule: Schedule, now: Instant): string | undefined {
  let cron: Cron;
  try {
    cron = cronOf(schedule);
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
    return `five fields of cron (minute, hour, day of the month, month, day of the week): ${why}`;
  }
  const horizon = addSeconds(now, horizonSeconds);
  let before = after(cron, now);
  if (before === undefined || before > horizon) return 'it never comes: there is no such day';
  for (let i = 0; i < looked; i++) {
    const next = after(cron, before);
    if (next === undefined || next > horizon) return undefined;
    if (Date.parse(next) - Date.parse(before) < leastSeconds * 1000)
      return `it comes at ${before} and again at ${next}: ${leastSeconds / 60} minutes apart at least`;
    before = next;
  }
  return undefined;
}

export interface Times {
  /** The newest that has come, and how many before it. */
  readonly due?: { readonly at: Instant; readonly missed: number };
  readonly next: Instant;
}

/** @param since all up to it are done with. */
export function timesOf(schedule: Schedule, since: Instant, now: Instant): Times {
  const cron = cronOf(schedule);
  let due: Times['due'];
  let next = after(cron, since);
  while (next !== undefined && next <= now) {
    due = { at: next, missed: due === undefined ? 0 : due.missed + 1 };
    next = after(cron, next);
  }
  // None that croner finds: in a year it is asked again.
  return { ...(due && { due }), next: next ?? addSeconds(now, 366 * 86_400) };
}
