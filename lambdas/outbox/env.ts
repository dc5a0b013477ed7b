/** Environment variables of the outbox. */
import * as z from '#core/zod.ts';

export const Env = z.object({
  TABLE_NAME: z.string().check(z.minLength(1)),
  BUS_NAME: z.string().check(z.minLength(1)),
  BUILD_QUEUE_URL: z.url(),
  GATE_QUEUE_URL: z.url(),
  PROMOTE_QUEUE_URL: z.url(),
  DNS_QUEUE_URL: z.url(),
  REMOVE_QUEUE_URL: z.url(),
  SCHEDULE_QUEUE_URL: z.url(),
  JOBS_QUEUE_URL: z.url(),
  JOB_STARTS_QUEUE_URL: z.url(),
  PAGER_QUEUE_URL: z.url(),
  /** JSON: cluster → URL of its deployer's queue. */
  DEPLOY_QUEUES: z.string().check(z.minLength(2)),
  /** The same of who keeps the slots of jobs there. */
  JOB_SLOTS_QUEUES: z.string().check(z.minLength(2)),
  /** Where an entry is reported that can't be read. */
  OUTBOX_DLQ_URL: z.url(),
});
export type Env = z.infer<typeof Env>;
