/** Environment variables of a worker of a data job. */
import * as z from '#core/zod.ts';

export const Env = z.object({
  /** The file with the job: core/jobs/spec.ts. */
  JOB_FILE: z.string().check(z.minLength(1)),
  TABLE_NAME: z.string().check(z.minLength(1)),
  QUEUE_URL: z.url(),
  AWS_REGION: z.string().check(z.minLength(1)),
  IDLE_SECONDS: z._default(z.coerce.number().check(z.positive()), 60),
});
