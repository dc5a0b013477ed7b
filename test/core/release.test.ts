/** What is said of the cluster after each look at it: Ready, not Ready, incidents opened once and closed once. */
import { describe, expect, it } from 'vitest';
import { repairedBy } from '#core/drift.ts';
import type { Environment } from '#core/environment.ts';
import type { Health } from '#core/health.ts';
import { pointed } from '#core/pointed.ts';
import { observed, wantedDigest } from '#core/release.ts';
import {
  at,
  changed,
  deploying,
  digest,
  healthy,
  look,
  next,
  ready,
  released,
  requested,
  sick,
  told,
} from './samples.ts';

const oom = (seconds: number) => ({ at: at(seconds), pod: 'app-1', container: 'app', limit: '64Mi' });

describe('a rollout', () => {
  it('is told when it is Ready, with its address', () => {
    const decision = look(deploying(), healthy(), 140);
    expect(changed(decision).events).toMatchObject([
      { type: 'EnvironmentReady', digest: digest(1), address: '10.0.0.9' },
    ]);
    expect(next(decision)).toMatchObject({
      release: { phase: 'ready', since: at(140), lookAt: at(200), pointAt: at(260) },
    });
    expect(changed(decision).audit?.what).toBe('deploying → ready, EnvironmentReady');
  });
  it.each<[string, Health]>([
    ['of another digest', healthy(2)],
    ['without an address', healthy(1, { address: undefined })],
    ['that is not Ready', sick()],
    ['that is not there', healthy(1, { digest: undefined })],
  ])('goes on while it finds a Deployment %s', (_, health) => {
    const decision = look(deploying(), health, 140);
    expect(told(decision)).toEqual([]);
    expect(next(decision)).toMatchObject({ release: { ...deploying().release, lookAt: at(145) } });
    expect(changed(decision)).not.toHaveProperty('audit');
  });
  it('opens an incident at its deadline, once', () => {
    expect(told(look(deploying(), sick(), 729))).toEqual([]);
    const late = look(deploying(), sick(), 730);
    expect(told(late)).toEqual(['IncidentOpened']);
    expect(next(late)).toMatchObject({
      release: { phase: 'held', reason: 'CrashLoopBackOff: read its logs', lookAt: at(745) },
      incidents: [{ id: `checkout/web/rollout/${next(late).version}`, kind: 'rollout' }],
    });
    expect(told(look(next(late), sick(), 745))).toEqual([]);
  });
  it('that comes up after its deadline is told, and recovers when it was Ready for two minutes', () => {
    const late = next(look(deploying(), sick(), 730));
    const up = look(late, healthy(1, { readySince: at(750) }), 750);
    expect(told(up)).toEqual(['EnvironmentReady']);
    expect(told(look(next(up), healthy(1, { readySince: at(750) }), 869))).toEqual([]);
    const over = look(next(up), healthy(1, { readySince: at(750) }), 870);
    expect(told(over)).toEqual(['IncidentRecovered']);
    expect(next(over)).toMatchObject({ incidents: [], release: { lookAt: at(930) } });
  });
  it('does not recover because the image before it is well', () => {
    const stuck = next(look(deploying(2), healthy(1), 730));
    expect(stuck.release).toMatchObject({
      phase: 'held',
      reason: 'The cluster still runs another digest. Nothing to do: it is applied again.',
    });
    expect(told(look(stuck, healthy(1), 2000))).toEqual([]);
  });
});

