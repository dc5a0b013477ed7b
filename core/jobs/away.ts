/** A database that a job needs and that is not in reach: how long it is waited for, and what is said then. */
import { Instant, secondsBetween } from '../names.ts';
import * as z from '../zod.ts';
import { databasesOf, type JobRequest } from './request.ts';
import type { Tally } from './tally.ts';

/** A day, as a start that is refused has (core/jobs/standing/): somebody works on one of them, and the job holds its quota meanwhile. */
export const patienceSeconds = 86_400;

export const Away = z.object({
  /** Since when nothing of the job came through. */
  since: Instant,
  /** As a worker said it last. */
  why: z.optional(z.string()),
});
export type Away = z.infer<typeof Away>;

interface Waiting {
  readonly paused: boolean;
  readonly away?: Away | undefined;
  readonly tally: Tally;
}

/** Chunks that were given back for want of it count until they are done; so as long as others come through, it is there. */
export function awayAfter(
  before: Waiting,
  tally: Tally,
  why: string | undefined,
  now: Instant,
): Away | undefined {
  if (before.paused || tally.away === 0) return undefined;
  const isOn = doneOf(tally) > doneOf(before.tally);
  return awaySince(isOn ? undefined : before.away, why, now);
}

export function awaySince(before: Away | undefined, why: string | undefined, now: Instant): Away {
  const said = why ?? before?.why;
  return { since: before?.since ?? now, ...(said !== undefined && { why: said }) };
}

const doneOf = ({ committed, failed, halved, bytes }: Tally): number => committed + failed + halved + bytes;

/** @returns why the job ends, where it has waited long enough. */
export function tooLongAway(
  { since, why }: Away,
  request: JobRequest,
  { isPlanned }: { readonly isPlanned: boolean },
  now: Instant,
): string | undefined {
  if (secondsBetween(since, now) < patienceSeconds) return undefined;
  const names = databasesOf(request);
  const which =
    names.length === 1 ? `its database ${names[0]}` : `one of its databases (${names.join(', ')})`;
  const next = isPlanned
    ? 'then retry the job: what has a result stays'
    : 'then ask for it anew: nothing of it was cut yet';
  const said = why === undefined ? '' : ` (${why})`;
  return `${which} was not in reach since ${since}${said}, and no job waits longer than a day: see that it runs and lets the cluster in, ${next}.`;
}
