/**
 * Promotion: the last question before an approved digest is copied to the release repository, and what follows from
 * the answer. The findings are read and judged again; an approval never outlives the verdict that it was given on.
 */
import { sameBasis } from './candidate.ts';
import { change, type Decision, type Parts, unchanged } from './decision.ts';
import type { Environment } from './environment.ts';
import { shortDigest } from './image.ts';
import { addSeconds, type Digest, type Instant } from './names.ts';
import { recheckSeconds } from './recheck.ts';
import { beginning, halting } from './release.ts';
import { knownAfter, takenInVain } from './taken.ts';
import { explain, type Verdict } from './verdict.ts';

/** How soon the rollout is looked at if its event is lost. */
const rolloutPatienceSeconds = 120;

/** Why an approved image was not promoted: it turned bad, and is judged again, or it can't be had, and that is the end. */
export interface Objection {
  readonly reason: string;
  readonly judgeAgain: boolean;
}

/** What speaks against the approved image under the verdict of this moment; undefined when nothing does. */
export function objectionTo({ candidate }: Environment, verdict: Verdict): Objection | undefined {
  if (verdict.result !== 'pass') {
    const first = verdict.reasons[0];
    const why = first ? `: ${explain(first, verdict.policyVersion)}` : '';
    return { reason: `the verdict is now ${verdict.result}${why}`, judgeAgain: true };
  }
  if (candidate.phase !== 'promoting' || !sameBasis(candidate.approval, verdict)) {
    return {
      reason: 'the policy or the waivers changed since the approval: approve again',
      judgeAgain: true,
    };
  }
  return undefined;
}

/** The approval is void either way: the next verdict asks for a new one. */
export function refusePromotion(
  environment: Environment,
  digest: Digest,
  { reason, judgeAgain }: Objection,
  now: Instant,
): Decision {
  const { candidate } = environment;
  if (candidate.phase !== 'promoting' || candidate.image.digest !== digest)
    return unchanged('it is not being promoted');
  const { image } = candidate;
  if (image.takenAt !== undefined) return takenInVain(environment, digest, reason, now);
  const parts: Parts = judgeAgain
    ? { candidate: { phase: 'scanning', image, since: now, lookAt: now } }
    : { candidate: { phase: 'refused', image, reason, since: now } };
  const events = [{ type: 'PromotionRefused' as const, digest, reason }];
  const what = `${shortDigest(digest)} was not promoted: ${reason}`;
  return change(environment, parts, { at: now, actor: 'promote', what, events });
}

/** The digest is in the release repository: from here on the cluster is to run it. */
export function promoted(environment: Environment, digest: Digest, now: Instant): Decision {
  const { candidate } = environment;
  if (candidate.phase !== 'promoting' || candidate.image.digest !== digest)
    return unchanged('it is not being promoted');
  const story = environment.stories?.candidate;
  const { image, approval } = candidate;
  const parts: Parts = {
    candidate: { phase: 'promoted', image, approval, since: now },
    known: knownAfter(environment, candidate),
    // What was fixed stays fixed; a finding that comes later has its own tries.
    remediation: { attempts: 0, fixes: environment.remediation.fixes },
    ...(environment.life.state === 'stopped'
      ? { release: halting({ digest, approval }, now, rolloutPatienceSeconds) }
      : {
          release: beginning(environment.release, { digest, approval }, now, rolloutPatienceSeconds),
          recheckAt: addSeconds(now, recheckSeconds),
        }),
    ...(story === undefined ? {} : { stories: { candidate: story, release: story } }),
  };
  const events = [{ type: 'ImagePromoted' as const, digest }];
  return change(environment, parts, {
    at: now,
    actor: 'promote',
    what: `promoted ${shortDigest(digest)}`,
    events,
  });
}
