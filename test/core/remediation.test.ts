/** A blocked image that can be fixed is rebuilt fixed: bounded, only where it helps, and not called off by old news. */
import { expect, it } from 'vitest';
import { buildFailed, buildStarted } from '#core/build.ts';
import { judged, pushed } from '#core/candidate.ts';
import { phaseOf } from '#core/environment.ts';
import {
  at,
  built,
  changed,
  fixable,
  image,
  next,
  policy,
  scanning,
  told,
  unfixable,
  verdict,
} from './samples.ts';

const secondBuild = { number: 2, id: 'build:2', content: 'content-1' };

const first = () => judged(scanning(), built(1), fixable(1, 3), policy, at(110));
/** Build 2 was started, pushed and is being scanned. */
const second = () => next(pushed(next(buildStarted(next(first()), secondBuild, at(111))), built(2), at(200)));

it('asks for a build with the fixes', () => {
  expect(told(first())).toEqual(['ImageBlocked', 'RemediationRequested']);
  const fixes = fixable(1).fixes;
  expect(changed(first()).events[1]).toMatchObject({ build: 2, fixes });
  expect(next(first())).toMatchObject({
    builds: 2,
    remediation: { attempts: 1, blockingBefore: 3, fixes },
    candidate: { phase: 'building', build: { number: 2, fixes }, replaces: built(1), lookAt: at(230) },
  });
  expect(phaseOf(next(first()))).toBe('building');
});

it.each([
  ['just asked for', () => next(first())],
  ['started', () => next(buildStarted(next(first()), secondBuild, at(111)))],
])('old news does not call off a build that was %s', (_, environment) => {
  expect(pushed(environment(), built(1), at(112)).outcome).toBe('unchanged');
  expect(judged(environment(), built(1), fixable(1, 3), policy, at(112)).outcome).toBe('unchanged');
  expect(judged(environment(), built(1), verdict(1), policy, at(112)).outcome).toBe('unchanged');
});

it('nor does it hide that the build failed', () => {
  const started = next(buildStarted(next(first()), secondBuild, at(111)));
  const failed = next(buildFailed(started, 'build:2', 'no such version', at(150)));
  expect(judged(failed, built(1), fixable(1, 3), policy, at(151)).outcome).toBe('unchanged');
  expect(next(pushed(failed, image(9, at(300)), at(301))).candidate.phase).toBe('scanning');
});

it('passes when it is fixed, and forgets how much blocked before', () => {
  const environment = next(judged(second(), built(2), verdict(2), policy, at(210)));
  expect(environment).toMatchObject({
    candidate: { phase: 'awaiting-approval' },
    remediation: { attempts: 1 },
  });
  expect(environment.remediation).not.toHaveProperty('blockingBefore');
});

it('tries again while it gets better, keeping the earlier fixes', () => {
  const more = {
    ...fixable(2, 1),
    fixes: [{ manager: 'pip' as const, package: 'jinja2', version: '3.1.6' }],
  };
  const third = next(judged(second(), built(2), more, policy, at(210)));
  expect(third.candidate).toMatchObject({
    build: { number: 3, fixes: [...fixable(1).fixes, ...more.fixes] },
  });
  const newer = next(judged(second(), built(2), fixable(2, 1, '1.2.8'), policy, at(210)));
  expect(newer.candidate).toMatchObject({ build: { fixes: fixable(2, 1, '1.2.8').fixes } });
});

it('stops when a rebuild made nothing better', () => {
  const held = next(judged(second(), built(2), fixable(2, 3), policy, at(210)));
  expect(held.candidate).toMatchObject({
    phase: 'blocked',
    why: expect.stringContaining('nothing better (3 before)'),
  });
});

it('stops at the bound of the policy', () => {
  const third = next(judged(second(), built(2), fixable(2, 2), policy, at(210)));
  const held = judged(third, built(3), fixable(3, 1), policy, at(310));
  expect(next(held).candidate).toMatchObject({
    phase: 'blocked',
    why: expect.stringContaining('2 rebuilds were tried'),
  });
  const none = { ...policy, maxRemediations: 0 };
  expect(told(judged(scanning(), built(1), fixable(1), none, at(110)))).toEqual(['ImageBlocked']);
});

it("leaves somebody else's image to them", () => {
  const decision = judged(scanning(), image(9, at(300), ['v2']), fixable(9), policy, at(310));
  expect(told(decision)).toEqual(['ImageBlocked']);
  expect(next(decision).candidate).toMatchObject({
    why: expect.stringContaining('not built from the spec'),
  });
});

it('starts when a fix appears, though as many findings block as before', () => {
  const held = next(judged(scanning(), built(1), unfixable(1), policy, at(110)));
  expect(told(judged(held, built(1), fixable(1), policy, at(120)))).toEqual([
    'ImageBlocked',
    'RemediationRequested',
  ]);
});

it('takes a rebuild that ends in the very same image for what it is', () => {
  const same = { ...built(1), tags: ['build-1', 'build-2'] };
  const again = next(pushed(next(first()), same, at(200)));
  expect(again.candidate.phase).toBe('scanning');
  expect(pushed(again, same, at(201)).outcome).toBe('unchanged');
  expect(next(judged(again, same, fixable(1, 3), policy, at(202))).candidate.phase).toBe('blocked');
});
