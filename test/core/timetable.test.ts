/** What working hours ask for, and a ttl beside them: looked at in time, late, early and twice; and what people do in between. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Environment } from '#core/environment.ts';
import { next as decide, type News } from '#core/machine.ts';
import { addSeconds, type Instant } from '#core/names.ts';
import { nextLookAt } from '#core/reconcile.ts';
import { ann, at, changed, next, ready, told } from './samples.ts';
import { came, extend, ofSpec, scheduled, stop, turned } from './timetables.ts';

const start = { ...came(), kind: 'start-asked', person: ann } as const;
const what = (environment: Environment, news: News, now: Instant) =>
  changed(decide(environment, news, now)).audit?.what;

describe('working hours', () => {
  /** 2026-03-01 is a Sunday; 12:00Z is 13:00 there. */
  const workingHours = { timeZone: 'Europe/Berlin', from: '08:00', to: '18:00' };
  const [morning, evening, next1] = ['2026-03-02T07:00Z', '2026-03-02T17:00Z', '2026-03-03T07:00Z'].map(
    (text) => new Date(text).toISOString(),
  );
  if (!morning || !evening || !next1) throw new Error('no instants');
  const timed = () => turned(ready(), ofSpec({ workingHours }), at(1000));
  const atWork = () => turned(timed(), came(), morning);
  const asleep = () => turned(atWork(), came(), evening);

  it('do nothing before they turn', () => {
    expect(timed()).toMatchObject({ life: { state: 'running' }, hours: { lookAt: morning } });
    expect(timed().release).toEqual(ready().release);
    expect(decide(timed(), came(), at(2000)).outcome).toBe('unchanged');
    expect(changed(decide(timed(), came(), morning)).audit).toBeUndefined();
  });

  it('stop it at their end and start it at their beginning', () => {
    expect(asleep()).toMatchObject({
      life: { state: 'stopped' },
      release: { phase: 'stopping' },
      hours: { lookAt: next1 },
    });
    expect(what(atWork(), came(), evening)).toBe('stopped it: its working hours are over');
    expect(turned(asleep(), came(), next1)).toMatchObject({
      life: { state: 'running' },
      release: { phase: 'deploying' },
    });
    expect(what(asleep(), came(), next1)).toBe('started it: its working hours began');
    expect(decide(asleep(), came(), evening).outcome).toBe('unchanged');
  });

  it('leave what a person starts or stops, until they turn', () => {
    const night = addSeconds(evening, 3600);
    const awake = turned(asleep(), start, night);
    expect(awake.life.state).toBe('running');
    expect(decide(awake, came(), addSeconds(night, 3600)).outcome).toBe('unchanged');
    expect(turned(awake, came(), next1)).toMatchObject({ life: { state: 'running' } });
    const off = turned(atWork(), stop, addSeconds(morning, 3600));
    expect(decide(off, came(), addSeconds(morning, 7200)).outcome).toBe('unchanged');
    expect(turned(off, came(), evening).life.state).toBe('stopped');
  });

  it('leave what a person started or stopped after they turned and before anybody looked', () => {
    const later = (instant: Instant, seconds: number) => addSeconds(instant, seconds);
    const off = turned(atWork(), stop, later(morning, 3600));
    const awake = turned(off, start, later(evening, 9));
    expect(decide(awake, came(), later(evening, 60)).outcome).toBe('unchanged');
    expect(turned(awake, came(), next1)).toMatchObject({ life: { state: 'running' } });
    const early = turned(asleep(), start, later(evening, 3600));
    const stopped = turned(early, stop, later(next1, 9));
    expect(decide(stopped, came(), later(next1, 60)).outcome).toBe('unchanged');
  });

  it('that are looked at late go by what is so now', () => {
    expect(turned(atWork(), came(), addSeconds(next1, 60)).life.state).toBe('running');
    expect(turned(timed(), came(), addSeconds(evening, 60)).life.state).toBe('stopped');
    expect(turned(asleep(), came(), addSeconds(next1, 11 * 3600))).toMatchObject({
      life: { state: 'stopped' },
    });
  });

  it('do not start what may not be started: said once for each reason, and tried again', () => {
    const late = came({ result: 'block' });
    const refused = turned(asleep(), late, next1);
    expect(refused).toMatchObject({ life: { state: 'stopped' }, hours: { lookAt: addSeconds(next1, 600) } });
    expect(what(asleep(), late, next1)).toContain('its working hours began. What it ran may not be started');
    const again = addSeconds(next1, 600);
    expect(what(refused, late, again)).toBeUndefined();
    const noRoom = { ...came(), noRoom: 'Team checkout has not enough left' };
    expect(what(refused, noRoom, again)).toContain('not enough left');
    const started = turned(refused, came(), again);
    expect(started.life.state).toBe('running');
    expect(started.hours?.refused).toBeUndefined();
    // Nothing is tried after they end.
    const nearly = addSeconds(evening, 86_400 - 60);
    expect(turned(refused, late, nearly).hours?.lookAt).toBe(addSeconds(evening, 86_400));
    expect(turned(refused, late, addSeconds(evening, 86_400)).hours?.refused).toBeUndefined();
  });

  it('are not tried again over what a person did since', () => {
    const refused = turned(asleep(), came({ result: 'block' }), next1);
    const off = turned(turned(refused, start, addSeconds(next1, 60)), stop, addSeconds(next1, 120));
    expect(off.hours).toEqual({ lookAt: addSeconds(evening, 86_400) });
    expect(decide(off, came(), addSeconds(next1, 600)).outcome).toBe('unchanged');
  });

  it('that are taken away leave it as it is', () => {
    const free = turned(asleep(), ofSpec({}), addSeconds(evening, 60));
    expect(free.hours).toBeUndefined();
    expect(free.life.state).toBe('stopped');
    expect(scheduled(free)).toEqual([]);
  });

  it('and an end that comes near are one change', () => {
    const both = turned(ready(), ofSpec({ workingHours, ttl: '40h' }), at(0));
    const now = addSeconds(evening, 12 * 3600);
    const decision = changed(decide(both, came(), now));
    expect(decision.environment).toMatchObject({
      life: { state: 'stopped' },
      incidents: [{ kind: 'expiring' }],
    });
    expect(decision.environment.version).toBe(both.version + 1);
    expect(told(decision)).toEqual(['IncidentOpened', 'EnvironmentChanged']);
    expect(decision.audit?.what).toContain('; stopped it: its working hours are over');
  });
});

