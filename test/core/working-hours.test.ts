/** When working hours turn: by the clock of their time zone, which is put forward and back, and over days that are not there. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instant } from '#core/names.ts';
import { isWorking, nextTurn, WorkingHours } from '#core/working-hours.ts';

const hours = (parts: Record<string, unknown> = {}): WorkingHours =>
  WorkingHours.parse({ timeZone: 'Europe/Berlin', from: '08:00', to: '18:00', ...parts });
const instant = (text: string): Instant => new Date(text).toISOString();
const later = (from: Instant, ms: number): Instant => new Date(Date.parse(from) + ms).toISOString();

/** All turns after an instant, until another. */
function turns(of: WorkingHours, from: string, until: string): Instant[] {
  const found: Instant[] = [];
  for (let at = nextTurn(of, instant(from)); at <= instant(until); at = nextTurn(of, at)) found.push(at);
  return found;
}

describe('the next turn', () => {
  it.each([
    ['a morning', {}, '2026-11-25T03:00Z', '2026-11-25T07:00Z'],
    ['their beginning itself', {}, '2026-11-25T07:00Z', '2026-11-25T17:00Z'],
    ['their end itself', {}, '2026-11-25T17:00Z', '2026-11-26T07:00Z'],
    ['a Friday evening', {}, '2026-11-27T17:00Z', '2026-11-30T07:00Z'],
    ['a summer', {}, '2026-07-01T03:00Z', '2026-07-01T06:00Z'],
    ['the weekend in which the clock is put forward', {}, '2026-03-27T20:00Z', '2026-03-30T06:00Z'],
    ['the weekend in which it is put back', {}, '2026-10-23T20:00Z', '2026-10-26T07:00Z'],
    ['a leap day', { days: ['tue'] }, '2028-02-28T12:00Z', '2028-02-29T07:00Z'],
    ['the day after a 28th of February', { days: ['mon'] }, '2027-02-28T12:00Z', '2027-03-01T07:00Z'],
    ['the turn of a year', { days: ['fri'] }, '2026-12-31T12:00Z', '2027-01-01T07:00Z'],
    [
      'a day that is another one there',
      { timeZone: 'Pacific/Auckland', days: ['mon'] },
      '2026-07-05T12:00Z',
      '2026-07-05T20:00Z',
    ],
    ['a zone of half an hour', { timeZone: 'Asia/Kolkata' }, '2026-11-25T00:00Z', '2026-11-25T02:30Z'],
    ['UTC', { timeZone: 'UTC' }, '2026-11-25T00:00Z', '2026-11-25T08:00Z'],
  ])('after %s', (_, parts, now, turn) => {
    expect(nextTurn(hours(parts), instant(now))).toBe(instant(turn));
  });
});

describe('a clock that is changed', () => {
  const sunday = { days: ['sun'] };
  it.each([
    [
      'skips their beginning: they begin when it jumps',
      { ...sunday, from: '02:30', to: '06:00' },
      '2026-03-29',
      ['01:00', '04:00'],
    ],
    [
      'skips their end: they end when it jumps',
      { ...sunday, from: '00:30', to: '02:30' },
      '2026-03-29',
      ['T2026-03-28T23:30', '01:00'],
    ],
    [
      'skips all of them: there are none that day',
      { ...sunday, from: '02:10', to: '02:50' },
      '2026-03-29',
      [],
    ],
    [
      'shows their end twice: the first counts',
      { ...sunday, from: '00:30', to: '02:30' },
      '2026-10-25',
      ['T2026-10-24T22:30', '00:30'],
    ],
    [
      'shows their beginning twice: the first counts',
      { ...sunday, from: '02:30', to: '06:00' },
      '2026-10-25',
      ['00:30', '05:00'],
    ],
    [
      'shows all of them twice: they come once',
      { ...sunday, from: '02:10', to: '02:50' },
      '2026-10-25',
      ['00:10', '00:50'],
    ],
    [
      'skips midnight',
      { ...sunday, timeZone: 'Asia/Beirut', from: '00:00', to: '06:00' },
      '2026-03-29',
      ['T2026-03-28T22:00', '03:00'],
    ],
    [
      'skips half an hour',
      { ...sunday, timeZone: 'Australia/Lord_Howe', from: '02:15', to: '06:00' },
      '2026-10-04',
      ['T2026-10-03T15:30', 'T2026-10-03T19:00'],
    ],
  ])('%s', (_, parts, date, expected) => {
    const from = later(instant(`${date}T00:00Z`), -30 * 3_600_000);
    const wanted = expected.map((at) => instant(at.startsWith('T') ? `${at.slice(1)}Z` : `${date}T${at}Z`));
    expect(turns(hours(parts), from, `${date}T12:00Z`)).toEqual(wanted);
  });

  it('skips a whole day: it has no hours', () => {
    // Samoa had no 30th of December 2011, a Friday.
    const fridays = hours({ timeZone: 'Pacific/Apia', days: ['fri'] });
    expect(nextTurn(fridays, instant('2011-12-24T12:00Z'))).toBe(instant('2012-01-05T18:00Z'));
  });
});