describe('the time of a rollout', () => {
  const promotedNow = (): Environment => ({
    ...deploying(),
    release: { phase: 'deploying', ...released(1), since: at(130), lookAt: at(250) },
  });
  it('begins when the cluster is first asked, however late that is', () => {
    const first = look(promotedNow(), sick(), 5000);
    expect(next(first)).toMatchObject({
      release: { phase: 'deploying', deadline: at(5600), lookAt: at(5005) },
    });
    expect(next(look(next(first), sick(), 5599)).release.phase).toBe('deploying');
    expect(next(look(next(first), sick(), 5600)).release.phase).toBe('held');
  });
  it('is as long as was asked for', () => {
    const slow = { ...promotedNow(), spec: { ...promotedNow().spec, readyWithinSeconds: 900 } };
    expect(next(look(slow, sick(), 200)).release).toMatchObject({ deadline: at(1100) });
  });
  it.each<[string, number, number, string]>([
    ['runs on through a message that was lost', 660, 750, 'held'],
    ['stands still while nobody could look', 660, 751, 'deploying'],
    ['stands still for as long as that was', 200, 4000, 'deploying'],
  ])('%s', (_, due, now, phase) => {
    const { release } = next(observed(deploying(1, undefined, { lookAt: due }), sick(), at(now)));
    expect(release).toMatchObject(
      phase === 'held' ? { phase } : { phase, deadline: at(730 + now - due), lookAt: at(now + 5) },
    );
  });
  it('stands still on the way back too', () => {
    const back = next(observed(deploying(2, 1, { lookAt: 725 }), sick(), at(730), { to: released(1) }));
    expect(next(observed(back, sick(), at(5000))).release).toMatchObject({
      phase: 'rolling-back',
      deadline: at(1330 + 5000 - 730),
    });
  });
});

describe('what others changed of ours', () => {
  const mended = (repaired?: string) => healthy(1, { repaired });
  it('is told once, and again when it was gone meanwhile', () => {
    const first = look(ready(), mended('Service app (spec.selector)'), 200);
    expect(changed(first).audit?.what).toBe('put back Service app (spec.selector)');
    const second = look(next(first), mended('Service app (spec.selector)'), 260);
    expect(changed(second)).not.toHaveProperty('audit');
    const other = look(next(second), mended('Service app (spec.type)'), 320);
    expect(changed(other).audit?.what).toBe('put back Service app (spec.type)');
    const well = look(next(other), mended(), 380);
    expect(changed(well)).not.toHaveProperty('audit');
    expect(next(well)).not.toHaveProperty('repaired');
    expect(changed(look(next(well), mended('Service app (spec.type)'), 440))).toHaveProperty('audit');
  });
  it('is said of what stood already, in few words', () => {
    const plan = { apply: [], remove: [], differences: ['a', 'b', 'c', 'd', 'e', 'f'] };
    expect(repairedBy(ready(), plan)).toBe('a, b, c, d and 2 more');
    expect(repairedBy(ready(), { ...plan, differences: [] })).toBeUndefined();
    expect(repairedBy(deploying(), plan)).toBeUndefined();
  });
  it('is not what a stop itself changes', () => {
    const plan = { apply: [], remove: [], differences: ['Deployment app (spec.replicas)'] };
    const { digest, approval } = released(1);
    const waits = { since: at(0), lookAt: at(5) };
    const stopping = { ...ready(), release: { phase: 'stopping' as const, digest, approval, ...waits } };
    expect(repairedBy(stopping, plan)).toBeUndefined();
    const stopped = { ...stopping, release: { ...stopping.release, phase: 'stopped' as const } };
    expect(repairedBy(stopped, plan)).toBe('Deployment app (spec.replicas)');
  });
});

