/** Stories of an environment's life: any news in any order, twice or never, with time in between. */
import fc from 'fast-check';
import { type Environment, type Image, Part } from '#core/environment.ts';
import type { Health } from '#core/health.ts';
import type { News } from '#core/machine.ts';
import type { Digest, Instant } from '#core/names.ts';
import type { Policy, Waiver } from '#core/policy.ts';
import { wantedDigest } from '#core/release.ts';
import type { Person } from '#core/roles.ts';
import type { Spec } from '#core/spec.ts';
import type { Verdict } from '#core/verdict.ts';
import { previousOf, type WayBack, wayBack } from '#core/way-back.ts';
import { WorkingHours } from '#core/working-hours.ts';
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
  spec,
  team,
  unfixable,
  verdict,
  waiver,
} from './samples.ts';

/** What builds 1 to 3 push, and two images of somebody else: one before and one after all of them. */
const images = [built(1), built(2), built(3), image(9, at(50), ['v1']), image(10, at(900), ['v2'])];
const carol: Person = { name: 'carol', groups: ['members'] };
export const anyImage = fc.constantFrom(...images);
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

/** News before it is known of which environment: what it says of the world may depend on both. */
type Tale =
  | { kind: 'started' | 'failed'; build: number }
  | { kind: 'taken' | 'not-started' | 'not-pointed' }
  | { kind: 'pushed' | 'refused' | 'turned' | 'promoted'; image: Image }
  | { kind: 'judged'; image: Image; verdict: Verdict }
  | { kind: 'approved'; image: Image; person: Person }
  | { kind: 'observed'; health: (now: Instant) => Health }
  | { kind: 'pointed'; target: string }
  | { kind: 'paged'; heard: number }
  | { kind: 'changed'; spec: Spec }
  | { kind: 'rebuild-asked' | 'stop-asked' | 'start-asked' | 'deletion-asked' }
  | { kind: 'extension-asked' | 'time-came' }
  | { kind: 'part-seen'; part: Part; gone: boolean };

/** Of few seconds: rollouts are to fail between two looks of a story, which come when they are due or late. */
export const quick: Spec = { ...spec, readyWithinSeconds: 60 };

/** They turn some times in a story. */
const workingHours = WorkingHours.parse({
  timeZone: 'UTC',
  from: '12:05',
  to: '12:15',
  days: ['sun', 'mon'],
});

/** The policy turns, and the one waiver ends, in the midst of most stories. */
export const policyAt = (now: Instant): Policy => (now < at(1500) ? policy : { ...policy, version: '2' });
const waivers = [waiver({ expiresAt: at(800) })];
export const waiversAt = (now: Instant): readonly Waiver[] =>
  waivers.filter(({ expiresAt }) => expiresAt > now);

/** Another image, more memory, both, and what time asks for. */
const specs: readonly Spec[] = [
  quick,
  { ...quick, command: ['sleep', '1'] },
  { ...quick, resources: { ...spec.resources, memoryMiB: 512 } },
  { ...quick, command: ['sleep', '2'], replicas: { min: 2, max: 3 } },
  { ...quick, ttl: '20m' },
  { ...quick, workingHours },
];
const digests = fc.constantFrom(1, 2, 3, 10);
const anyHealth = fc.oneof(
  digests.map((n) => (now: Instant) => healthy(n, { readySince: now })),
  digests.map((n) => () => healthy(n, { readySince: at(0) })),
  digests.map((n) => () => healthy(n, { ready: false, problem: 'CrashLoopBackOff' })),
  digests.map(
    (n) => (now: Instant) =>
      healthy(n, { ready: false, lastOom: { at: now, pod: 'app-1', container: 'app', limit: '64Mi' } }),
  ),
  digests.map((n) => () => healthy(n, { ready: false, readySince: undefined, idle: true })),
  digests.map(
    (n) => () =>
      healthy(n, {
        readySince: at(0),
        lastOom: { at: at(700), pod: 'app-1', container: 'app', limit: '64Mi' },
      }),
  ),
);
const build = fc.constantFrom(1, 2, 3);
const anyTale: fc.Arbitrary<Tale> = fc.oneof(
  fc.record({ kind: fc.constantFrom('started' as const, 'failed' as const), build }),
  fc.record({ kind: fc.constantFrom('not-started' as const, 'not-pointed' as const) }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('taken' as const) }) },
  fc.record({
    kind: fc.constantFrom('pushed' as const, 'pushed' as const, 'refused' as const, 'turned' as const),
    image: anyImage,
  }),
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
  fc.record({ kind: fc.constant('paged' as const), heard: fc.constantFrom(1, 2) }),
  fc.record({ kind: fc.constant('changed' as const), spec: fc.constantFrom(...specs) }),
  fc.record({
    kind: fc.constantFrom('rebuild-asked' as const, 'stop-asked' as const, 'start-asked' as const),
  }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('time-came' as const) }) },
  fc.record({ kind: fc.constant('extension-asked' as const) }),
);
/** The end of an environment: few of its stories are to have one early. */
const anyLastTale: fc.Arbitrary<Tale> = fc.oneof(
  fc.record({ kind: fc.constant('deletion-asked' as const) }),
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('part-seen' as const),
      part: fc.constantFrom(...Part.options),
      gone: fc.constantFrom(true, true, false),
    }),
  },
);
const anyStep = fc.record({
  news: fc.oneof({ weight: 20, arbitrary: anyTale }, { weight: 1, arbitrary: anyLastTale }),
  isAimed: fc.constantFrom(true, true, true, false),
  wait: fc.constantFrom(0, 1, 30, 80, 80, 130, 700),
});
const anyLastStep = fc.record({
  news: fc.oneof(anyTale, anyLastTale),
  isAimed: fc.constant(true),
  wait: fc.constantFrom(0, 30, 130),
});
export const story = fc
  .tuple(
    fc.array(anyStep, { maxLength: 40, size: 'max' }),
    fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(anyLastStep, { maxLength: 20 })),
  )
  .map(([steps, last]) => [...steps, ...last]);

