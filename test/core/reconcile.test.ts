/** Who looks again, and when: with reconcile once a minute, or before it by a message of its own. */
import { describe, expect, it } from 'vitest';
import { buildFailed, judged } from '#core/candidate.ts';
import type { Environment } from '#core/environment.ts';
import { refusePromotion } from '#core/promotion.ts';
import { isLookedAfter, looksBeforeReconcile, stagesToLook } from '#core/reconcile.ts';
import {
  at,
  awaiting,
  building,
  built,
  deploying,
  digest,
  gone,
  next,
  policy,
  promoting,
  ready,
  requested,
  scanning,
  unfixable,
} from './samples.ts';

it.each<[string, Environment, string[]]>([
  ['a build that was asked for', requested(), ['build']],
  ['a build', building(), ['build']],
  ['a scan', scanning(), ['gate']],
  ['a promotion', promoting(), ['promote']],
  ['a person', awaiting(), []],
  ['a rollout', deploying(), ['deploy']],
  ['a scan beside what runs', { ...scanning(), release: ready().release }, ['gate', 'deploy']],
])('waits for %s', (_, environment, stages) => expect(stagesToLook(environment)).toEqual(stages));

it.each<[string, Environment]>([
  ['blocked', next(judged(scanning(), built(1), unfixable(1), policy, at(110)))],
  ['refused', next(refusePromotion(promoting(), digest(1), gone('it was deleted'), at(125)))],
  ['build-failed', next(buildFailed(building(), 'build:1', 'no such package', at(50)))],
])('waits for nobody once it is %s and nothing runs', (phase, environment) => {
  expect(environment.candidate.phase).toBe(phase);
  expect(environment.lookAt).toBeUndefined();
  expect(stagesToLook(environment)).toEqual([]);
});

describe('a look before reconcile comes', () => {
  const due = (seconds: number) => ({ ...ready(), lookAt: at(seconds) });
  it.each([
    [5, 5],
    [0, 0],
    [-30, 0],
    [59, 59],
    [4.2, 5],
  ])('due in %d s is sent %d s late', (seconds, delaySeconds) => {
    expect(looksBeforeReconcile(due(100 + seconds), at(100))).toEqual([{ stage: 'deploy', delaySeconds }]);
  });
  it('is not sent for what reconcile will see, nor for what waits for nothing', () => {
    expect(looksBeforeReconcile(due(160), at(100))).toEqual([]);
    const { lookAt: _lookAt, ...never } = ready();
    expect(looksBeforeReconcile(never, at(100))).toEqual([]);
  });
  it('comes after its instant, so that it finds it due', () => {
    for (const seconds of [0.001, 0.5, 4.999, 5]) {
      const [look] = looksBeforeReconcile(due(100 + seconds), at(100));
      expect(isLookedAfter(due(100 + seconds), at(100 + (look?.delaySeconds ?? 0)))).toBe(false);
    }
  });
  it('is left alone where somebody looked since', () => {
    expect(isLookedAfter(due(105), at(104))).toBe(true);
    expect(isLookedAfter(due(105), at(105))).toBe(false);
    const { lookAt: _lookAt, ...never } = ready();
    expect(isLookedAfter(never, at(104))).toBe(false);
  });
});
