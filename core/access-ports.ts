/** What the gate and the access service need of the world. Contracts as in ports.ts. */
import type { KeysAnswer, KeysQuestion, SessionReports } from './access-protocol.ts';
import type { EnvironmentKey } from './names.ts';
import type { SshSession } from './ssh-session.ts';

/** Whose token it is, as the cluster says. */
export interface Tokens {
  /** @returns the namespace of the pod that it was made for; undefined for any other token. @throws Retryable */
  namespaceOf(token: string): Promise<string | undefined>;
}

/** What an alarm hears, or rings. */
export interface Heartbeat {
  /** Says once that it is alive. @throws where nobody was told. */
  beat(): Promise<void>;
}

/** The access service, as its gates see it. */
export interface AccessClient {
  /** @throws where there is no answer. */
  ask(question: KeysQuestion): Promise<KeysAnswer>;
  /** @throws where it is not known whether they were taken: they are told again. */
  report(reports: SessionReports): Promise<void>;
}

/** Who logged in to environments. Kept for a time, whatever became of the environment. */
export interface SshSessions {
  /** What is older news than what is there, or the same, changes nothing. */
  record(session: SshSession): Promise<void>;
  /** The newest first. @param before where the page before ended: its `next`. */
  list(
    environment: EnvironmentKey,
    before: string | undefined,
    limit: number,
  ): Promise<{ readonly sessions: readonly SshSession[]; readonly next?: string | undefined }>;
}
