/** Since when a job goes on without a stop, and what was done of it by then: how fast it is, is told of what came since. */
import type { Instant } from '../names.ts';
import type { Job } from './job-phases.ts';

export const isGoing = (job: Job): boolean =>
  (job.phase === 'sending' || job.phase === 'running') && !job.paused;

/** What is to be kept of `after`: a pause and an end break it off, and whoever goes on then begins another. */
export function stretched(before: Job, after: Job, now: Instant): Job {
  const { stretch: _, ...rest } = after;
  if (!isGoing(after)) return rest;
  const known = isGoing(before) ? before.stretch : undefined;
  const { bytes, committed } = after.tally;
  return { ...rest, stretch: known ?? { since: now, bytes, committed } };
}
