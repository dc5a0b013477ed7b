/** What a ttl asks for: who is told of an end and when, and what puts it off. */
import { describe, expect, it } from 'vitest';
import type { Environment } from '#core/environment.ts';
import { quietSeconds } from '#core/incident.ts';
import { next as decide } from '#core/machine.ts';
import { addSeconds, type Instant } from '#core/names.ts';
import { stagesToLook } from '#core/reconcile.ts';
import { Ttl } from '#core/ttl.ts';
import { at, changed, healthy, ready, spec, told } from './samples.ts';
import { came, extend, ofSpec, scheduled, stop, turned } from './timetables.ts';

const heard = (environment: Environment, now: Instant): Environment =>
  turned(environment, { kind: 'paged', notices: environment.untold }, now);

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
