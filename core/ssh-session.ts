/**
 * One login to an environment by SSH: who, by which key, when and from where, and how it ended. It is written twice, when
 * sshd has taken the key and when the connection is over; a report that comes again, or late, changes nothing.
 */
import { type EnvironmentKey, EnvironmentName, Instant, secondsBetween, TeamName } from './names.ts';
import { KeyId, type PersonKey } from './person-key.ts';
import * as z from './zod.ts';

/** Of one connection to a gate, which makes it. */
export const ConnectionId = z.string().check(z.regex(/^[0-9a-f]{32}$/, '32 hexadecimal digits'));

/** By the person themselves, or their network; by the gate; with the pod. */
export const sessionEnds = ['closed', 'key revoked', 'no answer', 'too many keys', 'pod ended'] as const;

/** Address and port, as the gate sees them. */
const From = z.string().check(z.regex(/^[\x21-\x7e]{1,100}$/, 'at most 100 printable characters'));

/** What a gate says of one. The clock is that of its node. */
export const SessionReport = z.strictObject({
  connection: ConnectionId,
  /** That sshd took: others may have been told to be good. */
  key: KeyId,
  from: From,
  beganAt: Instant,
  end: z.optional(z.strictObject({ at: Instant, why: z.enum(sessionEnds) })),
});
export type SessionReport = z.infer<typeof SessionReport>;

const fields = {
  team: TeamName,
  name: EnvironmentName,
  connection: ConnectionId,
  person: z.string(),
  key: KeyId,
  from: From,
  beganAt: Instant,
};
export const SshSession = z.discriminatedUnion('state', [
  z.object({ state: z.literal('open'), version: z.literal(1), ...fields }),
  z.object({
    state: z.literal('ended'),
    version: z.literal(2),
    ...fields,
    endedAt: Instant,
    why: z.enum(sessionEnds),
  }),
]);
export type SshSession = z.infer<typeof SshSession>;

/**
 * @param environment whose pod says so, as the cluster says.
 * @param known all keys of its team: who it was is said by these, not by the report. A key that was revoked meanwhile counts.
 * @returns undefined where the team never had that key: nobody of it logged in.
 */
export function sessionOf(
  { team, name }: EnvironmentKey,
  { end, ...report }: SessionReport,
  known: readonly PersonKey[],
): SshSession | undefined {
  const person = known.find(({ id }) => id === report.key)?.person;
  if (person === undefined) return undefined;
  const session = { team, name, ...report, person };
  if (!end) return { state: 'open', version: 1, ...session };
  // Not before it began, whatever clocks say.
  const endedAt = secondsBetween(report.beganAt, end.at) < 0 ? report.beganAt : end.at;
  return { state: 'ended', version: 2, ...session, endedAt, why: end.why };
}

/** Sessions of an environment in the order of their beginnings; two of one instant are told apart. */
export const sessionPlace = ({ beganAt, connection }: Pick<SshSession, 'beganAt' | 'connection'>): string =>
  `${beganAt}/${connection}`;
export const SessionPlace = z
  .string()
  .check(z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\/[0-9a-f]{32}$/, 'the `next` of an earlier page'));

/** Whether this news is written over what is there: an end over a beginning, once. */
export const isNews = (session: SshSession, kept: SshSession | undefined): boolean =>
  kept === undefined || kept.version < session.version;
