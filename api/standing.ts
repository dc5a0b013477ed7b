/** What the routes of standing jobs share: how one is described, what speaks against one, and how a change of one is written. */
import { Conflict } from '#core/errors.ts';
import { heldBy } from '#core/jobs/request.ts';
import { jobNameAt } from '#core/jobs/slots.ts';
import { type Cause, causeText, type StandingKey, startedName } from '#core/jobs/standing/cause.ts';
import { whyNotAfter } from '#core/jobs/standing/chain.ts';
import type { StandingDecision } from '#core/jobs/standing/next.ts';
import { mostOfTeam } from '#core/jobs/standing/ports.ts';
import {
  isLive,
  type LiveStanding,
  overlapOf,
  requestOf,
  type StandingSpec,
} from '#core/jobs/standing/standing.ts';
import { environmentId, type Instant } from '#core/names.ts';
import { emptyLedger, reserve } from '#core/quota.ts';
import type { RequestRef } from '#core/request-ports.ts';
import { mustBeAdmitted, mustHaveImage } from './jobs.ts';
import { invalid, ProblemError, refused } from './problem.ts';
import { type ApiDeps, teamOf } from './route.ts';
import type { StandingJobAnswer } from './standing-answers.ts';

/** @throws 404 where there is none; 412 where it is not at the version that was named. */
export async function readStanding(
  { standing }: Pick<ApiDeps, 'standing'>,
  key: StandingKey,
  version?: number,
): Promise<LiveStanding> {
  const found = await standing.read(key);
  if (!isLive(found)) {
    const detail = `There is no standing job ${environmentId(key)}. List the team's: GET /teams/${key.team}/standing-jobs.`;
    throw new ProblemError(404, 'No such standing job', detail);
  }
  if (version !== undefined && found.version !== version) throw turned(key, version, found);
  return found;
}

const etagOf = ({ version }: LiveStanding) => ({ etag: `"${version}"` });

function turned(key: StandingKey, version: number, now?: LiveStanding): ProblemError {
  const is = now ? `it is at version ${now.version}` : 'somebody else wrote first';
  const detail = `${environmentId(key)} is no longer at version ${version}: ${is}. Read it and try again.`;
  return new ProblemError(412, 'Changed meanwhile', detail, now ? { headers: etagOf(now) } : {});
}

const said = (cause: Cause) => ({ cause, text: causeText(cause) });

export function standingView(standing: LiveStanding): StandingJobAnswer['standingJob'] {
  const { team, name, version, state, owner, at, spec, current, waiting, runs } = standing;
  return {
    team,
    name,
    version,
    paused: state === 'paused',
    owner,
    at,
    standing: spec,
    overlap: overlapOf(spec),
    ...('next' in standing && standing.next !== undefined && { next: standing.next }),
    ...(current && { current: { ...said(current.cause), job: current.job, at: current.at } }),
    waiting: waiting.map(({ cause, since, refused: why }) => ({
      ...said(cause),
      since,
      ...(why && { why: why.why, again: why.again }),
    })),
    runs: runs.map((run) => ({ ...run, text: causeText(run.cause) })),
  };
}

/** Enough for the story of one. */
const lines = 20;

export async function standingAnswer(deps: Pick<ApiDeps, 'standing'>, key: StandingKey) {
  const [found, history] = await Promise.all([readStanding(deps, key), deps.standing.audit(key, lines)]);
  const body = {
    standingJob: standingView(found),
    history: history.map(({ at, actor, what }) => ({ at, actor, what })),
  };
  return { body, headers: etagOf(found) };
}

/** It is an item of the table, and its team's are read at once. */
const mostBytes = 100_000;

/**
 * What can be said against it before it starts anything.
 * @throws 403, 409 and 422 as for a job, and where it can't be started by that.
 */