describe('what runs', () => {
  it('is not Ready as soon as it is not, and Ready again when it is', () => {
    const down = look(ready(), sick(), 150);
    expect(next(down)).toMatchObject({ release: { phase: 'unready', lookAt: at(165) } });
    expect(next(look(next(down), sick('OOM'), 165)).release).toMatchObject({ reason: 'OOM', since: at(150) });
    expect(told(look(next(down), healthy(), 165))).toEqual(['EnvironmentReady']);
  });
  it('pages when it stays down for a minute, once, and tells of its recovery', () => {
    const down = next(look(ready(), sick(), 150));
    expect(told(look(down, sick(), 209))).toEqual([]);
    const paged = look(down, sick(), 210);
    expect(told(paged)).toEqual(['IncidentOpened']);
    expect(next(paged).incidents).toMatchObject([
      { kind: 'down', summary: expect.stringContaining('CrashLoopBackOff: read its logs') },
    ]);
    expect(told(look(next(paged), sick(), 240))).toEqual([]);
    const well = healthy(1, { readySince: at(260) });
    expect(told(look(next(look(next(paged), well, 260)), well, 380))).toEqual(['IncidentRecovered']);
  });
  it('is told of when its address moves', () => {
    const moved = look(ready(), healthy(1, { address: '10.0.0.10' }), 150);
    expect(changed(moved).events).toMatchObject([{ type: 'EnvironmentReady', address: '10.0.0.10' }]);
    expect(next(moved).release).toMatchObject({ phase: 'ready', since: at(140) });
  });
  it('is looked at again, with no line in the audit trail, where nothing turned', () => {
    const same = changed(look(ready(), healthy(), 200));
    expect(same.environment).toEqual({
      ...ready(),
      version: ready().version + 1,
      release: { ...ready().release, lookAt: at(260) },
    });
    expect(same.events).toEqual([]);
    expect(same).not.toHaveProperty('audit');
  });
  it('is nothing before the first release', () => {
    expect(look(requested(), healthy(), 1).outcome).toBe('unchanged');
    expect(wantedDigest(requested())).toBeUndefined();
    expect(wantedDigest(ready())).toBe(digest(1));
  });
});

describe('out of memory', () => {
  const hit = () => look(ready(), { ...sick(), lastOom: oom(150) }, 155);

  it('opens an incident that says what to do', () => {
    expect(told(hit())).toEqual(['IncidentOpened']);
    expect(next(hit())).toMatchObject({
      lastOomAt: at(150),
      incidents: [{ kind: 'oom', openedAt: at(150), summary: expect.stringContaining('limit of 64Mi') }],
    });
  });
  it('is told once, however long the cluster shows it and however often it happens', () => {
    const again = look(next(hit()), { ...sick(), lastOom: oom(150) }, 170);
    expect(told(again)).toEqual([]);
    const another = look(next(again), { ...sick(), lastOom: oom(180) }, 185);
    expect(told(another)).toEqual([]);
    expect(next(another).incidents).toMatchObject([{ openedAt: at(150), lastSeenAt: at(180) }]);
    expect(next(another).incidents).toHaveLength(1);
  });
  it.each<[string, Health, number, string[]]>([
    ['while it is not Ready', { ...sick(), lastOom: oom(150) }, 600, []],
    [
      'before it was Ready for 120 s',
      healthy(1, { readySince: at(160), lastOom: oom(150) }),
      279,
      ['EnvironmentReady'],
    ],
    [
      'before the last one is 120 s old',
      healthy(1, { readySince: at(140), lastOom: oom(200) }),
      319,
      ['EnvironmentReady'],
    ],
    [
      'then it has',
      healthy(1, { readySince: at(160), lastOom: oom(150) }),
      280,
      ['EnvironmentReady', 'IncidentRecovered'],
    ],
  ])('has not recovered %s', (_, health, seconds, events) => {
    expect(told(look(next(hit()), health, seconds))).toEqual(events);
  });
  it('is not told again after the recovery, by the pod that still shows it', () => {
    const well = healthy(1, { readySince: at(160), lastOom: oom(150) });
    const over = next(look(next(hit()), well, 280));
    expect(told(look(over, well, 340))).toEqual([]);
    expect(told(look(over, { ...well, lastOom: oom(400) }, 405))).toEqual(['IncidentOpened']);
  });
  it('and a failed rollout are two incidents', () => {
    const both = look(deploying(), { ...sick(), lastOom: oom(700) }, 730);
    expect(told(both)).toEqual(['IncidentOpened', 'IncidentOpened']);
  });
});

it('notes where the name points, once, and goes on looking', () => {
  const dns = { name: 'web.checkout.schwifty.example', target: '10.0.0.9' };
  const decision = pointed(ready(), dns, at(150));
  expect(next(decision)).toMatchObject({ dns, release: ready().release });
  expect(pointed(next(decision), dns, at(151)).outcome).toBe('unchanged');
  expect(next(pointed(next(decision), { ...dns, target: '10.0.0.10' }, at(152))).dns?.target).toBe(
    '10.0.0.10',
  );
});
