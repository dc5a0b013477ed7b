/**
 * The way of an environment's newest image: pushed, scanned, judged. Each function takes what was read and what was
 * learnt, and says what shall be; doubled and late news change nothing. What comes before the image is in build.ts, what
 * comes after the verdict in approval.ts and promotion.ts.
 */
import { building } from './build.ts';
import { type Change, change, type Decision, unchanged } from './decision.ts';
import { type Environment, type Image, newestImage } from './environment.ts';
import { unreachable } from './errors.ts';
import type { Scan } from './finding.ts';
import { buildTag, newestBuild, shortDigest } from './image.ts';
import { addSeconds, type Instant, secondsBetween } from './names.ts';
import type { Policy } from './policy.ts';
import { storyOfPush } from './story.ts';
import { newAt } from './taken.ts';
import { explain, type Fix, hasFindings, type Verdict } from './verdict.ts';

/** After this long without news of a scan, reconcile asks. */
const scanPatienceSeconds = 60;
const scanDeadlineSeconds = 1800;
/** A verdict that nothing hangs upon but a person: a policy or a waiver that changed is found within this time. */
const verdictPatienceSeconds = 600;
/** A second is short: more than these are a fault of who pushes. */
const mostBeside = 20;

const isKnown = (environment: Environment, image: Image): boolean =>
  newestImage(environment)?.digest === image.digest;

/** What was built, even where it is the very image that it was to replace. */
const isBuilt = ({ candidate, builds }: Environment, image: Image): boolean =>
  !('image' in candidate) && image.tags.includes(buildTag(builds));

/** An image that we did not build begins a story of its own. */
const newStory = (environment: Environment, image: Image): Pick<Environment, 'stories'> =>
  isKnown(environment, image) || isBuilt(environment, image)
    ? {}
    : { stories: { ...environment.stories, candidate: storyOfPush(image) } };

/** A build that ended after the next one was asked for, or was spared, is of an older spec. */
function isOfOlderBuild({ candidate, builds }: Environment, { digest, tags }: Image): boolean {
  const isTaken = 'image' in candidate && candidate.image.takenAt !== undefined;
  if (isTaken && candidate.image.digest === digest) return false;
  return (isTaken || candidate.phase === 'building') && (newestBuild(tags) ?? builds) < builds;
}

/** True when `image` is the newest known: news of an older push must not push a newer image aside. */
const isNewest = (environment: Environment, image: Image): boolean => {
  const known = newestImage(environment);
  if (isOfOlderBuild(environment, image)) return false;
  if (known === undefined || known.digest === image.digest) return true;
  return newAt(known) < image.pushedAt || isBesideNew(known, image);
};

/** Of two that were pushed in one second the registry tells no order: the one that was heard of last is the newer. */
const isBesideNew = (known: Image, image: Image): boolean =>
  newAt(known) === image.pushedAt && !known.beside?.includes(image.digest);

/** The registry knows neither that it was taken again, nor what was heard of before it. */
function asKnown(environment: Environment, image: Image): Image {
  const known = newestImage(environment);
  if (known === undefined) return image;
  const { takenAt, beside = [] } = known;
  if (known.digest === image.digest)
    return { ...image, ...(takenAt !== undefined && { takenAt }), ...(known.beside && { beside }) };
  if (newAt(known) !== image.pushedAt) return image;
  return { ...image, beside: [known.digest, ...beside].slice(0, mostBeside) };
}

/** A scan that has not ended is waited for, but not for ever: then its absence is what is judged. */
export const isScanAwaited = (scan: Scan, image: Image, now: Instant): boolean =>
  (scan.status === 'pending' || scan.status === 'missing') &&
  secondsBetween(image.pushedAt, now) < scanDeadlineSeconds;

/** It is there, and its scan has not ended. */
export function pushed(environment: Environment, told: Image, now: Instant): Decision {
  const image = asKnown(environment, told);
  if (!isNewest(environment, image)) return unchanged('a newer image was pushed since');
  if (isKnown(environment, image) && !isBuilt(environment, image))
    return lookedAt(environment, image, now, 'this push is known');
  const what = `${shortDigest(image.digest)} was pushed, its scan is awaited`;
  const lookAt = addSeconds(now, scanPatienceSeconds);
  const candidate = { phase: 'scanning' as const, image, since: now, lookAt };
  const parts = { candidate, ...newStory(environment, image) };
  return change(environment, parts, { at: now, actor: 'gate', what });
}

/** Nothing turned: where the gate was to look, it has looked, and says when it will again. */
function lookedAt(environment: Environment, image: Image, now: Instant, why: string): Decision {
  const held = heldByGate(environment);
  if (held?.image.digest !== image.digest || held.lookAt > now) return unchanged(why);
  const patience = held.phase === 'scanning' ? scanPatienceSeconds : verdictPatienceSeconds;
  const candidate = { ...held, lookAt: addSeconds(now, patience) };
  return change(environment, { candidate }, { at: now, actor: 'gate' });
}

/** The newest image, where its verdict may turn without anything else happening. */
function heldByGate({ candidate }: Environment) {
  switch (candidate.phase) {
    case 'scanning':
    case 'blocked':
    case 'awaiting-approval':
      return candidate;
    default:
      return undefined;
  }
}

/** The newest image, where the gate is to look at it by now. */
export function imageToJudge(environment: Environment, now: Instant): Image | undefined {
  const held = heldByGate(environment);
  return held && held.lookAt <= now ? held.image : undefined;
}

