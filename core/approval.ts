/** A person's decision. It holds for one digest under one policy version and its waivers, and is void when any turns. */
import { sameBasis } from './candidate.ts';
import { type Change, change, type Refusal, refuse } from './decision.ts';
import type { Environment } from './environment.ts';
import { shortDigest } from './image.ts';
import { addSeconds, type Digest, type Instant } from './names.ts';
import type { Policy } from './policy.ts';
import { may, type Person } from './roles.ts';
import type { Team } from './team.ts';
import type { Verdict } from './verdict.ts';

/** How soon the promoter looks if its event is lost. */
const promotionPatienceSeconds = 120;

export interface ApprovalRequest {
  readonly environment: Environment;
  readonly digest: Digest;
  readonly person: Person;
  readonly team: Team;
  /** The verdict that is stored for the digest. */
  readonly verdict: Verdict | undefined;
  readonly policy: Policy;
  readonly now: Instant;
}

export function approve(request: ApprovalRequest): Change | Refusal {
  const { environment, digest, person, now } = request;
  const refusal = whyThisPersonMayNot(request) ?? whyThisImageMayNot(request);
  if (refusal) return refusal;
  if (environment.candidate.phase !== 'awaiting-approval') return notWaiting(request);
  const { image, basis } = environment.candidate;
  const approval = { approver: person.name, approvedAt: now, ...basis };
  const events = [{ type: 'ImageApproved' as const, digest, approver: person.name }];
  const lookAt = addSeconds(now, promotionPatienceSeconds);
  const candidate = { phase: 'promoting' as const, image, approval, since: now, lookAt };
  return change(
    environment,
    { candidate },
    {
      at: now,
      actor: person.name,
      what: `approved ${shortDigest(digest)}`,
      events,
    },
  );
}

function whyThisPersonMayNot({ environment, person, team }: ApprovalRequest): Refusal | undefined {
  if (!may(person, 'approve', {}, team)) {
    const approvers = [team.approvers, ...(team.admins ? [team.admins] : [])].join(' and ');
    return refuse(
      403,
      'Not an approver',
      `Only members of ${approvers} approve images of team ${team.name}.`,
    );
  }
  if (person.name === environment.requester && !team.requesterMayApprove) {
    const detail = `${person.name} asked for this environment; team ${team.name} wants another approver's eyes.`;
    return refuse(403, 'Your own request', detail);
  }
  return undefined;
}

function whyThisImageMayNot(request: ApprovalRequest): Refusal | undefined {
  const { environment, digest, verdict, policy } = request;
  const { candidate } = environment;
  if (candidate.phase !== 'awaiting-approval' || candidate.image.digest !== digest)
    return notWaiting(request);
  if (verdict?.result !== 'pass') {
    return refuse(
      409,
      'The verdict turned',
      `The stored verdict on ${shortDigest(digest)} is ${verdict?.result ?? 'missing'}.`,
    );
  }
  if (verdict.policyVersion !== policy.version || !sameBasis(candidate.basis, verdict)) {
    const what =
      verdict.policyVersion === policy.version
        ? 'The waivers that it passed with changed.'
        : `It was judged under policy ${verdict.policyVersion}; ${policy.version} is in force.`;
    const detail = `${what} The gate judges it anew within ten minutes, or as soon as it is scanned again.`;
    return refuse(409, 'The policy or its waivers changed', detail);
  }
  return undefined;
}

function notWaiting({ environment, digest }: ApprovalRequest): Refusal {
  const { candidate } = environment;
  const subject = shortDigest(digest);
  if ('image' in candidate && candidate.image.digest !== digest) {
    return refuse(
      409,
      'Another image',
      `${subject} is not the newest image: that is ${shortDigest(candidate.image.digest)}.`,
    );
  }
  if (candidate.phase === 'promoting' || candidate.phase === 'promoted') {
    return refuse(
      409,
      'Approved already',
      `${candidate.approval.approver} approved ${subject} at ${candidate.approval.approvedAt}.`,
    );
  }
  const why = candidate.phase === 'blocked' ? ` ${candidate.why}` : '';
  return refuse(409, 'Not waiting for approval', `The newest image is ${candidate.phase}.${why}`);
}
