/**
 * The laws of an environment's life, whatever news arrives in whatever order, twice or never: nothing is released
 * that did not pass and that nobody who may has approved, the newest image stays the newest, nothing waits unseen.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { approve, type Person } from '#core/approval.ts';
import { buildFailed, buildStarted, judged, pushed } from '#core/candidate.ts';
import { Environment, type Image } from '#core/environment.ts';
import type { DomainEvent } from '#core/events.ts';
import { flow } from '#core/flow.ts';
import type { Health } from '#core/health.ts';
import { quietSeconds } from '#core/incident.ts';
import { type Digest, type Instant, secondsBetween } from '#core/names.ts';
import { promoted, refusePromotion } from '#core/promotion.ts';
import { stagesToLook } from '#core/reconcile.ts';
import { observed, pointed, wantedDigest } from '#core/release.ts';
import type { Verdict } from '#core/verdict.ts';
import {
  ann,
  at,
  bob,
  built,
  fixable,
  gone,
  healthy,
  image,
  policy,
  requested,
  team,
  unfixable,
  verdict,
} from './samples.ts';

/** What builds 1 to 3 push, and two images of somebody else: one before and one after all of them. */
const images = [built(1), built(2), built(3), image(9, at(50), ['v1']), image(10, at(900), ['v2'])];
const carol: Person = { name: 'carol', groups: ['members'] };
const anyImage = fc.constantFrom(...images);
const anyVerdict = (n: number) =>
  fc.constantFrom(
    verdict(n),
    verdict(n),
    verdict(n),
    verdict(n, { waivers: ['w1'] }),
    fixable(n, 3),
    fixable(n, 2),
    unfixable(n, 2),
    verdict(n, { result: 'stale', blocking: 1 }),
  );
const numberOf = (known: Image) => Number.parseInt(known.digest.slice(-4), 16);

type News =
  | { kind: 'started' | 'failed'; build: number }
  | { kind: 'pushed' | 'refused' | 'promoted'; image: Image }
  | { kind: 'judged'; image: Image; verdict: Verdict }
  | { kind: 'approved'; image: Image; person: Person }
  | { kind: 'observed'; health: (now: Instant) => Health }
  | { kind: 'pointed'; target: string };

const digests = fc.constantFrom(1, 2, 3, 10);
const anyHealth = fc.oneof(
  digests.map((n) => (now: Instant) => healthy(n, { readySince: now })),
  digests.map((n) => () => healthy(n, { readySince: at(0) })),
  digests.map((n) => () => healthy(n, { ready: false, problem: 'CrashLoopBackOff' })),
  digests.map(
    (n) => (now: Instant) =>
      healthy(n, { ready: false, lastOom: { at: now, pod: 'app-1', container: 'app', limit: '64Mi' } }),
  ),
  digests.map(
    (n) => () =>
      healthy(n, {
        readySince: at(0),
        lastOom: { at: at(700), pod: 'app-1', container: 'app', limit: '64Mi' },
      }),
  ),
);
const build = fc.constantFrom(1, 2, 3);
const anyNews: fc.Arbitrary<News> = fc.oneof(
  fc.record({ kind: fc.constantFrom('started' as const, 'failed' as const), build }),
  fc.record({ kind: fc.constantFrom('pushed' as const, 'refused' as const), image: anyImage }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('promoted' as const), image: anyImage }) },
  {
    weight: 3,
    arbitrary: anyImage.chain((known) =>
      fc.record({
        kind: fc.constant('judged' as const),
        image: fc.constant(known),
        verdict: anyVerdict(numberOf(known)),
      }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('approved' as const),
      image: anyImage,
      person: fc.constantFrom(bob, bob, bob, ann, carol),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('observed' as const), health: anyHealth }) },
  fc.record({ kind: fc.constant('pointed' as const), target: fc.constantFrom('10.0.0.9', '10.0.0.10') }),
);
/** Most news is of what is newest or released: without aim, few stories would get anywhere. */
const anyStep = fc.record({
  news: anyNews,
  isAimed: fc.constantFrom(true, true, true, false),
  wait: fc.constantFrom(0, 1, 30, 130, 700),
});
const story = fc.array(anyStep, { maxLength: 40, size: 'max' });

type Step = typeof anyStep extends fc.Arbitrary<infer S> ? S : never;

interface World {
  readonly environment: Environment;
  readonly verdicts: ReadonlyMap<Digest, Verdict>;
  readonly approved: ReadonlySet<Digest>;
  readonly open: ReadonlySet<string>;
}

function decide({ environment, verdicts }: World, news: News, now: Instant) {
  switch (news.kind) {
    case 'started':
      return buildStarted(environment, news.build, `build:${news.build}`, now);
    case 'failed':
      return buildFailed(environment, `build:${news.build}`, 'it failed', now);
    case 'pushed':
      return pushed(environment, news.image, now);
    case 'judged':
      return judged(environment, news.image, news.verdict, policy, now);
    case 'approved':
      return approve({
        environment,
        digest: news.image.digest,
        person: news.person,
        team,
        verdict: verdicts.get(news.image.digest),
        policy,
        now,
      });
    case 'refused':
      return refusePromotion(environment, news.image.digest, gone('it was deleted'), now);
    case 'promoted':
      return promoted(environment, news.image.digest, now);
    case 'observed':
      return observed(environment, news.health(now), now);
    case 'pointed':
      return pointed(environment, { name: 'web.checkout.schwifty.example', target: news.target }, now);
  }
}

