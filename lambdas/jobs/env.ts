/** Environment variables of the stage of data jobs. */
import * as z from '#core/zod.ts';

export const Env = z.object({
  TABLE_NAME: z.string().check(z.minLength(1)),
  /** Where datasets lie below datasets/, and what jobs make below jobs/. */
  JOBS_BUCKET: z.string().check(z.minLength(3)),
  /** Where images of jobs are, as nodes pull them. */
  REGISTRY: z.string().check(z.minLength(1)),
  /** What the role of a team's workers begins with; behind it is the team's name. Given to the service account of each job's namespace. */
  WORKER_ROLES_ARN: z
    .string()
    .check(z.regex(/^arn:[a-z-]+:iam::\d{12}:role\/.+-$/, 'the beginning of the ARN of a role')),
  /** Where a message that can never work goes, with its reason. */
  DLQ_URL: z.url(),
});