/** The gate's verdict on an image. It may turn while the image waits for its approval or its promotion, and after. */
export function judged(
  environment: Environment,
  image: Image,
  verdict: Verdict,
  policy: Policy,
  now: Instant,
): Decision {
  const decision = decide(environment, image, verdict, policy, now);
  return decision.outcome === 'unchanged' ? lookedAt(environment, image, now, decision.why) : decision;
}

function decide(environment: Environment, told: Image, verdict: Verdict, policy: Policy, now: Instant) {
  const image = asKnown(environment, told);
  if (!isNewest(environment, image)) return unchanged('a newer image was pushed since');
  const { candidate } = environment;
  const same = isKnown(environment, image);
  if (same && !('image' in candidate) && !isBuilt(environment, image))
    return unchanged('a rebuild replaces it');
  if (same && candidate.phase === 'refused') return unchanged('its promotion is decided');
  // What is released loses its approval by a finding alone: that no scan says anything now is no news of it.
  if (same && candidate.phase === 'promoted' && !hasFindings(verdict))
    return unchanged('its promotion is decided');
  switch (verdict.result) {
    case 'pass':
      return passed(environment, image, verdict, same, now);
    case 'block':
    case 'stale':
      return blocked(environment, image, verdict, policy, now);
    default:
      return unreachable(verdict.result);
  }
}

function passed(
  environment: Environment,
  image: Image,
  verdict: Verdict,
  same: boolean,
  now: Instant,
): Decision {
  const { candidate } = environment;
  const basis = { policyVersion: verdict.policyVersion, waivers: verdict.waivers };
  if (same && candidate.phase === 'promoting') return unchanged('it is approved and being promoted');
  if (same && candidate.phase === 'awaiting-approval' && sameBasis(candidate.basis, basis)) {
    return unchanged('the verdict is the same');
  }
  const what = `${shortDigest(image.digest)} passed under policy ${verdict.policyVersion}`;
  const events = [{ type: 'ImagePassed' as const, digest: image.digest }];
  const lookAt = addSeconds(now, verdictPatienceSeconds);
  const waiting = { phase: 'awaiting-approval' as const, image, basis, since: now, lookAt };
  const { attempts, fixes } = environment.remediation;
  const parts = { candidate: waiting, remediation: { attempts, fixes }, ...newStory(environment, image) };
  return change(environment, parts, { at: now, actor: 'gate', what, events });
}

function blocked(
  environment: Environment,
  image: Image,
  verdict: Verdict,
  policy: Policy,
  now: Instant,
): Decision {
  const { candidate } = environment;
  const { blocking } = verdict;
  const hindrance = whyNoRebuild(environment, image, verdict, policy);
  if (hindrance === undefined) return rebuild(environment, image, verdict, now);
  const first = verdict.reasons[0];
  const why = `${first ? explain(first, verdict.policyVersion) : verdict.result}. Not rebuilt: ${hindrance}.`;
  const same = isKnown(environment, image) && candidate.phase === 'blocked';
  if (same && candidate.blocking === blocking && candidate.why === why) {
    return unchanged('the verdict is the same');
  }
  const lookAt = addSeconds(now, verdictPatienceSeconds);
  const held = { phase: 'blocked' as const, image, blocking, why, since: now, lookAt };
  const events = [{ type: 'ImageBlocked' as const, digest: image.digest, blocking }];
  const what = `${shortDigest(image.digest)} is blocked by ${blocking}: ${hindrance}`;
  const parts = { candidate: held, ...newStory(environment, image) };
  return change(environment, parts, { at: now, actor: 'gate', what, events });
}

function rebuild(environment: Environment, image: Image, verdict: Verdict, now: Instant): Change {
  const { digest } = image;
  const { blocking } = verdict;
  const number = environment.builds + 1;
  const fixes = allFixes(environment, verdict.fixes);
  const parts = {
    ...building(environment, { number, fixes }, now, image),
    remediation: { attempts: environment.remediation.attempts + 1, fixes, blockingBefore: blocking },
    ...newStory(environment, image),
  };
  const events = [
    { type: 'ImageBlocked' as const, digest, blocking },
    { type: 'RemediationRequested' as const, build: number, fixes },
  ];
  const what = `${shortDigest(digest)} is blocked by ${blocking}, build ${number} fixes them`;
  return change(environment, parts, { at: now, actor: 'gate', what, events });
}

/** Why a rebuild would not help; undefined when it is worth a try. */
function whyNoRebuild(
  { spec, builds, remediation }: Environment,
  image: Image,
  verdict: Verdict,
  policy: Policy,
) {
  if (spec.base === undefined)
    return 'it is taken as it is: fix it at its source, and change the spec to what is fixed';
  if (verdict.fixes.length === 0) return 'not everything that blocks has a fix that a rebuild can bring';
  if (!image.tags.includes(buildTag(builds)) && image.takenAt === undefined)
    return 'it was not built from the spec: fix it where it was built';
  if (remediation.attempts >= policy.maxRemediations) return `${remediation.attempts} rebuilds were tried`;
  const before = remediation.blockingBefore;
  if (before !== undefined && verdict.blocking >= before)
    return `the last rebuild made nothing better (${before} before)`;
  return undefined;
}

/** Fixes of earlier tries stay: a rebuild that dropped them would be blocked again. */
function allFixes({ remediation }: Environment, fixes: readonly Fix[]): Fix[] {
  const isRedone = (fix: Fix) => fixes.some((f) => f.manager === fix.manager && f.package === fix.package);
  return [...remediation.fixes.filter((fix) => !isRedone(fix)), ...fixes];
}

interface Basis {
  readonly policyVersion: string;
  readonly waivers: readonly string[];
}
export const sameBasis = (a: Basis, b: Basis): boolean =>
  a.policyVersion === b.policyVersion && a.waivers.join() === b.waivers.join();
