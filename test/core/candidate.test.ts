/** The way of an image from request to promotion: each step, and what late or doubled news may not do to it. */
import { describe, expect, it } from 'vitest';
import { buildFailed, buildStarted, request } from '#core/build.ts';
import { imageToJudge, isScanAwaited, judged, pushed } from '#core/candidate.ts';
import { promoted, refusePromotion } from '#core/promotion.ts';
import {
  at,
  awaiting,
  building,
  built,
  changed,
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
  released,
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
      candidate: { phase: 'building', build: { number: 1 }, lookAt: at(120) },
      release: { phase: 'none' },
    });
    expect(changed(decision).events).toEqual([
      {
        type: 'EnvironmentRequested',
        build: 1,
        environment: key,
        cluster: 'main',
        at: t0,
        sequence: { version: 1, position: 0 },
      },
    ]);
    expect(changed(decision).audit).toEqual({ at: t0, actor: 'ann', what: 'asked for the environment' });
  });
  it('starts a build once', () => {
    expect(building()).toMatchObject({ candidate: { build: { id: 'build:1' }, lookAt: at(121) } });
    expect(buildStarted(building(), { number: 1, id: 'build:1', content: 'c-1' }, at(2)).outcome).toBe(
      'unchanged',
    );
    expect(buildStarted(requested(), { number: 2, id: 'build:2', content: 'c-2' }, at(2)).outcome).toBe(
      'unchanged',
    );
    expect(buildStarted(scanning(), { number: 1, id: 'build:1', content: 'c-1' }, at(101)).outcome).toBe(
      'unchanged',
    );
  });
  it('takes the failure of the build that is waited for, and of no other', () => {
    const failed = next(buildFailed(building(), 'build:1', 'no such package', at(50)));
    expect(failed.candidate).toMatchObject({ phase: 'build-failed', reason: 'no such package' });
    expect(failed.candidate).not.toHaveProperty('lookAt');
    expect(buildFailed(building(), 'build:0', 'late', at(50)).outcome).toBe('unchanged');
    expect(buildFailed(scanning(), 'build:1', 'late', at(101)).outcome).toBe('unchanged');
  });
});

describe('pushed', () => {
  it('awaits the scan and looks after it', () => {
    expect(scanning()).toMatchObject({ candidate: { phase: 'scanning', image: built(1), lookAt: at(160) } });
  });
  it('is told twice and taken once, until the next look is due', () => {
    expect(pushed(scanning(), built(1), at(101)).outcome).toBe('unchanged');
    const again = changed(pushed(scanning(), built(1), at(160)));
    expect(again.environment).toMatchObject({ candidate: { ...scanning().candidate, lookAt: at(220) } });
    expect(again).not.toHaveProperty('audit');
  });
  it('of an older image pushes no newer one aside', () => {
    const newer = next(pushed(scanning(), image(7, at(200)), at(201)));
    expect(pushed(newer, built(1), at(202)).outcome).toBe('unchanged');
  });
  it('of two of one second the one that is heard of last is the newer, and late news of the other change nothing', () => {
    const [other, third] = [image(7, built(1).pushedAt), image(8, built(1).pushedAt)];
    const second = next(pushed(scanning(), other, at(102)));
    expect(second.candidate).toMatchObject({ phase: 'scanning', image: { digest: other.digest } });
    for (const late of [built(1), other]) expect(pushed(second, late, at(103)).outcome).toBe('unchanged');
    const last = next(pushed(second, third, at(104)));
    for (const late of [built(1), other, third])
      expect(pushed(last, late, at(105)).outcome).toBe('unchanged');
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
      lookAt: at(710),
    });
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
    const unknown = verdict(1, { result: 'stale', blocking: 1 });
    expect(judged(done, built(1), unknown, policy, at(126)).outcome).toBe('unchanged');
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
  it('sets what the cluster is to run, whose time begins with the first look', () => {
    const decision = promoted(promoting(), digest(1), at(125));
    expect(told(decision)).toEqual(['ImagePromoted']);
    expect(next(decision)).toMatchObject({
      candidate: { phase: 'promoted', approval: { approver: 'bob' } },
      recheckAt: at(3725),
    });
    expect(next(decision).release).toEqual({
      phase: 'deploying',
      ...released(1),
      since: at(125),
      lookAt: at(245),
    });
    expect(promoted(next(decision), digest(1), at(126)).outcome).toBe('unchanged');
    expect(promoted(awaiting(), digest(1), at(126)).outcome).toBe('unchanged');
    expect(promoted(promoting(), digest(2), at(126)).outcome).toBe('unchanged');
  });
});

describe('the verdict on what waits for a person', () => {
  const held = next(judged(scanning(), built(1), unfixable(1), policy, at(110)));
  it.each([
    ['an image that passed', awaiting(), verdict(1)],
    ['a blocked one', held, unfixable(1)],
  ])(
    'is found again every ten minutes, and where it is the same nothing is told: %s',
    (_, environment, same) => {
      expect(judged(environment, built(1), same, policy, at(709)).outcome).toBe('unchanged');
      const again = changed(judged(environment, built(1), same, policy, at(710)));
      expect(again.events).toEqual([]);
      expect(again).not.toHaveProperty('audit');
      expect(again.environment.candidate).toEqual({ ...environment.candidate, lookAt: at(1310) });
      expect(imageToJudge(environment, at(709))).toBeUndefined();
      expect(imageToJudge(environment, at(710))).toEqual(built(1));
    },
  );
  it('turns with the policy and with a waiver', () => {
    const newer = verdict(1, { policyVersion: '2' });
    expect(next(judged(awaiting(), built(1), newer, policy, at(710))).candidate).toMatchObject({
      basis: { policyVersion: '2' },
    });
    const waived = verdict(1, { waivers: ['w1'] });
    expect(next(judged(held, built(1), waived, policy, at(710))).candidate.phase).toBe('awaiting-approval');
  });
  it("is nobody's to find while it is promoted, or once it is decided", () => {
    for (const environment of [building(), promoting(), next(promoted(promoting(), digest(1), at(125)))])
      expect(imageToJudge(environment, at(9999))).toBeUndefined();
  });
});

describe('a finding on what is released', () => {
  const done = () => next(promoted(promoting(), digest(1), at(125)));
  it('voids its approval, and what can be fixed is rebuilt fixed, with tries of its own', () => {
    expect(next(judged(done(), built(1), unfixable(1), policy, at(200))).candidate.phase).toBe('blocked');
    const tried = { ...done(), remediation: { attempts: 0, fixes: [] } };
    const decision = judged(tried, built(1), fixable(1), policy, at(200));
    expect(told(decision)).toEqual(['ImageBlocked', 'RemediationRequested']);
    expect(next(decision).release).toEqual(done().release);
  });
  it('counts no try of before the promotion', () => {
    const worn = { ...promoting(), remediation: { attempts: 2, fixes: fixable(1).fixes, blockingBefore: 1 } };
    expect(next(promoted(worn, digest(1), at(125))).remediation).toEqual({
      attempts: 0,
      fixes: fixable(1).fixes,
    });
  });
});

it('what runs and the newest image are looked at apart: neither puts the other off', () => {
  const newer = next(pushed(ready(), image(7, at(150)), at(151)));
  expect(newer).toMatchObject({ candidate: { lookAt: at(211) }, release: ready().release });
  const held = next(judged(newer, image(7, at(150)), unfixable(7), policy, at(152)));
  expect(held.release).toEqual(ready().release);
});
