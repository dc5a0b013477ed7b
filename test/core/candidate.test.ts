/** The way of an image from request to promotion: each step, and what late or doubled news may not do to it. */
import { describe, expect, it } from 'vitest';
import { buildFailed, buildStarted, isScanAwaited, judged, pushed, request } from '#core/candidate.ts';
import { promoted, refusePromotion } from '#core/promotion.ts';
import {
  at,
  awaiting,
  building,
  built,
  changed,
  deploying,
  digest,
  finding,
  fixable,
  gone,
  image,
  key,
  next,
  policy,
  promoting,
  ready,
  requested,
  scanning,
  spec,
  t0,
  told,
  unfixable,
  verdict,
} from './samples.ts';

describe('request and build', () => {
  it('stores version 1, to be built, and looks after it', () => {
    const decision = request({ key, cluster: 'main', requester: 'ann', spec }, t0);
    expect(next(decision)).toMatchObject({
      version: 1,
      builds: 1,
      candidate: { phase: 'building', build: { number: 1 } },
      release: { phase: 'none' },
      lookAt: at(120),
    });
    expect(changed(decision).events).toEqual([
      { type: 'EnvironmentRequested', build: 1, environment: key, cluster: 'main', at: t0 },
    ]);
    expect(changed(decision).audit).toEqual({ at: t0, actor: 'ann', what: 'asked for the environment' });
  });
  it('starts a build once', () => {
    expect(building()).toMatchObject({ candidate: { build: { id: 'build:1' } }, lookAt: at(121) });
    expect(buildStarted(building(), 1, 'build:1', at(2)).outcome).toBe('unchanged');
    expect(buildStarted(requested(), 2, 'build:2', at(2)).outcome).toBe('unchanged');
    expect(buildStarted(scanning(), 1, 'build:1', at(101)).outcome).toBe('unchanged');
  });
  it('takes the failure of the build that is waited for, and of no other', () => {
    const failed = next(buildFailed(building(), 'build:1', 'no such package', at(50)));
    expect(failed.candidate).toMatchObject({ phase: 'build-failed', reason: 'no such package' });
    expect(failed.lookAt).toBeUndefined();
    expect(buildFailed(building(), 'build:0', 'late', at(50)).outcome).toBe('unchanged');
    expect(buildFailed(scanning(), 'build:1', 'late', at(101)).outcome).toBe('unchanged');
  });
});

describe('pushed', () => {
  it('awaits the scan and looks after it', () => {
    expect(scanning()).toMatchObject({ candidate: { phase: 'scanning', image: built(1) }, lookAt: at(160) });
  });
  it('is told twice and taken once, until the next look is due', () => {
    expect(pushed(scanning(), built(1), at(101)).outcome).toBe('unchanged');
    const again = changed(pushed(scanning(), built(1), at(160)));
    expect(again.environment).toMatchObject({ candidate: scanning().candidate, lookAt: at(220) });
    expect(again).not.toHaveProperty('audit');
  });
  it('of an older image pushes no newer one aside', () => {
    const newer = next(pushed(scanning(), image(7, at(200)), at(201)));
    expect(pushed(newer, built(1), at(202)).outcome).toBe('unchanged');
  });
  it.each([awaiting, promoting, ready])('a newer image takes the place of %o', (environment) => {
    expect(next(pushed(environment(), image(7, at(500)), at(501))).candidate.phase).toBe('scanning');
  });
});

it('waits for a scan half an hour, then judges that there is none', () => {
  expect(isScanAwaited({ status: 'pending' }, image(1, t0), at(1799))).toBe(true);
  expect(isScanAwaited({ status: 'missing' }, image(1, t0), at(1799))).toBe(true);
  expect(isScanAwaited({ status: 'pending' }, image(1, t0), at(1800))).toBe(false);
  expect(isScanAwaited({ status: 'failed', reason: 'x' }, image(1, t0), at(1))).toBe(false);
});

