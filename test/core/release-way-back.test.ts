/** A rollout that is not Ready in time: what it goes back to, and where there is nothing to go back to. */
import { describe, expect, it } from 'vitest';
import type { Release } from '#core/environment.ts';
import { beginning, observed, wantedDigest } from '#core/release.ts';
import type { WayBack } from '#core/way-back.ts';
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
  sick,
  told,
} from './samples.ts';

describe('a rollout that is not Ready in time', () => {
  const back: WayBack = { to: released(1) };
  const failing = () => deploying(2, 1, { lookAt: 725 });
  const fail = () => observed(failing(), sick(), at(730), back);
  const undone = () => next(fail());

  it('goes back to what was Ready, at once, and tells of both digests and the reason', () => {
    expect(undone()).toMatchObject({
      release: {
        phase: 'rolling-back',
        ...released(1),
        failed: { digest: digest(2), reason: 'CrashLoopBackOff: read its logs' },
        deadline: at(1330),
        lookAt: at(730),
      },
      recheckAt: at(730),
    });
    expect(wantedDigest(undone())).toBe(digest(1));
    expect(changed(fail()).events).toMatchObject([
      {
        type: 'IncidentOpened',
        incident: {
          kind: 'rollout',
          summary: `sha256:000000000000 was not Ready in time. CrashLoopBackOff: read its logs Rolled back to sha256:000000000000, which bob approved at ${at(120)}.`,
        },
      },
    ]);
    expect(changed(fail()).audit?.what).toBe('deploying → rolling-back, IncidentOpened (rollout)');
  });
  it('is Ready again with what was there before, and recovers once', () => {
    const up = look(undone(), healthy(1, { readySince: at(10) }), 735);
    expect(told(up)).toEqual(['EnvironmentReady']);
    expect(next(up).release).toMatchObject({ phase: 'ready', ...released(1), failed: { digest: digest(2) } });
    expect(told(look(next(up), healthy(1, { readySince: at(10) }), 800))).toEqual([]);
    const over = look(next(up), healthy(1, { readySince: at(10) }), 850);
    expect(told(over)).toEqual(['IncidentRecovered']);
    expect(told(look(next(over), healthy(1, { readySince: at(10) }), 900))).toEqual([]);
  });
  it('and whose forerunner is not Ready either is down, which is told at once', () => {
    const still = look(undone(), sick(), 1329);
    expect(told(still)).toEqual([]);
    const down = look(undone(), sick('OOMKilled: ask for more.'), 1330);
    expect(changed(down).events).toMatchObject([
      {
        type: 'IncidentOpened',
        incident: { kind: 'down', summary: expect.stringMatching(/not Ready either\. OOMKilled/) },
      },
    ]);
    expect(next(down).release).toMatchObject({
      phase: 'unready',
      digest: digest(1),
      failed: { digest: digest(2) },
    });
    expect(told(look(next(down), sick(), 1400))).toEqual([]);
  });
  it('is held where there is no way back, and says why', () => {
    const held = observed(failing(), sick(), at(730), { none: 'its approval is void' });
    expect(next(held)).toMatchObject({
      release: { phase: 'held', digest: digest(2), previous: released(1), lookAt: at(745) },
      incidents: [
        { summary: expect.stringContaining('It was not rolled back: its approval is void. It is held') },
      ],
    });
    expect(observed(next(held), sick(), at(800), back)).not.toMatchObject({
      environment: { release: { digest: digest(1) } },
    });
    expect(told(look(next(held), healthy(2, { readySince: at(760) }), 760))).toEqual(['EnvironmentReady']);
  });
  it('is held where nobody asked', () => {
    expect(next(look(failing(), sick(), 730)).release.phase).toBe('held');
  });
  it('that comes up in the last moment is not undone', () => {
    expect(next(observed(failing(), healthy(2), at(730), back)).release).toMatchObject({
      phase: 'ready',
      digest: digest(2),
    });
  });
  it('a look with the sight of before changes nothing twice', () => {
    const again = observed(undone(), sick(), at(730), back);
    expect(next(again).release).toEqual({ ...undone().release, lookAt: at(735) });
    expect(told(again)).toEqual([]);
  });
});

describe('what a rollout may go back to', () => {
  const before = (release: Release) => {
    const begun = beginning(release, released(9), at(2000), 120);
    return begun.phase === 'deploying' ? begun.previous : 'no rollout';
  };
  const failed = { digest: digest(2), reason: 'x' };
  it.each<[string, Release, unknown]>([
    ['the first', { phase: 'none' }, undefined],
    ['what was Ready', ready(1).release, released(1)],
    [
      'what was Ready and is down',
      { phase: 'unready', ...released(1), reason: 'x', since: at(1), lookAt: at(2) },
      released(1),
    ],
    [
      'what was gone back to, not what failed',
      { phase: 'rolling-back', ...released(1), failed, deadline: at(9), since: at(1), lookAt: at(2) },
      released(1),
    ],
    ['what was Ready before one that nobody waited for', deploying(2, 1).release, released(1)],
    [
      'what was Ready before one that is held',
      { phase: 'held', ...released(2), reason: 'x', previous: released(1), since: at(1), lookAt: at(2) },
      released(1),
    ],
    [
      'nothing, where only failures were',
      { phase: 'held', ...released(2), reason: 'x', since: at(1), lookAt: at(2) },
      undefined,
    ],
    ['never itself', ready(9).release, undefined],
  ])('%s', (_, release, expected) => expect(before(release)).toEqual(expected));
});
