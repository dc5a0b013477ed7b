/** What gates ask of the access service, and what it answers. */
import { Instant } from './names.ts';
import { KeyId } from './person-key.ts';
import { keyTypes } from './ssh-key.ts';
import { ConnectionId, SessionReport } from './ssh-session.ts';
import * as z from './zod.ts';

/** A question of a gate: which of these keys are good for its team now? */
export const KeysQuestion = z.strictObject({
  keys: z.array(KeyId).check(z.maxLength(10_000)),
  /** Somebody wants to log in, from there; without it open connections are watched. */
  login: z.optional(
    z.strictObject({
      from: z.string().check(z.maxLength(100)),
      /** Of gates that make one: the log has it at the login, the session by it. */
      connection: z.optional(ConnectionId),
    }),
  ),
});
export type KeysQuestion = z.infer<typeof KeysQuestion>;

export const GoodKeyAnswer = z.object({
  id: KeyId,
  person: z.string(),
  type: z.enum(keyTypes),
  blob: z.base64(),
  fingerprint: z.string(),
});
export type GoodKeyAnswer = z.infer<typeof GoodKeyAnswer>;
export const KeysAnswer = z.object({ environment: z.string(), keys: z.array(GoodKeyAnswer), at: Instant });
export type KeysAnswer = z.infer<typeof KeysAnswer>;

/** As sshd writes it (`%f`); none where it is no SHA-256. */
export function keyIdOfFingerprint(fingerprint: string): z.infer<typeof KeyId> | undefined {
  const [kind, digest = ''] = fingerprint.split(':');
  const id = digest.replaceAll('+', '-').replaceAll('/', '_');
  return kind === 'SHA256' && KeyId.safeParse(id).success ? id : undefined;
}

/** How many sessions are reported at once. */
export const reportedAtOnce = 100;
/** What a gate says of sessions, again and again until it is answered. */
export const SessionReports = z.strictObject({
  sessions: z.array(SessionReport).check(z.minLength(1), z.maxLength(reportedAtOnce)),
});
export type SessionReports = z.infer<typeof SessionReports>;
export const ReportsAnswer = z.object({ taken: z.int() });
export type ReportsAnswer = z.infer<typeof ReportsAnswer>;