describe('judged', () => {
  it('passed: waits for approval under what it was judged by, and is told once', () => {
    const decision = judged(scanning(), built(1), verdict(1, { waivers: ['w1'] }), policy, at(110));
    expect(told(decision)).toEqual(['ImagePassed']);
    const environment = next(decision);
    expect(environment.candidate).toMatchObject({
      phase: 'awaiting-approval',
      basis: { policyVersion: '1', waivers: ['w1'] },
    });
    expect(environment.lookAt).toBeUndefined();
    expect(judged(environment, built(1), verdict(1, { waivers: ['w1'] }), policy, at(111)).outcome).toBe(
      'unchanged',
    );
    expect(told(judged(environment, built(1), verdict(1), policy, at(111)))).toEqual(['ImagePassed']);
  });
  it('needs no word of the push', () => {
    expect(next(judged(building(), built(1), verdict(1), policy, at(110))).candidate.phase).toBe(
      'awaiting-approval',
    );
  });
  it('blocked without a fix: held with the reason, told once', () => {
    const decision = judged(scanning(), built(1), unfixable(1), policy, at(110));
    expect(told(decision)).toEqual(['ImageBlocked']);
    expect(next(decision).candidate).toMatchObject({
      phase: 'blocked',
      blocking: 1,
      why: expect.stringContaining('CVE-2021-44906 CRITICAL: minimist 1.2.5'),
    });
    expect(judged(next(decision), built(1), unfixable(1), policy, at(111)).outcome).toBe('unchanged');
    const reasons = [{ rule: 'severity' as const, finding: finding({ id: 'CVE-2', fix: 'no' }) }];
    const another = { ...unfixable(1), reasons };
    expect(told(judged(next(decision), built(1), another, policy, at(111)))).toEqual(['ImageBlocked']);
  });
  it.each(['block', 'stale'] as const)('the verdict turns to %s while it waits', (result) => {
    const turned = verdict(1, { result, blocking: 1 });
    for (const environment of [awaiting(), promoting()]) {
      expect(next(judged(environment, built(1), turned, policy, at(130))).candidate.phase).toBe('blocked');
    }
  });
  it('a blocked image passes when it may', () => {
    const held = next(judged(scanning(), built(1), unfixable(1), policy, at(110)));
    expect(told(judged(held, built(1), verdict(1), policy, at(120)))).toEqual(['ImagePassed']);
  });
  it('leaves alone what is promoted, refused, being promoted, or older', () => {
    const refused = next(refusePromotion(promoting(), digest(1), gone('gone'), at(125)));
    const done = next(promoted(promoting(), digest(1), at(125)));
    for (const environment of [refused, done, promoting()]) {
      expect(judged(environment, built(1), verdict(1), policy, at(126)).outcome).toBe('unchanged');
    }
    expect(judged(done, built(1), unfixable(1), policy, at(126)).outcome).toBe('unchanged');
    expect(judged(scanning(2), built(1), verdict(1), policy, at(300)).outcome).toBe('unchanged');
  });
});

describe('promotion', () => {
  it('is refused with the reason, of the digest that is being promoted', () => {
    const decision = refusePromotion(promoting(), digest(1), gone('the image was deleted'), at(125));
    expect(told(decision)).toEqual(['PromotionRefused']);
    expect(next(decision).candidate).toMatchObject({ phase: 'refused', reason: 'the image was deleted' });
    expect(refusePromotion(promoting(), digest(2), gone('x'), at(125)).outcome).toBe('unchanged');
    expect(refusePromotion(awaiting(), digest(1), gone('x'), at(125)).outcome).toBe('unchanged');
  });
  it('sets what the cluster is to run, with a deadline', () => {
    const decision = promoted(promoting(), digest(1), at(125));
    expect(told(decision)).toEqual(['ImagePromoted']);
    expect(next(decision)).toMatchObject({
      candidate: { phase: 'promoted', approval: { approver: 'bob' } },
      release: { phase: 'deploying', digest: digest(1), deadline: at(725) },
      lookAt: at(245),
    });
    expect(promoted(next(decision), digest(1), at(126)).outcome).toBe('unchanged');
    expect(promoted(awaiting(), digest(1), at(126)).outcome).toBe('unchanged');
    expect(promoted(promoting(), digest(2), at(126)).outcome).toBe('unchanged');
  });
});

describe('the looks at what runs', () => {
  it('go on when a new image waits for nothing more', () => {
    const newer = next(pushed(ready(), image(7, at(150)), at(151)));
    expect(newer.lookAt).toBe(at(200));
    expect(next(judged(newer, image(7, at(150)), unfixable(7), policy, at(152))).lookAt).toBe(at(200));
    expect(next(judged(newer, image(7, at(150)), verdict(7), policy, at(152))).lookAt).toBe(at(200));
  });
  it('are not put off by it, and it may bring them nearer', () => {
    expect(next(pushed({ ...deploying(), lookAt: at(135) }, image(7, at(134)), at(134))).lookAt).toBe(
      at(135),
    );
    expect(next(pushed({ ...ready(), lookAt: at(900) }, image(7, at(134)), at(134))).lookAt).toBe(at(194));
  });
  it('are due again later where they were due already', () => {
    expect(next(pushed(ready(), image(7, at(250)), at(251))).lookAt).toBe(at(311));
    expect(next(judged(ready(), image(7, at(250)), fixable(7), policy, at(251))).lookAt).toBe(at(200));
  });
});
