/** Answers about data jobs, as answers.ts has the others: the function loads none. */
import { ChunkFailure } from '#core/jobs/chunk.ts';
import { AwayView, JobCost, JobProgress } from '#core/jobs/job-view.ts';
import { JobRequest } from '#core/jobs/request.ts';
import { JobKey, JobName, SlotSeen } from '#core/jobs/slots.ts';
import { KeyRange } from '#core/jobs/sql/table.ts';
import { WorkerRate } from '#core/jobs/worker-runs.ts';
import { ClusterName, Instant } from '#core/names.ts';
import * as z from '#core/zod.ts';
import { Cursor } from './job-schemas.ts';

const phases = ['listing', 'sending', 'running', 'reducing', 'finishing', 'ended', 'retrying'] as const;
const outcomes = ['succeeded', 'failed', 'cancelled'] as const;

const Job = z.object({
  ...JobKey.shape,
  phase: z.enum(phases),
  paused: z.boolean(),
  outcome: z.optional(z.enum(outcomes)),
  /** Why it came to that. */
  reason: z.optional(z.string()),
  /** A database that it needs is not in reach: since when, and when the job fails for it. */
  away: z.optional(AwayView),
  /** Of its namespace, or of its removal, the cluster would not have something: why, in the cluster's words. Asked again each minute. */
  refused: z.optional(z.string()),
  requester: z.string(),
  /** The standing job that started it. */
  standing: z.optional(z.string()),
  at: Instant,
  /** When it had ended. */
  since: z.optional(Instant),
  cluster: ClusterName,
  request: JobRequest,
  /** All results in one, where it asked for that and they are. */
  reduced: z.optional(z.object({ bytes: z.int(), crc32: z.int() })),
  progress: JobProgress,
  cost: JobCost,
});

const WorkerAnswer = z.object({
  ...SlotSeen.shape,
  /** Of one that runs, by what it finished in the last ten minutes, or last. Of jobs of many workers some may have none. */
  rate: z.optional(WorkerRate),
});

export const JobAnswer = z.object({
  job: Job,
  /** As they were seen last; none before it runs and after it has ended. */
  workers: z.array(WorkerAnswer),
  /** Where other jobs of its cluster want workers too: what is left to it, of what it could use. */
  share: z.optional(z.object({ workers: z.int(), couldUse: z.int() })),
  history: z.array(z.object({ at: Instant, actor: z.string(), what: z.string() })),
});
export type JobAnswer = z.infer<typeof JobAnswer>;

/** The newest first; `next` is the cursor of the page after it, if there is one. */
export const JobsAnswer = z.object({ jobs: z.array(Job), next: z.optional(JobName) });
export type JobsAnswer = z.infer<typeof JobsAnswer>;

export const JobFilesAnswer = z.object({
  /** What it read: a line for each object, with its ETag. */
  plan: z.string(),
  /** Of CSV: the numbers of chunks that begin between quotes, one a line. */
  quoted: z.optional(z.string()),
  /** What became of each chunk: there when it has ended. */
  manifest: z.optional(z.string()),
  /** All results in one, where it asked for that. */
  result: z.optional(z.string()),
  expiresSeconds: z.int(),
});
export type JobFilesAnswer = z.infer<typeof JobFilesAnswer>;

/** One page, in the order of the input. */
export const FailuresAnswer = z.object({
  failures: z.array(
    z.object({
      chunk: z.string(),
      /** The object, or the table. */
      key: z.string(),
      /** In the object: what has no result, which begins behind the chunk's last checkpoint. */
      start: z.optional(z.int()),
      end: z.optional(z.int()),
      /** Of the table's key. */
      range: z.optional(KeyRange),
      attempts: z.int(),
      failure: ChunkFailure,
    }),
  ),
  next: z.optional(Cursor),
});
export type FailuresAnswer = z.infer<typeof FailuresAnswer>;

/** One page, in the order of the input: results laid end to end are those of the whole. */
export const ResultsAnswer = z.object({
  results: z.array(
    z.object({ chunk: z.string(), key: z.string(), bytes: z.int(), crc32: z.int(), url: z.string() }),
  ),
  next: z.optional(Cursor),
});
export type ResultsAnswer = z.infer<typeof ResultsAnswer>;
