/** One id for a story: from a request or a push until Ready, and one for each incident after it. */
import { describe, expect, it } from 'vitest';
import { approve } from '#core/approval.ts';
import { buildStarted, request } from '#core/build.ts';
import { judged, pushed } from '#core/candidate.ts';
import { causedBy } from '#core/decision.ts';
import { Environment } from '#core/environment.ts';
import { DomainEvent } from '#core/events.ts';
import { promoted } from '#core/promotion.ts';
import { lookFor, looksBeforeReconcile } from '#core/reconcile.ts';
import { observed } from '#core/release.ts';
import {
  at,
  bob,
  built,
  changed,
  fixable,
  healthy,
  image,
  key,
  next,
  policy,
  released,
  requested,
  spec,
  team,
  verdict,
} from './samples.ts';

const asked = () =>
  changed(request({ key, cluster: 'main', requester: 'ann', spec, story: 'request-1' }, at(0)));
const storiesOf = (decision: Parameters<typeof changed>[0]) =>
  changed(decision).events.map(({ story }) => story);

describe('a story', () => {
  it('goes on from the request to Ready: builds, verdicts, approval, promotion, rollout', () => {
    let environment = asked().environment;
    expect(asked().audit?.story).toBe('request-1');
    expect(storiesOf(asked())).toEqual(['request-1']);
    environment = next(buildStarted(environment, { number: 1, id: 'build:1', content: 'c-1' }, at(1)));
    environment = next(pushed(environment, built(1), at(100)));
    const blocked = judged(environment, built(1), fixable(1), policy, at(110));
    expect(storiesOf(blocked)).toEqual(['request-1', 'request-1']);
    environment = next(blocked);
    environment = next(judged(environment, built(2), verdict(2), policy, at(210)));
    const request = {
      environment,
      digest: built(2).digest,
      person: bob,
      team,
      verdict: verdict(2),
      policy,
      now: at(220),
    };
    const approval = approve(request);
    expect(storiesOf(approval)).toEqual(['request-1']);
    environment = next(promoted(next(approval), built(2).digest, at(230)));
    expect(environment.stories).toEqual({ candidate: 'request-1', release: 'request-1' });
    const ready = observed(environment, healthy(2), at(240));
    expect(storiesOf(ready)).toEqual(['request-1']);
    expect(changed(ready).audit?.story).toBe('request-1');
  });

  it('begins with a push by hand, the same whichever event tells of it', () => {
    const before = { ...asked().environment };
    const other = image(9, at(50), ['by-hand']);
    const byPush = next(pushed(before, other, at(60)));
    const byScan = next(judged(before, other, verdict(9), policy, at(60)));
    expect(byPush.stories?.candidate).toBe(`push/${other.digest.slice(7, 19)}/${at(50)}`);
    expect(byScan.stories?.candidate).toBe(byPush.stories?.candidate);
    expect(storiesOf(judged(byPush, other, verdict(9), policy, at(70)))).toEqual([byPush.stories?.candidate]);
  });

  it("of what runs is not taken over by a new image's", () => {
    const runs: Environment = {
      ...asked().environment,
      stories: { candidate: 'request-1', release: 'request-1' },
      release: { phase: 'deploying', ...released(1), since: at(10), lookAt: at(65), deadline: at(600) },
    };
    const both = next(pushed(runs, image(9, at(50), ['v2']), at(60)));
    expect(both.stories).toEqual({ candidate: expect.stringMatching(/^push\//), release: 'request-1' });
    expect(storiesOf(observed(both, healthy(1), at(70)))).toEqual(['request-1']);
    expect(lookFor(both, 'deploy').story).toBe('request-1');
    expect(lookFor(both, 'gate').story).toMatch(/^push\//);
  });

  it('of an incident is its own, and goes on until it is over', () => {
    const runs: Environment = {
      ...asked().environment,
      stories: { candidate: 'request-1', release: 'request-1' },
      release: { phase: 'ready', ...released(1), address: '10.0.0.9', since: at(10), lookAt: at(70) },
    };
    const oom = { at: at(700), pod: 'app-1', container: 'app', limit: '64Mi' };
    const opened = observed(runs, healthy(1, { ready: false, problem: 'restarting', lastOom: oom }), at(710));
    const story = 'checkout/web/oom/2';
    expect(storiesOf(opened)).toEqual([story]);
    expect(changed(opened).audit?.story).toBe(story);
    expect(lookFor(next(opened), 'deploy').story).toBe(story);
    const again = observed(next(opened), healthy(1, { readySince: at(720), lastOom: oom }), at(730));
    expect(storiesOf(again)).toEqual([story]);
    const over = observed(next(again), healthy(1, { readySince: at(720), lastOom: oom }), at(900));
    expect(changed(over).events).toMatchObject([{ type: 'IncidentRecovered', story }]);
    expect(changed(over).audit?.story).toBe(story);
    expect(lookFor(next(over), 'deploy').story).toBe('request-1');
  });

  it('is unknown where it was before there were any: nothing else changes', () => {
    const old = requested();
    expect(Environment.parse(old)).toEqual(old);
    const decision = changed(
      pushed(next(buildStarted(old, { number: 1, id: 'b', content: 'c-1' }, at(1))), built(1), at(100)),
    );
    expect(decision.audit).not.toHaveProperty('story');
    expect(decision.environment).not.toHaveProperty('stories');
    const looks = looksBeforeReconcile([], decision.environment, at(150));
    expect(looks).toHaveLength(1);
    for (const look of looks) expect(look).not.toHaveProperty('story');
  });
});

describe('a cause', () => {
  it('is on the audit line and on each event; without one nothing is', () => {
    const change = causedBy(asked(), 'message-7');
    expect(change.audit).toMatchObject({ cause: 'message-7', story: 'request-1' });
    expect(change.events.map(({ cause }) => cause)).toEqual(['message-7']);
    expect(causedBy(asked(), undefined)).toEqual(asked());
    expect(change.environment).toEqual(asked().environment);
  });
});

describe('a sequence', () => {
  it('orders the events of an environment by version, and by place within a change', () => {
    const blocked = changed(
      judged(
        next(
          pushed(
            next(buildStarted(requested(), { number: 1, id: 'b', content: 'c-1' }, at(1))),
            built(1),
            at(100),
          ),
        ),
        built(1),
        fixable(1),
        policy,
        at(110),
      ),
    );
    expect(blocked.events.map(({ type, sequence }) => [type, sequence])).toEqual([
      ['ImageBlocked', { version: 4, position: 0 }],
      ['RemediationRequested', { version: 4, position: 1 }],
    ]);
  });

  it('is missing from older events, which are read all the same', () => {
    const [event] = changed(request({ key, cluster: 'main', requester: 'ann', spec }, at(0))).events;
    const { sequence: _, ...old } = event ?? {};
    expect(DomainEvent.safeParse(old).success).toBe(true);
  });
});
