/** What is written of a job at once: the job as it shall be, a line of its trail, and who is to look at it when. */
import type { Audit } from '../decision.ts';
import { addSeconds, type Instant, secondsBetween } from '../names.ts';
import type { Job } from './job.ts';

export interface JobChange {
  /** The stored one is of the version before. */
  readonly job: Job;
  readonly at: Instant;
  readonly looks: readonly JobLook[];
  readonly audit?: Audit;
}

/** Of the stage of jobs itself, of the one that has its workers in the cluster, or of the one that started it. */
export interface JobLook {
  readonly stage: 'jobs' | 'job-slots' | 'job-starts';
  readonly delaySeconds: number;
}

interface Told {
  readonly at: Instant;
  readonly actor: string;
  /** Absent where nothing turned that people ask for. */
  readonly what?: string | undefined;
  readonly cause?: string | undefined;
  /** Undefined: nobody looks at it any more. */
  readonly lookAfterSeconds: number | undefined;
  readonly slotsAreLate?: boolean;
}

/** Reconcile comes once a minute; what is due before that is asked for by a delayed message. */
const reconcileSeconds = 60;

/** Until who started it is told of its end once more. */
const unheardSeconds = 300;

/** Who looks at one that is due: at its end who started it, until they have noted that they heard of it. */
export const stageOf = ({ phase }: Pick<Job, 'phase'>): JobLook['stage'] =>
  phase === 'ended' ? 'job-starts' : 'jobs';

/** @param next from a decision, of whatever version. */
export function jobChange(before: Job | undefined, next: Job, told: Told): JobChange {
  const { at, actor, what, cause, lookAfterSeconds, slotsAreLate } = told;
  const { lookAt: _, ...rest } = next;
  const version = (before?.version ?? 0) + 1;
  const isEnd = next.phase === 'ended' && before?.phase !== 'ended' && next.standing !== undefined;
  const after = isEnd ? unheardSeconds : lookAfterSeconds;
  const lookAt = after === undefined ? undefined : addSeconds(at, after);
  const job: Job = lookAt === undefined ? { ...rest, version } : { ...rest, version, lookAt };
  const own: JobLook[] =
    lookAt === undefined || secondsBetween(at, lookAt) >= reconcileSeconds
      ? []
      : [{ stage: 'jobs', delaySeconds: Math.ceil(secondsBetween(at, lookAt)) }];
  const looks: JobLook[] = [
    ...own,
    ...(slotsAreLate ? [{ stage: 'job-slots', delaySeconds: 0 } as const] : []),
    ...(isEnd ? [{ stage: 'job-starts', delaySeconds: 0 } as const] : []),
  ];
  if (what === undefined) return { job, at, looks };
  return { job, at, looks, audit: { at, actor, what, ...(cause && { cause }) } };
}
