/** A person's no: the image is refused with their reason, whatever its verdict says. A newer image is judged as ever. */
import { type Change, change, type Refusal, refuse } from './decision.ts';
import type { Environment } from './environment.ts';
import { shortDigest } from './image.ts';
import type { Digest, Instant } from './names.ts';

export interface RejectionRequest {
  readonly digest: Digest;
  readonly person: string;
  readonly reason: string;
}

/** What is approved is being released, or is: then the newest image is no longer what a person decides on. */
export function reject(
  environment: Environment,
  { digest, person, reason }: RejectionRequest,
  now: Instant,
): Change | Refusal {
  const { candidate } = environment;
  if (!('image' in candidate))
    return refuse(409, 'No image', `There is no image to reject: it is ${candidate.phase}.`);
  const { image } = candidate;
  if (image.digest !== digest) {
    const newest = shortDigest(image.digest);
    return refuse(409, 'Another image', `${shortDigest(digest)} is not the newest image: that is ${newest}.`);
  }
  switch (candidate.phase) {
    case 'scanning':
    case 'blocked':
    case 'awaiting-approval': {
      const refused = {
        phase: 'refused' as const,
        image,
        reason: `rejected by ${person}: ${reason}`,
        since: now,
      };
      const what = `rejected ${shortDigest(digest)}: ${reason}`;
      return change(environment, { candidate: refused }, { at: now, actor: person, what });
    }
    case 'promoting':
    case 'promoted': {
      const { approver, approvedAt } = candidate.approval;
      return refuse(409, 'Approved already', `${approver} approved ${shortDigest(digest)} at ${approvedAt}.`);
    }
    case 'refused':
      return refuse(409, 'Refused already', `${shortDigest(digest)} is refused: ${candidate.reason}.`);
  }
}
