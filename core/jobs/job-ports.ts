/** What the control of data jobs needs of the world. Each port has a real adapter and a fake that pass the same contract tests. */
import type { Audit } from '../decision.ts';
import type { Instant, TeamName } from '../names.ts';
import type { Unreadable } from '../ports.ts';
import type { Ledger } from '../quota.ts';
import type { RequestRef } from '../request-ports.ts';
import type { ListedObject } from './dataset.ts';
import type { Job } from './job.ts';
import type { JobChange } from './job-change.ts';
import type { Location } from './location.ts';
import type { ChunkQueue } from './ports.ts';
import type { JobKey } from './slots.ts';
import type { StandingChange } from './standing/ports.ts';

export interface JobStore {
  read(key: JobKey): Promise<Job | undefined>;
  /**
   * Job, audit line, looks and what is enclosed: all or nothing.
   * @throws Conflict when the stored version is not `change.job.version - 1`, or what is enclosed is no longer what was read.
   */
  write(change: JobChange, enclosed?: JobEnclosed): Promise<void>;
  /** Of version 0 where the team holds nothing yet. */
  ledger(team: TeamName): Promise<Ledger>;
  /**
   * A team's jobs, the newest first. It follows what is written after a moment.
   * @param before the last name of the page before.
   */
  list(
    team: TeamName,
    before: string | undefined,
    limit: number,
  ): Promise<{ readonly jobs: readonly Job[]; readonly more: boolean }>;
  /** Jobs that somebody is to look at by now, longest waiting first. */
  due(
    now: Instant,
    limit: number,
  ): Promise<{ readonly jobs: readonly Job[]; readonly unreadable: readonly Unreadable[] }>;
  /** What was done to it and what came of it, the oldest first. */
  audit(key: JobKey, limit: number): Promise<readonly Audit[]>;
}

/** Written with a change, in the same transaction. */
export interface JobEnclosed {
  /** The request that the change does. */
  readonly request?: RequestRef | undefined;
  /** What the team holds with the change; its version is the next one. */
  readonly ledger?: Ledger | undefined;
  /** What starts it: its next version. */
  readonly standing?: StandingChange | undefined;
}

/** The queues of jobs: one each, with the job's name at the end of its own. */
export interface JobQueues {
  /** Doing it twice is doing it once. @throws Retryable for a minute after one of its name was removed. */
  make(job: string): Promise<string>;
  url(job: string): Promise<string | undefined>;
  /** Messages that wait, that workers are at, and that are held back, roughly; undefined where there is no queue. */
  messages(job: string): Promise<number | undefined>;
  /** With all that is in it. What is not there is gone. */
  remove(job: string): Promise<void>;
  /** Of the queue at this address. */
  at(url: string): Pick<ChunkQueue, 'send'>;
}

export interface Datasets {
  /**
   * An object, or all below a prefix, each as it is now, in the order of their keys. Folders, which are empty objects whose keys
   * end with `/`, are none of them.
   * @throws InputFailed where it is not there or can't be read.
   */
  objects(location: Location): AsyncIterable<ListedObject>;
}
