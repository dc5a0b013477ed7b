/** Environment variables of a worker of a data job. */
import * as z from '#core/zod.ts';

export const Env = z.object({
  /** The file with the job: core/jobs/spec.ts. */
  JOB_FILE: z.string().check(z.minLength(1)),
  /** The file with how many slots are wanted, which may change; where there is none, this one is. */
  SLOTS_FILE: z.optional(z.string().check(z.minLength(1))),
  /** Of this slot, from 0 on. */
  SLOT_NUMBER: z._default(z.coerce.number().check(z.int(), z.nonnegative()), 0),
  TABLE_NAME: z.string().check(z.minLength(1)),
  QUEUE_URL: z.url(),
  AWS_REGION: z.string().check(z.minLength(1)),
  /** Where chunks are given to commands in files, where they are. */
  CHUNK_FOLDER: z.optional(z.string().check(z.minLength(1))),
  IDLE_SECONDS: z._default(z.coerce.number().check(z.positive()), 60),
});
export type Env = z.infer<typeof Env>;

export const SlotEnv = z.object({
  /** The folder that both containers see: slot.ts. */
  SLOT_FOLDER: z.string().check(z.minLength(1)),
});
