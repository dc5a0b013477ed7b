/** The snapshot of a whole job as long as somebody holds it: who made its plan, while the lease of that step lasts. */
import { addSeconds, type Instant } from '../../names.ts';
import type { ChunkState } from '../chunk.ts';
import { InputFailed } from '../ports.ts';

export interface SnapshotLimits {
  /** VACUUM takes nothing away meanwhile, in all of the database. */
  readonly maxSeconds: number;
  /** It is told so often that its holder lives; the database ends one of whom it heard nothing three times. */
  readonly beatSeconds: number;
}

/** It is gone for all, and for ever: what was read of it is whole, and the rest can't be had. */
export class SnapshotLost extends InputFailed {
  constructor(why: string, options?: ErrorOptions) {
    super(
      `the job's snapshot is gone: ${why}; run the job again, with more time for its snapshot, over fewer rows, or with one for each chunk`,
      options,
    );
  }
}

export const silenceSeconds = ({ beatSeconds }: SnapshotLimits): number => 3 * beatSeconds;

/** @throws SnapshotLost where its time is over. */
export function stillHeld({ maxSeconds }: SnapshotLimits, begun: number, now: number): void {
  if (now - begun >= maxSeconds * 1000) throw new SnapshotLost(`its ${maxSeconds} s are over`);
}

/** Clocks differ, and a lease may be renewed late; by then the database has ended a holder that said nothing. */
const patienceSeconds = 30;

/**
 * Why it is gone, where it is: undefined while it is held, and when nobody needs it any more.
 * @param plan the step that made the plan, as it is stored.
 */
export function snapshotLoss(plan: ChunkState | undefined, now: Instant): string | undefined {
  if (plan === undefined || plan.state === 'committed' || !plan.handOver) return undefined;
  const lost = (why: string) => new SnapshotLost(why).message;
  if (plan.state === 'failed')
    return plan.lastFailure.kind === 'snapshot' ? plan.lastFailure.message : lost(plan.lastFailure.message);
  if (plan.state === 'leased' && plan.parts[0]?.attempt === plan.attempts) {
    if (now <= addSeconds(plan.until, patienceSeconds)) return undefined;
    return lost(`its holder was not heard of after ${plan.until}`);
  }
  return lost('its holder was ended');
}
