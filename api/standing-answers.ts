/** Answers about standing jobs, as answers.ts has the others: the function loads none. */
import { JobName } from '#core/jobs/slots.ts';
import { Cause, StandingKey } from '#core/jobs/standing/cause.ts';
import { Run, StandingSpec } from '#core/jobs/standing/standing.ts';
import { Instant } from '#core/names.ts';
import * as z from '#core/zod.ts';

/** Two are one job each; `text` says it as people read it. */
const CauseAnswer = z.object({ cause: Cause, text: z.string() });

const StandingJob = z.object({
  ...StandingKey.shape,
  version: z.int(),
  paused: z.boolean(),
  /** In whose name its jobs run. */
  owner: z.string(),
  at: Instant,
  standing: StandingSpec,
  /** Whether a cause that comes while its job goes on starts none, or waits. */
  overlap: z.enum(['skip', 'wait']),
  /** Of a schedule: when its time comes; absent until it was looked at. */
  next: z.optional(Instant),
  /** The job that goes on. */
  current: z.optional(z.object({ ...CauseAnswer.shape, job: JobName, at: Instant })),
  /** In their order; `why` the first one was not started yet, and when it is tried again. */
  waiting: z.array(
    z.object({
      ...CauseAnswer.shape,
      since: Instant,
      why: z.optional(z.string()),
      again: z.optional(Instant),
    }),
  ),
  /** The newest first, some thirty. */
  runs: z.array(z.object({ ...Run.shape, text: z.string() })),
});

export const StandingJobAnswer = z.object({
  standingJob: StandingJob,
  /** What people did to it. */
  history: z.array(z.object({ at: Instant, actor: z.string(), what: z.string() })),
});
export type StandingJobAnswer = z.infer<typeof StandingJobAnswer>;

/** By name; `next` is the cursor of the page after it, if there is one. */
export const StandingJobsAnswer = z.object({
  standingJobs: z.array(StandingJob),
  next: z.optional(z.string()),
});
export type StandingJobsAnswer = z.infer<typeof StandingJobsAnswer>;
