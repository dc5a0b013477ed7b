/**
 * Which connections a gate ends. It knows a connection by what it told sshd to be good for it; that is added to and never
 * taken back, so that whoever forges a question in their own session only ends it sooner.
 */

/** One that is open. Times are in milliseconds, of a clock that goes forward only. */
export interface Connection {
  readonly openedAt: number;
  /** Told to be good for it, with the instant of the first of them. */
  readonly keys: ReadonlySet<string>;
  readonly keyedAt: number | undefined;
}

export type Ending = 'no login' | 'key revoked' | 'no answer';

/** Nobody needs longer to log in; sshd itself gives up by then too. */
const loginMs = 40_000;
/** For as long it is not known whether the keys are good still. */
export const unansweredMs = 60_000;
/** How often it is asked whether they are: with what an answer may take, a revocation counts within five seconds. */
export const askEveryMs = 2_000;

/** What a gate writes where it has no answer: to watch sessions, and at a login. An alarm counts them (lib/stages/access.ts). */
export const unansweredWords = 'the access service did not answer';
export const unjudgedWords = 'a key was not judged';

/** @returns why it is to end now, if it is. @param answeredAt when the access service answered last. */
export function endingOf(connection: Connection, answeredAt: number, now: number): Ending | undefined {
  const { openedAt, keyedAt } = connection;
  if (keyedAt === undefined) return now - openedAt > loginMs ? 'no login' : undefined;
  return now - Math.max(answeredAt, keyedAt) > unansweredMs ? 'no answer' : undefined;
}

/** Of one key that was asked for and is not good any more, the connection ends, whatever other keys it has. */
export const isRevoked = (
  { keys }: Pick<Connection, 'keys'>,
  asked: ReadonlySet<string>,
  good: ReadonlySet<string>,
): boolean => [...keys].some((key) => asked.has(key) && !good.has(key));
