/** What goes over the wire of who logged in. */
import { Instant } from '#core/names.ts';
import { KeyId } from '#core/person-key.ts';
import { ConnectionId, SessionPlace, sessionEnds } from '#core/ssh-session.ts';
import * as z from '#core/zod.ts';

export const SessionsQuery = z.strictObject({
  /** `next` of the page before. */
  cursor: z.optional(SessionPlace),
});

/** One page, the newest first; `next` is the cursor of the page after it, if there is one. */
export const SessionsAnswer = z.object({
  sessions: z.array(
    z.object({
      connection: ConnectionId,
      person: z.string(),
      /** The key that it was, by its id. */
      key: KeyId,
      /** Address and port. */
      from: z.string(),
      beganAt: Instant,
      /** Also of those whose pod went without a last word. */
      state: z.enum(['open', 'ended']),
      endedAt: z.optional(Instant),
      why: z.optional(z.enum(sessionEnds)),
    }),
  ),
  next: z.optional(z.string()),
});
export type SessionsAnswer = z.infer<typeof SessionsAnswer>;
