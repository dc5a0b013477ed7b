/** When a rollout failed, and whether it may be undone: only to a digest that was Ready and that is approved now. */
import { sameBasis } from './candidate.ts';
import type { Release, Released } from './environment.ts';
import { shortDigest } from './image.ts';
import { addSeconds, type Instant, secondsBetween } from './names.ts';
import type { Policy, Waiver } from './policy.ts';
import type { Verdict } from './verdict.ts';

/** What to go back to, or why not. */
export type WayBack = { readonly to: Released } | { readonly none: string };

/** What a rollout would go back to; undefined where none is under way, or nothing was Ready before. */
export const previousOf = (release: Release): Released | undefined =>
  release.phase === 'deploying' ? release.previous : undefined;

export interface Today {
  /** The one that is stored for the digest to go back to. */
  readonly verdict: Verdict | undefined;
  readonly policy: Policy;
  readonly waivers: readonly Waiver[];
  readonly now: Instant;
}

export function wayBack(release: Release, today: Today): WayBack {
  const previous = previousOf(release);
  if (!previous) return { none: 'nothing was Ready before it' };
  const objection = objectionToRunning(previous, today);
  const name = shortDigest(previous.digest);
  return objection === undefined
    ? { to: previous }
    : { none: `${name} was Ready before it, but ${objection}` };
}

/** Why an image that was approved once may not be rolled out today; undefined where it may. */
export function objectionToRunning(
  { digest, approval }: Released,
  { verdict, policy, waivers, now }: Today,
): string | undefined {
  if (verdict?.digest !== digest || verdict.result !== 'pass')
    return `the stored verdict on it is ${verdict?.digest === digest ? verdict.result : 'missing'}`;
  if (verdict.policyVersion !== policy.version)
    return `it was judged under policy ${verdict.policyVersion}, and ${policy.version} is in force`;
  if (!sameBasis(approval, verdict))
    return `${approval.approver}'s approval is void: policy or waivers changed since`;
  const over = verdict.waivers.find(
    (id) => !waivers.some((waiver) => waiver.id === id && waiver.expiresAt > now),
  );
  return over === undefined ? undefined : `waiver ${over}, which it passed with, is over`;
}

/** Reconcile's minute, and what a message takes: who looks later than this could not see the cluster before. */
const unseenSeconds = 90;

/** A rollout's time does not run while nobody can look: an API server that is away says nothing of the image. */
export function stillCounted(deadline: Instant, due: Instant, now: Instant): Instant {
  const lateSeconds = secondsBetween(due, now);
  return lateSeconds > unseenSeconds ? addSeconds(deadline, lateSeconds) : deadline;
}