function aim({ environment }: World, news: News): News {
  const newest = newestOf(environment);
  if ('image' in news && newest) {
    const { digest } = newest;
    return news.kind === 'judged'
      ? { ...news, image: newest, verdict: { ...news.verdict, digest } }
      : { ...news, image: newest };
  }
  const wanted = wantedDigest(environment);
  if (news.kind !== 'observed' || !wanted) return news;
  return { ...news, health: (now) => ({ ...news.health(now), digest: wanted }) };
}

const newestOf = ({ candidate }: Environment): Image | undefined =>
  'image' in candidate ? candidate.image : candidate.replaces;

function step(world: World, news: News, now: Instant): World {
  const decision = decide(world, news, now);
  const known = new Map(world.verdicts);
  if (news.kind === 'judged') known.set(news.image.digest, news.verdict);
  if (!('environment' in decision)) return { ...world, verdicts: known };
  const environment = Environment.parse(decision.environment);
  expect(environment).toEqual(decision.environment);
  expect(environment.version).toBe(world.environment.version + 1);
  const approved = new Set(world.approved);
  if (news.kind === 'approved') {
    expect(news.person).toBe(bob);
    expect(known.get(news.image.digest)?.result).toBe('pass');
    approved.add(news.image.digest);
  }
  const next = { environment, verdicts: known, approved, open: openAfter(world.open, decision.events, now) };
  check(world, next, news);
  return next;
}

/** An incident is opened when it is not open, and closed when it is and was quiet for long enough. */
function openAfter(before: ReadonlySet<string>, events: readonly DomainEvent[], now: Instant) {
  const open = new Set(before);
  for (const event of events) {
    if (event.type === 'IncidentOpened') {
      expect(open.has(event.incident.kind)).toBe(false);
      open.add(event.incident.kind);
    }
    if (event.type === 'IncidentRecovered') {
      expect(open.delete(event.incident.kind)).toBe(true);
      expect(secondsBetween(event.incident.lastSeenAt, now)).toBeGreaterThanOrEqual(quietSeconds);
    }
  }
  return open;
}

function check(before: World, { environment, approved, open }: World, news: News) {
  const { candidate, release } = environment;
  if (candidate.phase === 'promoting' || candidate.phase === 'promoted') {
    expect(approved).toContain(candidate.image.digest);
    expect(candidate.approval.approver).toBe('bob');
  }
  if (release.phase !== 'none') expect(approved).toContain(release.digest);
  const [older, newer] = [newestOf(before.environment), newestOf(environment)];
  if (older) {
    expect(newer && newer.pushedAt >= older.pushedAt).toBe(true);
    if (newer?.pushedAt === older.pushedAt) expect(newer.digest).toBe(older.digest);
  }
  if (stagesToLook(environment).length > 0) expect(environment.lookAt).toBeDefined();
  if (release.phase === 'none' && before.environment.release.phase !== 'none') throw new Error('unreleased');
  if (news.kind !== 'observed' && news.kind !== 'promoted')
    expect(release).toEqual(before.environment.release);
  expect(environment.builds).toBeLessThanOrEqual(1 + policy.maxRemediations);
  expect(new Set(environment.incidents.map(({ kind }) => kind))).toEqual(open);
}

const beginning = (): World => ({
  environment: requested(),
  verdicts: new Map(),
  approved: new Set(),
  open: new Set(),
});

/** Lives a story through; `see` is called with each piece of news, before and after it was taken. */
function live(steps: readonly Step[], see: (news: News, before: World, after: World, now: Instant) => void) {
  let world = beginning();
  let seconds = 100;
  for (const { news, isAimed, wait } of steps) {
    seconds += wait;
    const before = world;
    const aimed = isAimed ? aim(before, news) : news;
    world = step(before, aimed, at(seconds));
    see(aimed, before, world, at(seconds));
  }
}

it('hold at each step of any story', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(story, (steps) => {
      live(steps, (news, before, _after, now) => {
        const decision = decide(before, news, now);
        if ('environment' in decision) for (const { type } of decision.events) seen.add(type);
      });
    }),
    { numRuns: 500 },
  );
  // The stories went everywhere, or the laws were held against little.
  const all = new Set<string>(flow.flatMap(({ tells }) => tells));
  expect([...all].filter((type) => !seen.has(type))).toEqual(['EnvironmentRequested']);
});

it('the same news twice is the same news once; a second look is only a later look', () =>
  fc.assert(
    fc.property(story, (steps) => {
      live(steps, (news, _before, world, now) => {
        const again = decide(world, news, now);
        if (news.kind === 'observed' && 'environment' in again) {
          expect(again.events).toEqual([]);
          expect({ ...again.environment, version: world.environment.version }).toEqual(world.environment);
        } else expect(again).not.toHaveProperty('environment');
      });
    }),
    { numRuns: 300 },
  ));

it('pushes in any order, some of them twice, leave the newest image', () =>
  fc.assert(
    fc.property(fc.array(anyImage, { minLength: 1, maxLength: 12 }), (pushes) => {
      const last = pushes.reduce((environment, known) => {
        const decision = pushed(environment, known, at(1000));
        return 'environment' in decision ? decision.environment : environment;
      }, requested());
      const newest = pushes.reduce((a, b) => (a.pushedAt < b.pushedAt ? b : a));
      expect(last.candidate).toMatchObject({ phase: 'scanning', image: newest });
    }),
  ));
