/** A standing job of a team: a job as it would be asked for, what starts it, and what came of that. docs/adr/0041 */
import { Instant } from '../../names.ts';
import { WorkingHours } from '../../working-hours.ts';
import * as z from '../../zod.ts';
import { DatasetPrefix } from '../location.ts';
import { inputsOf, type JobRequest, JobWithoutInput } from '../request.ts';
import { JobName } from '../slots.ts';
import { Cause, StandingKey, StandingName } from './cause.ts';

/** Five fields: minute, hour, day of the month, month, day of the week. Whether it ever comes, cron.ts knows. */
const CronText = z
  .string()
  .check(z.maxLength(200), z.regex(/^\S+(?: \S+){4}$/, 'five fields with a space between: 0 3 * * *'));

export const When = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('schedule'),
    cron: CronText,
    timeZone: z._default(WorkingHours.shape.timeZone, 'UTC'),
  }),
  /** Each object that is put below it starts a job over that object: below the team's place in the bucket of jobs. */
  z.strictObject({ kind: z.literal('upload'), prefix: DatasetPrefix }),
  /** Each job of that standing job which succeeds starts one over its results. */
  z.strictObject({ kind: z.literal('after'), job: StandingName }),
]);
export type When = z.infer<typeof When>;

/** One job runs at a time. A cause that comes meanwhile starts none, or waits for its end. */
const Overlap = z.enum(['skip', 'wait']);

export const StandingSpec = z
  .strictObject({ when: When, overlap: z.optional(Overlap), job: JobWithoutInput })
  .check(
    z.superRefine(({ when, job }, { addIssue }) => {
      const inputs = inputsOf(job);
      const no = (path: string, message: string) =>
        addIssue({ code: 'custom', path: ['job', path], message });
      if (when.kind === 'schedule') {
        if (inputs.length === 0) no('dataset', 'what is to be read: a dataset, a table, or a query');
        return;
      }
      const read = when.kind === 'upload' ? 'the object that was uploaded' : 'the results of the job before';
      for (const name of inputs) no(name, `leave it out: ${read} is what is read`);
    }),
  );
export type StandingSpec = z.infer<typeof StandingSpec>;

/** A night that is skipped is followed by another, an object is not. */
export const overlapOf = ({ when, overlap }: StandingSpec): z.infer<typeof Overlap> =>
  overlap ?? (when.kind === 'schedule' ? 'skip' : 'wait');

const Waiting = z.object({
  cause: Cause,
  since: Instant,
  /** Why it could not be started, how often it was tried, and when it is again. */
  refused: z.optional(z.object({ why: z.string(), tries: z.int(), again: Instant })),
});
export type Waiting = z.infer<typeof Waiting>;

/** What came of a cause, in the end. */
export const Run = z.object({
  cause: Cause,
  at: Instant,
  /** skipped: none was to be started. refused: none could be. */
  outcome: z.enum(['succeeded', 'failed', 'cancelled', 'skipped', 'refused']),
  job: z.optional(JobName),
  why: z.optional(z.string()),
});
export type Run = z.infer<typeof Run>;

/** More than are kept are forgotten, the oldest first. */
export const mostRuns = 30;
/** More than may wait are skipped. */
export const mostWaiting = 50;

const key = { ...StandingKey.shape, version: z.int() };
const live = {
  ...key,
  spec: StandingSpec,
  /** In whose name its jobs run: who asked for it, or changed it last. */
  owner: z.string(),
  at: Instant,
  waiting: z.array(Waiting),
  /** The job that goes on. */
  current: z.optional(z.object({ cause: Cause, job: JobName, at: Instant })),
  /** The newest first. */
  runs: z.array(Run),
  /** In a row. */
  refusals: z.int(),
  lookAt: z.optional(Instant),
};

export const Standing = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('active'),
    ...live,
    /** Of a schedule: times up to this one are done with. */
    since: Instant,
    /** Of a schedule: the time that comes. */
    next: z.optional(Instant),
  }),
  z.object({ state: z.literal('paused'), ...live, pausedBy: z.string() }),
  /** Its name may be given anew: versions go on. */
  z.object({ state: z.literal('deleted'), ...key, by: z.string(), at: Instant }),
]);
export type Standing = z.infer<typeof Standing>;
export type LiveStanding = Exclude<Standing, { state: 'deleted' }>;

export const isLive = (standing: Standing | undefined): standing is LiveStanding =>
  standing !== undefined && standing.state !== 'deleted';

/** What is read where a cause starts it. @param bucket of jobs. */
export function requestOf({ when, job }: StandingSpec, cause: Cause, bucket: string): JobRequest {
  if (when.kind === 'schedule') return job;
  if (cause.kind === 'upload') return { ...job, dataset: `s3://${bucket}/${cause.key}` };
  if (cause.kind === 'after') return { ...job, results: cause.job };
  throw new Error(`a ${cause.kind} says nothing of what a job that waits for ${when.kind} is to read`);
}