/** Most of them leave its end where it is. */
const kinds = [
  'look',
  'look',
  'look',
  'look',
  'look',
  'hear',
  'hear',
  'hear',
  'stop',
  'start',
  'extend',
] as const;

it('whenever looks come, and however often, an end is told of before it comes, and looks never stop', () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...kinds), fc.integer({ min: 0, max: 40_000 })), {
        maxLength: 40,
        size: 'max',
      }),
      (steps) => {
        const workingHours = { timeZone: 'Europe/Berlin', from: '02:30', to: '18:00', days: ['sun', 'mon'] };
        // Over the Sunday on which the clock is put forward.
        let now: Instant = '2026-03-27T12:00:00.000Z';
        let environment = turned(ready(), ofSpec({ ttl: '2d', workingHours }), now);
        for (const [kind, seconds] of steps) {
          now = addSeconds(now, seconds);
          const before = environment;
          const all: Record<typeof kind, News> = {
            look: came(),
            hear: { kind: 'paged', notices: environment.untold },
            extend: extend(),
            stop,
            start,
          };
          const decision = decide(environment, all[kind], now);
          if (decision.outcome !== 'changed') continue;
          environment = next(decision);
          if (environment.life.state === 'deleting') {
            expect(kind).toBe('look');
            expect(before.untold).toEqual([]);
            expect(before.incidents.map((incident) => incident.kind)).toContain('expiring');
            const [warning] = before.incidents;
            expect(addSeconds(warning?.openedAt ?? '', 12 * 3600) <= now).toBe(true);
            return;
          }
          // The first look of all is never later than what time asks for.
          const first = nextLookAt(environment) ?? '';
          expect(scheduled(environment)).toHaveLength(2);
          for (const planned of scheduled(environment)) expect(first <= planned).toBe(true);
          // A second look at once finds nothing to do.
          if (kind === 'look') expect(decide(environment, came(), now).outcome).toBe('unchanged');
        }
      },
    ),
    { numRuns: 60 },
  ));
