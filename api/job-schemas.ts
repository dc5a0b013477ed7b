/** What is asked of data jobs. */
import { JobRequest, MemoryMiB } from '#core/jobs/request.ts';
import { JobKey, JobName } from '#core/jobs/slots.ts';
import { TeamName } from '#core/names.ts';
import * as z from '#core/zod.ts';
/** Which team's it is, and what is to be done. */
export const CreateJob = z.object({ team: TeamName, job: JobRequest });
export type CreateJob = z.infer<typeof CreateJob>;

export const JobPath = JobKey;

/** Nothing, or more memory for its commands: what failed for want of it would fail again. */
export const RetryJob = z._default(z.strictObject({ memoryMiB: z.optional(MemoryMiB) }), {});

export const JobsQuery = z.strictObject({
  /** `next` of the page before. */
  cursor: z.optional(JobName),
});

export const Cursor = z.string().check(z.regex(/^\d{1,7}[ab]{0,20}$/, 'a chunk, as it was answered'));
export const ChunksQuery = z.strictObject({ cursor: z.optional(Cursor) });
