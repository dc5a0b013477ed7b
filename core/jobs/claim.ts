/**
 * Long work at a job is claimed: its next look is behind the time that the function may run. What people say meanwhile is heard when that is
 * done: what a job is given then would else be made when its end has taken all away.
 */
import { type Instant, secondsBetween } from '../names.ts';
import type { Job } from './job.ts';

/** Of the function of the stage of jobs (lib/stages/jobs.ts). */
export const functionSeconds = 300;
/** No look of a job is planned so far ahead, but by a claim. */
const longestLookSeconds = 30;
export const claimSeconds = functionSeconds + longestLookSeconds;

/** So long somebody may be at it still; whoever claimed it before that is gone. */
export function secondsHeld({ lookAt }: Pick<Job, 'lookAt'>, now: Instant): number {
  const seconds = lookAt === undefined ? 0 : secondsBetween(now, lookAt);
  return seconds > longestLookSeconds ? seconds : 0;
}
