/** What ttl and working hours ask for, looked at in time, late, early and twice; and what people do in between. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Environment } from '#core/environment.ts';
import { quietSeconds } from '#core/incident.ts';
import { next as decide, type News } from '#core/machine.ts';
import { addSeconds, type Instant } from '#core/names.ts';
import { nextLookAt, plannedLooks, stagesToLook } from '#core/reconcile.ts';
import { Spec } from '#core/spec.ts';
import { Ttl } from '#core/ttl.ts';
import { ann, at, changed, healthy, next, policy, ready, spec, told, verdict } from './samples.ts';

const came = (parts: Partial<Parameters<typeof verdict>[1]> = {}) =>
  ({ kind: 'time-came', today: { verdict: verdict(1, parts), policy, waivers: [] } }) as const;
const ofSpec = (parts: Record<string, unknown>) =>
  ({ kind: 'changed', spec: Spec.parse({ ...spec, ...parts }), person: ann }) as const;
const extend = (ttl?: string) => ({ kind: 'extension-asked', ttl, person: ann }) as const;
const stop = { kind: 'stop-asked', person: ann } as const;
const start = { ...came(), kind: 'start-asked', person: ann } as const;

const turned = (environment: Environment, news: News, now: Instant): Environment =>
  next(decide(environment, news, now));
const heard = (environment: Environment, now: Instant): Environment =>
  turned(environment, { kind: 'paged', notices: environment.untold }, now);
const scheduled = (environment: Environment) =>
  plannedLooks(environment)
    .filter(({ stage }) => stage === 'schedule')
    .map(({ at: instant }) => instant);
const what = (environment: Environment, news: News, now: Instant) =>
  changed(decide(environment, news, now)).audit?.what;

describe('a ttl', () => {
  it.each(['0h', '-1h', '1', '1.5h', '1w', '367d', '999999d', ' 1h', '1h\n', '１h'])('is not %j', (ttl) => {
    expect(Ttl.safeParse(ttl).success).toBe(false);
  });

  it.each([
    ['1m', 45, 60],
    ['8h', 6 * 3600, 8 * 3600],
    ['4d', 3 * 86_400, 4 * 86_400],
    ['14d', 13 * 86_400, 14 * 86_400],
    ['366d', 365 * 86_400, 366 * 86_400],
  ])('of %s is warned of after %d s and over after %d s', (ttl, warnAt, end) => {
    const environment = turned(ready(), ofSpec({ ttl }), at(1000));
    expect(environment.expiry).toEqual({ at: at(1000 + end), warnAt: at(1000 + warnAt) });
    expect(scheduled(environment)).toEqual([at(1000 + warnAt)]);
    expect(environment.release).toEqual(ready().release);
  });

  const ending = () => turned(ready(), ofSpec({ ttl: '8h' }), at(0));
  const warnedAt = 6 * 3600;
  const warned = () => turned(ending(), came(), at(warnedAt));

  it('is told of once, before its end, with what to do', () => {
    const decision = changed(decide(ending(), came(), at(warnedAt)));
    expect(decision.events).toMatchObject([{ type: 'IncidentOpened', incident: { kind: 'expiring' } }]);
    expect(decision.environment.incidents[0]?.summary).toContain('schwifty env extend checkout/web');
    expect(decision.environment.untold).toHaveLength(1);
    expect(scheduled(decision.environment)).toEqual([at(8 * 3600)]);
    expect(decide(decision.environment, came(), at(warnedAt)).outcome).toBe('unchanged');
  });

  it('ends it as a person would, and its warning with it', () => {
    const end = heard(warned(), at(warnedAt + 5));
    expect(decide(end, came(), at(8 * 3600 - 1)).outcome).toBe('unchanged');
    const decision = changed(decide(end, came(), at(8 * 3600)));
    expect(decision.environment).toMatchObject({
      life: { state: 'deleting', by: 'schedule' },
      incidents: [],
    });
    expect(told(decision)).toEqual(['EnvironmentDeleted', 'IncidentRecovered']);
    expect(decision.audit).toMatchObject({ actor: 'schedule', what: 'deleted it: its ttl is over' });
    expect(scheduled(decision.environment)).toEqual([]);
    expect(decide(decision.environment, came(), at(9 * 3600)).outcome).not.toBe('changed');
  });

  it('that is told of late leaves as much time as one that is told of in time', () => {
    const late = turned(ending(), came(), at(20 * 3600));
    expect(late.life.state).toBe('running');
    expect(late.expiry).toEqual({ at: at(22 * 3600) });
    expect(late.incidents[0]?.summary).toContain(at(22 * 3600));
  });

  it('does not delete what nobody was told of', () => {
    expect(decide(warned(), came(), at(8 * 3600)).outcome).toBe('unchanged');
    expect(stagesToLook(warned(), at(8 * 3600))).toContain('schedule');
  });

  it('goes on while it is stopped, and its warning stays', () => {
    const stopped = turned(
      turned(warned(), stop, at(warnedAt + 1)),
      {
        kind: 'observed',
        health: healthy(1, { ready: false, idle: true }),
      },
      at(warnedAt + 20),
    );
    expect(stopped.release.phase).toBe('stopped');
    expect(stopped.incidents).toHaveLength(1);
    expect(turned(heard(stopped, at(warnedAt + 30)), came(), at(8 * 3600)).life.state).toBe('deleting');
  });

  it('is no trouble of what runs: that it is well ends no warning, and other trouble comes and goes beside it', () => {
    const look = (environment: Environment, now: Instant, parts: Parameters<typeof healthy>[1] = {}) =>
      turned(environment, { kind: 'observed', health: healthy(1, parts) }, now);
    const oom = { at: at(warnedAt + 10), pod: 'app-1', container: 'app', limit: '64Mi' };
    const killed = look(warned(), at(warnedAt + 20), { lastOom: oom });
    expect(killed.incidents.map(({ kind }) => kind)).toEqual(['expiring', 'oom']);
    const well = look(killed, at(warnedAt + 20 + quietSeconds), { lastOom: oom });
    expect(well.incidents.map(({ kind }) => kind)).toEqual(['expiring']);
  });

  it.each([
    ['as long as its spec says', undefined, 8],
    ['longer', '24h', 24],
  ])('begins anew, %s', (_, ttl, hours) => {
    const now = at(warnedAt + 60);
    const decision = changed(decide(warned(), extend(ttl), now));
    expect(decision.environment.expiry?.at).toBe(addSeconds(now, hours * 3600));
    expect(decision.environment.incidents).toEqual([]);
    expect(told(decision)).toEqual(['IncidentRecovered']);
    expect(decision.audit?.what).toBe(`extended it until ${addSeconds(now, hours * 3600)}`);
    // A look that was sent before that finds nothing to do.
    expect(decide(decision.environment, came(), at(8 * 3600)).outcome).toBe('unchanged');
    const again = turned(decision.environment, came(), decision.environment.expiry?.warnAt ?? '');
    expect(again.incidents[0]?.id).not.toBe(warned().incidents[0]?.id);
  });

  it.each([
    ['it has none', ready(), undefined, 'It has no end'],
    ['it would end sooner', ending(), '1h', 'It would end sooner'],
  ])('is not extended where %s', (_, environment, ttl, title) => {
    expect(decide(environment, extend(ttl), at(100))).toMatchObject({
      outcome: 'refused',
      status: 409,
      title,
    });
  });

  it('that is asked for otherwise counts from then; what else is changed leaves it', () => {
    expect(turned(warned(), ofSpec({ ttl: '1h' }), at(warnedAt + 9)).expiry?.at).toBe(
      at(warnedAt + 9 + 3600),
    );
    const bigger = ofSpec({ ttl: '8h', resources: { ...spec.resources, memoryMiB: 512 } });
    const resized = turned(warned(), bigger, at(warnedAt + 9));
    expect(resized).toMatchObject({ expiry: warned().expiry, incidents: warned().incidents });
    const decision = changed(decide(warned(), ofSpec({}), at(warnedAt + 9)));
    expect(decision.environment.expiry).toBeUndefined();
    expect(told(decision)).toEqual(['EnvironmentChanged', 'IncidentRecovered']);
    expect(decision.audit?.what).toBe('asked for ttl "none"');
  });
});

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