export async function mustStart(
  deps: Pick<ApiDeps, 'standing' | 'config' | 'jobBucket' | 'clock' | 'bases'>,
  { team: of, name }: StandingKey,
  spec: StandingSpec,
): Promise<void> {
  const team = teamOf(deps.config, of);
  const { when } = spec;
  if (JSON.stringify(spec).length > mostBytes)
    throw invalid([{ path: 'standing.job', message: `${mostBytes} characters at most, as JSON` }]);
  if (when.kind === 'schedule') {
    // Nobody else of the API's needs to know of times.
    const { whyNoSchedule } = await import('#core/jobs/standing/cron.ts');
    const why = whyNoSchedule(when, deps.clock.now());
    if (why !== undefined) throw invalid([{ path: 'standing.when.cron', message: why }]);
  }
  if (when.kind === 'upload') mustBeBelow(when.prefix, `s3://${deps.jobBucket}/datasets/${of}/`);
  const all = when.kind === 'after' ? await deps.standing.all(of) : [];
  const circle = whyNotAfter({ name, spec }, all);
  if (circle !== undefined) throw invalid([{ path: 'standing.when.job', message: circle }]);
  const request = requestOf(spec, sample(spec, deps), deps.jobBucket);
  mustBeAdmitted(deps, request, team, 'standing.job');
  await mustHaveImage(deps, request, 'standing.job');
  // More than the team may ever have would be refused each time.
  const never = reserve(
    emptyLedger(team.name),
    team.quota,
    startedName({ team: of, name }, sample(spec, deps)),
    heldBy(request),
  );
  if ('outcome' in never) throw refused(never);
}

/** Any cause that it may have: what is read is another one each time, and whether the team may read there is not. */
function sample({ when }: StandingSpec, { jobBucket, clock }: Pick<ApiDeps, 'jobBucket' | 'clock'>): Cause {
  const at: Instant = clock.now();
  switch (when.kind) {
    case 'schedule':
      return { kind: 'time', at, missed: 0 };
    case 'upload': {
      const key = `${when.prefix.slice(`s3://${jobBucket}/`.length)}object`;
      return { kind: 'upload', at, key, etag: '', sequencer: '' };
    }
    case 'after':
      return { kind: 'after', at, job: jobNameAt(at, '0000'), depth: 1 };
  }
}

function mustBeBelow(prefix: string, own: string): void {
  if (prefix.startsWith(own)) return;
  const message = `below ${own}, of which uploads are told: ${prefix} is elsewhere`;
  throw invalid([{ path: 'standing.when.prefix', message }]);
}

/** @throws 409 where the team has as many as it may. */
export async function mustHaveRoom({ standing }: Pick<ApiDeps, 'standing'>, { team }: StandingKey) {
  const { length } = await standing.all(team);
  if (length < mostOfTeam) return;
  const detail = `Team ${team} has ${length} standing jobs, ${mostOfTeam} at most: delete one that nobody needs.`;
  throw new ProblemError(409, 'Too many', detail);
}

interface By {
  readonly actor: string;
  readonly request?: RequestRef | undefined;
  /** Whom it names, where it does: else whoever wrote meanwhile is read again. */
  readonly version?: number;
}

/** Of changes that come at once, one is written in each round. */
const tries = 10;

/**
 * @param decide reads and decides: again, where the stage came between.
 * @throws 409 where that can't be any more, 412 where it names a version that is not there any more.
 */
export async function writeStanding(
  { standing, clock }: Pick<ApiDeps, 'standing' | 'clock'>,
  key: StandingKey,
  decide: () => Promise<StandingDecision>,
  { actor, request, version }: By,
): Promise<void> {
  for (let left = tries; ; left--) {
    const decision = await decide();
    if (decision.outcome === 'refused') throw new ProblemError(409, 'Not now', decision.why);
    if (decision.outcome === 'unchanged') return;
    const at = clock.now();
    const { what } = decision;
    const change = {
      standing: decision.standing,
      at,
      ...(what !== undefined && { audit: { at, actor, what } }),
    };
    try {
      return await standing.write(change, { request });
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      if (version !== undefined) throw turned(key, version);
      if (left <= 1) throw error;
    }
  }
}
