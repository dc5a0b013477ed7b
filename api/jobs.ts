/** What the routes of data jobs share: how one is described, who may read what, and how a change of one is written. */
import type { Config } from '#core/config.ts';
import { Conflict, Retryable } from '#core/errors.ts';
import type { Job, JobDecision } from '#core/jobs/job.ts';
import type { JobChange } from '#core/jobs/job-change.ts';
import { jobCost, jobProgress } from '#core/jobs/job-view.ts';
import { mayRead, readableBy } from '#core/jobs/location.ts';
import { heldBy, type JobRequest } from '#core/jobs/request.ts';
import type { JobKey, SlotsWanted } from '#core/jobs/slots.ts';
import { reserve } from '#core/quota.ts';
import type { RequestRef } from '#core/request-ports.ts';
import type { Team } from '#core/team.ts';
import type { JobAnswer } from './job-answers.ts';
import { invalid, ProblemError, refused } from './problem.ts';
import { type ApiDeps, teamOf } from './route.ts';

/** @throws 404 where there is none. */
export async function readJob({ jobs }: Pick<ApiDeps, 'jobs'>, key: JobKey): Promise<Job> {
  const job = await jobs.read(key);
  if (job) return job;
  const detail = `There is no job ${key.team}/${key.name}. List the team's: GET /teams/${key.team}/jobs.`;
  throw new ProblemError(404, 'No such job', detail);
}

export function jobView({ config, clock }: Pick<ApiDeps, 'config' | 'clock'>, job: Job): JobAnswer['job'] {
  const { team, name, phase, requester, at, cluster, request } = job;
  return {
    team,
    name,
    phase,
    paused: 'paused' in job && job.paused,
    ...('outcome' in job && { outcome: job.outcome }),
    ...('reason' in job && job.reason !== undefined && { reason: job.reason }),
    ...('reduced' in job &&
      job.reduced !== undefined && { reduced: { bytes: job.reduced.bytes, crc32: job.reduced.crc32 } }),
    requester,
    at,
    ...(phase === 'ended' && { since: job.since }),
    cluster,
    request,
    progress: jobProgress(job, clock.now()),
    cost: jobCost(job, config.prices),
  };
}

/** Enough for the story of one: a job that is looked at says nothing where nothing turned. */
const lines = 50;

export async function wholeJob(deps: ApiDeps, key: JobKey): Promise<JobAnswer> {
  const job = await readJob(deps, key);
  const [wanted, seen, history] = await Promise.all([
    deps.slots.wanted(key),
    deps.slots.seen(key),
    deps.jobs.audit(key, lines),
  ]);
  return {
    job: jobView(deps, job),
    workers: seen?.namespace === 'there' ? seen.slots : [],
    ...shareOf(wanted),
    history: history.map(({ at, actor, what }) => ({ at, actor, what })),
  };
}

function shareOf(wanted: SlotsWanted | undefined): Pick<JobAnswer, 'share'> {
  if (wanted?.phase !== 'running' || wanted.couldUse === undefined) return {};
  return { share: { workers: wanted.slots, couldUse: wanted.couldUse } };
}

/** @throws 403 where the team may not read there. */
export function mustBeReadable({ dataset }: JobRequest, team: Team, bucket: string): void {
  if (dataset === undefined) return;
  const allowed = readableBy(team, bucket);
  if (mayRead(dataset, allowed)) return;
  const detail = `Jobs of team ${team.name} read below ${allowed.join(', ')}, not ${dataset}. Put it there, or ask whoever runs GetSchwifty for another place.`;
  throw new ProblemError(403, 'Not allowed', detail);
}

/** @throws 422 where the team has no such database. */
export function mustBeOwnDatabases(request: JobRequest, { name, databases }: Team): void {
  const fields = (['table', 'query', 'target'] as const).flatMap((field) => {
    const asked = request[field]?.database;
    if (asked === undefined || databases.some((one) => one.name === asked)) return [];
    const known =
      databases.length === 0 ? 'it has none' : `it has ${databases.map((one) => one.name).join(', ')}`;
    const message = `team ${name} has no database ${asked}; ${known}: whoever runs GetSchwifty names them`;
    return [{ path: `job.${field}.database`, message }];
  });
  if (fields.length > 0) throw invalid(fields);
}

/** What was released for another team is theirs to run: the cluster would refuse it too. @throws 422 */
export function mustBeOwnImage({ image }: JobRequest, { name }: Team): void {
  if (image === undefined || image.startsWith(`release/${name}/`)) return;
  const message = `a job of team ${name} runs what was released for an environment of its own: release/${name}/…`;
  throw invalid([{ path: 'job.image', message }]);
}

/** The cluster that is asked for, or the first. @throws 422 where there is none of its name, or no such node pool in it. */
export function placedJob({ clusters }: Config, { cluster: asked, nodePool }: JobRequest): string {
  const found = clusters.find(({ name }) => asked === undefined || name === asked);
  if (found === undefined) {
    const message = `no cluster is called ${asked}; there is ${clusters.map(({ name }) => name).join(', ')}`;
    throw invalid([{ path: 'job.cluster', message }]);
  }
  const { name, jobNodePools: pools = [] } = found;
  if (nodePool === undefined || pools.includes(nodePool)) return name;
  const known = pools.length === 0 ? 'none' : pools.join(', ');
  const message = `cluster ${name} lets data jobs ask for ${known}, not ${nodePool}: leave it out, or ask whoever runs GetSchwifty`;
  throw invalid([{ path: 'job.nodePool', message }]);
}

/** Of changes of one job that come at once, one is written in each round. */
const tries = 10;

/**
 * @param decide reads and decides: again, where others came between.
 * @throws 409 where that can't be any more, or the quota's refusal; Retryable where others always came between.
 */
export async function writeJob(
  deps: Pick<ApiDeps, 'jobs' | 'config'>,
  decide: () => Promise<JobChange | Exclude<JobDecision, { outcome: 'changed' }>>,
  { request, holds }: { readonly request: RequestRef | undefined; readonly holds: boolean },
): Promise<void> {
  for (let left = tries; left > 0; left--) {
    const change = await decide();
    if ('outcome' in change) {
      if (change.outcome === 'refused') throw new ProblemError(409, 'Not now', change.why);
      return;
    }
    const ledger = holds ? await reserved(deps, change.job) : undefined;
    try {
      return await deps.jobs.write(change, { request, ledger });
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
    }
  }
  throw new Retryable('Other changes of the job, or of what its team holds, came between each time.');
}

/** @throws the quota's refusal. */
async function reserved({ jobs, config }: Pick<ApiDeps, 'jobs' | 'config'>, { team, name, request }: Job) {
  const next = reserve(await jobs.ledger(team), teamOf(config, team).quota, name, heldBy(request));
  if ('outcome' in next) throw refused(next);
  return next;
}
