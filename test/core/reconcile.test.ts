/** Who looks again, and when: with reconcile once a minute, or before it by a message of its own. */
import { describe, expect, it } from 'vitest';
import { buildFailed } from '#core/build.ts';
import { judged } from '#core/candidate.ts';
import type { Environment } from '#core/environment.ts';
import { refusePromotion } from '#core/promotion.ts';
import {
  isLookedAfter,
  looksBeforeReconcile,
  nextLookAt,
  plannedLooks,
  stagesToLook,
} from '#core/reconcile.ts';
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
  released,
  requested,
  scanning,
  unfixable,
} from './samples.ts';

const refused = () => next(refusePromotion(promoting(), digest(1), gone('it was deleted'), at(125)));
const runs = {
  phase: 'ready',
  ...released(1),
  address: '10.0.0.9',
  since: at(140),
  lookAt: at(200),
} as const;
const stages = (environment: Environment) => plannedLooks(environment).map(({ stage }) => stage);
const notice = {
  state: 'open',
  incident: { id: 'i', kind: 'oom', openedAt: at(0), lastSeenAt: at(0), summary: 'Killed.' },
  at: at(0),
  lookAt: at(120),
} as const;

it.each<[string, Environment, string[]]>([
  ['a build that was asked for', requested(), ['build']],
  ['a build', building(), ['build']],
  ['a scan', scanning(), ['gate']],
  ['a promotion', promoting(), ['promote']],
  ['a person, and a policy that may change', awaiting(), ['gate']],
  ['a rollout', { ...promoting(), release: deploying().release }, ['promote', 'deploy']],
  ['a scan beside what runs', { ...scanning(), release: ready().release }, ['gate', 'deploy']],
  ['what runs to be judged again', { ...refused(), recheckAt: at(9) }, ['gate']],
  ['people to be told', { ...refused(), untold: [notice] }, ['pager']],
  ['its name', { ...refused(), release: { ...runs, pointAt: at(9) } }, ['deploy', 'dns']],
])('waits for %s', (_, environment, expected) => expect(stages(environment)).toEqual(expected));

it.each<[string, Environment]>([
  ['refused', refused()],
  ['build-failed', next(buildFailed(building(), 'build:1', 'no such package', at(50)))],
])('waits for nobody once it is %s and nothing runs', (phase, environment) => {
  expect(environment.candidate.phase).toBe(phase);
  expect(nextLookAt(environment)).toBeUndefined();
  expect(stagesToLook(environment, at(99_999))).toEqual([]);
});

it('only the stages whose instant has come are asked, each once', () => {
  const environment = {
    ...next(judged(scanning(), built(1), unfixable(1), policy, at(110))),
    recheckAt: at(720),
  };
  const both = { ...environment, release: ready().release };
  expect(nextLookAt(both)).toBe(at(200));
  expect(stagesToLook(both, at(199))).toEqual([]);
  expect(stagesToLook(both, at(200))).toEqual(['deploy']);
  expect(stagesToLook(both, at(710))).toEqual(['gate', 'deploy']);
  expect(stagesToLook(both, at(720))).toEqual(['gate', 'deploy']);
});

describe('a look before reconcile comes', () => {
  const due = (seconds: number): Environment => ({
    ...refused(),
    release: { ...runs, lookAt: at(seconds) },
  });
  it.each([
    [5, 5],
    [0, 0],
    [-30, 0],
    [59, 59],
    [4.2, 5],
  ])('due in %d s is sent %d s late', (seconds, delaySeconds) => {
    expect(looksBeforeReconcile([], due(100 + seconds), at(100))).toEqual([
      { stage: 'deploy', delaySeconds },
    ]);
  });
  it('is not sent for what reconcile will see, nor for what waits for nothing', () => {
    expect(looksBeforeReconcile([], due(160), at(100))).toEqual([]);
    expect(looksBeforeReconcile([], refused(), at(100))).toEqual([]);
  });
  it('is not sent again by a change that leaves it as it was', () => {
    expect(looksBeforeReconcile(plannedLooks(due(105)), due(105), at(100))).toEqual([]);
    expect(looksBeforeReconcile(plannedLooks(due(105)), due(110), at(100))).toHaveLength(1);
  });
  it('comes after its instant, so that it finds it due', () => {
    for (const seconds of [0.001, 0.5, 4.999, 5]) {
      const [look] = looksBeforeReconcile([], due(100 + seconds), at(100));
      expect(isLookedAfter(due(100 + seconds).release, at(100 + (look?.delaySeconds ?? 0)))).toBe(false);
    }
  });
  it('is left alone where somebody looked since', () => {
    expect(isLookedAfter(due(105).release, at(104))).toBe(true);
    expect(isLookedAfter(due(105).release, at(105))).toBe(false);
    expect(isLookedAfter({ phase: 'none' }, at(104))).toBe(false);
  });
});
