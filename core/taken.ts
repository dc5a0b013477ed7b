/**
 * An image that was released before, asked for again by its content: it is not built twice. It is released by the same
 * promotion as any other, which reads its findings and judges them again, and holds the approval that a person gave to
 * this digest against the policy and the waivers of today. What speaks against it then has it built after all.
 */
import { building } from './build.ts';
import { type Change, change, type Decision, unchanged } from './decision.ts';
import type { Candidate, Environment, Image, Known } from './environment.ts';
import { buildTag, shortDigest } from './image.ts';
import { addSeconds, type Digest, type Instant } from './names.ts';

/** How soon the promoter looks if its event is lost. */
const promotionPatienceSeconds = 120;
/** As many changes of mind as anybody has; the item stays small. */
const kept = 5;

/** The image that the build asked for would only make again; undefined where there is none, or a new one is wanted. */
export function takeable({ candidate, known }: Environment, content: string): Known | undefined {
  if (candidate.phase !== 'building' || !candidate.build.mayTake) return undefined;
  return known.find((each) => each.content === content);
}

/** Instead of a build. */
export function taken(environment: Environment, content: string, now: Instant): Decision {
  const { candidate, known } = environment;
  const found = takeable(environment, content);
  if (candidate.phase !== 'building' || candidate.build.id !== undefined || found === undefined)
    return unchanged('no build waits that could be spared');
  const { approval, fixes } = found;
  const image = { ...found.image, takenAt: newerThan(candidate.replaces, now) };
  const promoting: Candidate = {
    phase: 'promoting',
    image,
    approval,
    since: now,
    lookAt: addSeconds(now, promotionPatienceSeconds),
  };
  const { number } = candidate.build;
  const parts = {
    candidate: promoting,
    known: [found, ...known.filter((each) => each !== found)],
    remediation: { attempts: 0, fixes },
  };
  const { digest } = image;
  const what = `build ${number} is spared: ${shortDigest(digest)} is made of the same, and ${approval.approver} approved it at ${approval.approvedAt}`;
  const events = [{ type: 'ImageTaken' as const, digest, build: number }];
  return change(environment, parts, { at: now, actor: 'build', what, events });
}

/** It may not be released today, or is gone: it is built after all, with nothing of what it was built of then. */
export function takenInVain(environment: Environment, digest: Digest, reason: string, now: Instant): Change {
  const number = environment.builds + 1;
  const build = { number, fixes: environment.remediation.fixes, withoutCache: true };
  const parts = {
    ...building(environment, build, now),
    known: environment.known.filter(({ image }) => image.digest !== digest),
  };
  const events = [
    { type: 'PromotionRefused' as const, digest, reason },
    { type: 'RemediationRequested' as const, build: number, fixes: build.fixes },
  ];
  const what = `${shortDigest(digest)} was not promoted again: ${reason}; build ${number} replaces it`;
  return change(environment, parts, { at: now, actor: 'promote', what, events });
}

/** What is known after a promotion. An image that we did not build is made of what nobody knows. */
export function knownAfter(
  { known, builtOf, remediation: { fixes } }: Environment,
  { image, approval }: Pick<Known, 'image' | 'approval'>,
): Known[] {
  if (builtOf === undefined || !image.tags.includes(buildTag(builtOf.build))) return known;
  const { content } = builtOf;
  const others = known.filter((each) => each.content !== content && each.image.digest !== image.digest);
  return [{ content, image, approval, fixes }, ...others].slice(0, kept);
}

/** Clocks differ: what it takes the place of may have been pushed after now, and is not to come back by a late event. */
const newerThan = (replaced: Image | undefined, now: Instant): Instant =>
  replaced && newAt(replaced) >= now ? addSeconds(newAt(replaced), 0.001) : now;

/** The instant before which nothing that was pushed is newer than this image. */
export const newAt = ({ takenAt, pushedAt }: Image): Instant => takenAt ?? pushedAt;
