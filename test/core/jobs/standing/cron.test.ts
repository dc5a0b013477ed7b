/** When schedules come: each time once, whatever the clocks of its zone do; and which are none. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timesOf, whyNoSchedule } from '#core/jobs/standing/cron.ts';
import type { Instant } from '#core/names.ts';

const schedule = (cron: string, timeZone = 'Europe/Berlin') => ({
  kind: 'schedule' as const,
  cron,
  timeZone,
});
const now = '2026-01-05T10:00:00.000Z';

function timesFrom(cron: string, from: Instant, count: number, timeZone?: string): Instant[] {
  const found: Instant[] = [];
  for (let at = from; found.length < count; ) {
    at = timesOf(schedule(cron, timeZone), at, at).next;
    found.push(at);
  }
  return found;
}
const hours = (cron: string, from: Instant, count: number, timeZone?: string) =>
  timesFrom(cron, from, count, timeZone).map((at) => at.slice(5, 16));

describe('clocks that turn', () => {
  it('a time of the day that is skipped comes when the clock jumps', () => {
    expect(hours('30 2 * * *', '2026-03-28T00:00:00.000Z', 3)).toEqual([
      '03-28T01:30',
      '03-29T01:00',
      '03-30T00:30',
    ]);
  });

  it('one that is shown twice comes once, the first time', () => {
    expect(hours('30 2 * * *', '2026-10-24T00:00:00.000Z', 3)).toEqual([
      '10-24T00:30',
      '10-25T00:30',
      '10-26T01:30',
    ]);
  });

  it('what comes every half an hour comes every half an hour, on both days', () => {
    for (const day of ['2026-03-28T23:00:00.000Z', '2026-10-24T22:00:00.000Z']) {
      const times = timesFrom('*/30 * * * *', day, 12).map((at) => Date.parse(at));
      const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
      expect(new Set(gaps)).toEqual(new Set([1_800_000]));
    }
  });

  it('midnight that a zone skips comes an hour late', () => {
    expect(hours('0 0 * * *', '2018-11-03T12:00:00.000Z', 2, 'America/Sao_Paulo')).toEqual([
      '11-04T03:00',
      '11-05T02:00',
    ]);
  });

  it('a daily time comes once on each day of its zone, whichever it is', () => {
    const zone = fc.constantFrom(
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'UTC',
      'Asia/Kolkata',
    );
    const time = fc.record({
      hour: fc.integer({ min: 0, max: 23 }),
      minute: fc.integer({ min: 0, max: 59 }),
    });
    fc.assert(
      fc.property(zone, time, fc.integer({ min: 0, max: 364 }), (timeZone, { hour, minute }, day) => {
        const from = new Date(Date.UTC(2026, 0, 1 + day, 12)).toISOString();
        const times = timesFrom(`${minute} ${hour} * * *`, from, 20, timeZone);
        const days = times.map((at) => new Date(at).toLocaleDateString('en-CA', { timeZone }));
        expect(new Set(days).size).toBe(20);
        const first = Date.parse(days[0] ?? '');
        expect(days.map((one) => Date.parse(one) - first)).toEqual(days.map((_, i) => i * 86_400_000));
      }),
      { numRuns: 40 },
    );
  });
});

describe('a look', () => {
  it('finds none before the first, and the newest of those that were missed', () => {
    expect(timesOf(schedule('0 3 * * *'), now, now)).toEqual({ next: '2026-01-06T02:00:00.000Z' });
    expect(timesOf(schedule('0 3 * * *'), now, '2026-01-08T02:00:00.000Z')).toEqual({
      due: { at: '2026-01-08T02:00:00.000Z', missed: 2 },
      next: '2026-01-09T02:00:00.000Z',
    });
  });

  it('however late and often it comes, takes each time once or counts it as missed', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 90_000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(steps, fc.constantFrom('0 3 * * *', '*/15 * * * *', '0 */6 * * 1-5'), (seconds, cron) => {
        let since = now;
        let at = Date.parse(now);
        let known = 0;
        for (const one of seconds) {
          at += one * 1000;
          const { due } = timesOf(schedule(cron), since, new Date(at).toISOString());
          if (due === undefined) continue;
          known += 1 + due.missed;
          since = due.at;
        }
        const all = timesOf(schedule(cron), now, new Date(at).toISOString()).due;
        expect(known).toBe(all === undefined ? 0 : all.missed + 1);
      }),
      { numRuns: 30 },
    );
  });
});

describe('no schedule', () => {
  it.each([
    ['60 * * * *', /five fields.*minute: 60/],
    ['* * * *', /five fields/],
    ['0 3 * * * *', /five fields/],
    ['0 3 * * XYZ', /five fields/],
    ['0 0 30 2 *', /never comes/],
    ['* * * * *', /5 minutes apart/],
    ['*/4 * * * *', /5 minutes apart/],
    ['1,58 * * * *', /5 minutes apart/],
    ['1,58 0,23 * * 1,2', /5 minutes apart/],
  ])('%s', (cron, why) => {
    const text = whyNoSchedule(schedule(cron), now) ?? '';
    expect(text).toMatch(why);
  });

  it.each([
    '*/5 * * * *',
    '0 3 * * *',
    '0 3 * * MON-FRI',
    '0 0 29 2 *',
    '0 3 L * *',
    '30 2 * * 7',
    '1,58 0,23 * * 1',
  ])('%s is one', (cron) => {
    expect(whyNoSchedule(schedule(cron), now)).toBeUndefined();
    expect(whyNoSchedule(schedule(cron, 'America/New_York'), now)).toBeUndefined();
  });
});
