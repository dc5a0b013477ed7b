/** Environment variables of a gate: core/ssh-pod.ts writes them. */
import * as z from '#core/zod.ts';

export const Env = z.object({
  ACCESS_URL: z.url(),
  /** The pod's own, for the access service alone. */
  TOKEN_FILE: z.string().check(z.minLength(1)),
});
