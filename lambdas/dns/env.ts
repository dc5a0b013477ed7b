/** Environment variables of the DNS stage. */
import * as z from '#core/zod.ts';

export const Env = z.object({
  TABLE_NAME: z.string().check(z.minLength(1)),
  HOSTED_ZONE_ID: z.string().check(z.minLength(1)),
  /** `<account>/<region>`: what of the zone is ours, says an id made of it. */
  INSTALLATION: z.string().check(z.minLength(1)),
  /** Its own: a page of the zone that was looked through asks for the next one. */
  QUEUE_URL: z.url(),
  /** Where a message that can never work goes, with its reason. */
  DLQ_URL: z.url(),
});
