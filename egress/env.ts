/** What the proxy of a build is given, by its project (lib/stages/build.ts). */
import * as z from '#core/zod.ts';

const text = z.string().check(z.minLength(1));

export const Env = z.object({
  /** Hosts that may be reached, with a comma between them. */
  EGRESS_ALLOW: z.pipe(
    z.string(),
    z.transform((list) => list.split(',').filter((entry) => entry !== '')),
  ),
  /** `address:port`, or the path of a socket. */
  EGRESS_LISTEN: text,
});