export type Step = typeof anyStep extends fc.Arbitrary<infer S> ? S : never;

/** Most news is of what is newest or released: without aim, few stories would get anywhere. */
function aim(environment: Environment, news: Tale): Tale {
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

export const newestOf = ({ candidate }: Environment): Image | undefined =>
  'image' in candidate ? candidate.image : candidate.replaces;

/** @param verdicts as they are stored, by digest. */
export function newsOf(
  { news: tale, isAimed }: Step,
  environment: Environment,
  verdicts: ReadonlyMap<Digest, Verdict>,
  now: Instant,
): News {
  const told = isAimed ? aim(environment, tale) : tale;
  switch (told.kind) {
    case 'started':
      return {
        kind: 'build-started',
        number: told.build,
        id: `build:${told.build}`,
        content: contentOf(environment),
      };
    case 'taken':
      return { kind: 'taken', content: contentOf(environment) };
    case 'not-started':
      return { kind: 'build-not-started', reason: 'the base is gone' };
    case 'failed':
      return { kind: 'build-failed', id: `build:${told.build}`, reason: 'it failed' };
    case 'pushed':
      return { kind: 'pushed', image: told.image };
    case 'judged': {
      const policy = policyAt(now);
      const policyVersion = policy.version;
      return { ...told, verdict: { ...told.verdict, policyVersion }, policy };
    }
    case 'approved': {
      const { digest } = told.image;
      const stands = { verdict: verdicts.get(digest), policy: policyAt(now) };
      return { kind: 'approved', digest, person: told.person, team, ...stands };
    }
    case 'refused':
    case 'turned': {
      const objection = { ...gone('it was deleted'), judgeAgain: told.kind === 'turned' };
      return { kind: 'promotion-refused', digest: told.image.digest, objection };
    }
    case 'promoted':
      return { kind: 'promoted', digest: told.image.digest };
    case 'observed':
      return { kind: 'observed', health: told.health(now), back: backOf(environment, verdicts, now) };
    case 'pointed':
      return { kind: 'pointed', dns: { name: 'web.checkout.schwifty.example', target: told.target } };
    case 'not-pointed':
      return { kind: 'not-pointed', reason: 'it is not ours' };
    case 'paged':
      return { kind: 'paged', notices: environment.untold.slice(0, told.heard) };
    case 'changed':
      return { kind: 'changed', spec: told.spec, person: ann };
    case 'rebuild-asked':
      return { kind: 'rebuild-asked', useCache: true, person: ann };
    case 'stop-asked':
    case 'deletion-asked':
      return { kind: told.kind, person: ann };
    case 'extension-asked':
      return { kind: 'extension-asked', person: ann, ttl: undefined };
    case 'time-came':
    case 'start-asked': {
      const verdict = verdicts.get(wantedDigest(environment) ?? built(1).digest);
      return { kind: told.kind, person: ann, today: { verdict, policy: policyAt(now), waivers } };
    }
    case 'part-seen':
      return told;
  }
}

/** Builds of one command make images of the same. */
const contentOf = ({ spec: { command = [] } }: Environment): string => command.join(' ');

function backOf({ release }: Environment, verdicts: ReadonlyMap<Digest, Verdict>, now: Instant): WayBack {
  const previous = previousOf(release);
  const verdict = previous && verdicts.get(previous.digest);
  return wayBack(release, { verdict, policy: policyAt(now), waivers, now });
}
