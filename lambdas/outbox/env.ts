/** Environment variables of the outbox. */
import * as z from 'zod';

export const Env = z.object({
  TABLE_NAME: z.string().min(1),
  BUS_NAME: z.string().min(1),
  /** JSON: cluster → URL of its deployer's queue. */
  DEPLOY_QUEUES: z.string().min(2),
});
