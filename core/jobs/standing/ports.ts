/** What standing jobs are kept in. They are all of one partition a team: an upload, or the end of a job, asks for all of them. */
import type { Audit } from '../../decision.ts';
import { type Instant, secondsBetween, type TeamName } from '../../names.ts';
import type { Unreadable } from '../../ports.ts';
import type { RequestRef } from '../../request-ports.ts';
import type { StandingKey } from './cause.ts';
import type { LiveStanding, Standing } from './standing.ts';

export interface StandingChange {
  /** The stored one is of the version before. */
  readonly standing: Standing;
  readonly at: Instant;
  readonly audit?: Audit;
}

export interface StandingJobs {
  /** What was deleted is there, too. */
  read(key: StandingKey): Promise<Standing | undefined>;
  /** Its line of the trail and its look go with it. @throws Conflict when the stored version is not the one before. */
  write(change: StandingChange, enclosed?: { readonly request?: RequestRef | undefined }): Promise<void>;
  /** By name, without what was deleted: consistent, and all at once. */
  all(team: TeamName): Promise<readonly LiveStanding[]>;
  due(
    now: Instant,
    limit: number,
  ): Promise<{ readonly standing: readonly LiveStanding[]; readonly unreadable: readonly Unreadable[] }>;
  /** What people did to it, the oldest first. */
  audit(key: StandingKey, limit: number): Promise<readonly Audit[]>;
}

/** So many may a team have. */
export const mostOfTeam = 50;

/** Reconcile comes once a minute; what is due before that is asked for by a delayed message. */
const reconcileSeconds = 60;

export function earlyLook({ standing, at }: StandingChange): number | undefined {
  if (standing.state === 'deleted' || standing.lookAt === undefined) return undefined;
  const seconds = Math.max(0, Math.ceil(secondsBetween(at, standing.lookAt)));
  return seconds < reconcileSeconds ? seconds : undefined;
}