it('days that meet at midnight are one', () => {
  const weekend = hours({ days: ['sat', 'sun'], from: '00:00', to: '24:00' });
  expect(turns(weekend, '2026-11-27T00:00Z', '2026-12-01T00:00Z')).toEqual([
    instant('2026-11-27T23:00Z'),
    instant('2026-11-29T23:00Z'),
  ]);
});

it('what is always to run is looked at nevertheless', () => {
  const always = hours({
    days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
    from: '00:00',
    to: '24:00',
  });
  const now = instant('2026-11-25T12:00Z');
  expect(isWorking(always, now)).toBe(true);
  expect(nextTurn(always, now) > now).toBe(true);
});

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Beirut',
  'Pacific/Apia',
  'America/St_Johns',
  'Asia/Kathmandu',
];
const anyDays = fc.subarray(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], { minLength: 1 });
const time = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
const anyHours = fc
  .tuple(
    fc.constantFrom(...zones),
    anyDays,
    fc.integer({ min: 0, max: 1438 }),
    fc.integer({ min: 1, max: 1440 }),
  )
  .map(([timeZone, days, from, length]) =>
    hours({ timeZone, days, from: time(from), to: time(Math.min(1440, from + length)) }),
  );
const anyNow = fc
  .date({ min: new Date('2026-01-01T00:00Z'), max: new Date('2029-01-01T00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString());

/** What a clock on a wall of that zone shows. */
const shown = (timeZone: string, at: Instant): string =>
  new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', hour: '2-digit', minute: '2-digit' }).format(
    new Date(at),
  );

it('those without an end turn nowhere, at whatever instant they are asked', () => {
  const always = hours({
    timeZone: 'UTC',
    days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
    from: '00:00',
    to: '24:00',
  });
  for (const now of ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.001Z', '2026-01-01T23:59:59.999Z'])
    expect(nextTurn(always, now)).toBe(later(now, 15 * 86_400_000));
});

it('at each turn, and only there, they begin or end, at the time that the clock shows', () =>
  fc.assert(
    fc.property(anyHours, anyNow, fc.double({ min: 0, max: 1, noNaN: true }), (of, now, share) => {
      const turn = nextTurn(of, now);
      expect(turn > now).toBe(true);
      const between = later(now, Math.floor((Date.parse(turn) - Date.parse(now) - 1) * share));
      expect(isWorking(of, between)).toBe(isWorking(of, now));
      const isLast = Date.parse(turn) - Date.parse(now) >= 15 * 86_400_000;
      if (isLast) return;
      expect(isWorking(of, turn)).toBe(!isWorking(of, now));
      const wanted = isWorking(of, turn) ? of.from : of.to.replace('24:', '00:');
      const clock = shown(of.timeZone, turn);
      if (clock === wanted) return;
      // A time that is skipped comes when the clock jumps over it; over midnight it comes from the day before.
      const before = shown(of.timeZone, later(turn, -1));
      expect(wanted < clock && (before < wanted || clock < before)).toBe(true);
    }),
    { numRuns: 200 },
  ));

it.each([
  [{ timeZone: 'Europe/Atlantis' }, 'timeZone'],
  [{ timeZone: '+02:00' }, 'timeZone'],
  [{ timeZone: 'Europe/Berlin\n' }, 'timeZone'],
  [{ days: [] }, 'days'],
  [{ days: ['mon', 'mon'] }, 'days'],
  [{ days: ['monday'] }, 'days.0'],
  [{ from: '8:00' }, 'from'],
  [{ from: '24:00' }, 'from'],
  [{ to: '24:01' }, 'to'],
  [{ from: '18:00', to: '08:00' }, 'to'],
  [{ from: '08:00', to: '08:00' }, 'to'],
  [{ holidays: [] }, ''],
])('%j are refused', (parts, path) => {
  const result = WorkingHours.safeParse({ timeZone: 'Europe/Berlin', from: '08:00', to: '18:00', ...parts });
  expect(result.error?.issues.map((issue) => issue.path.join('.'))).toContain(path);
});
