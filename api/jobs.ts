/** What the routes of data jobs share: how one is described, who may read what, and how a change of one is written. */
import { Conflict, parse, Retryable } from '#core/errors.ts';
import { admitted } from '#core/jobs/admission.ts';
import type { Job, JobDecision } from '#core/jobs/job.ts';
import type { JobChange } from '#core/jobs/job-change.ts';
import { awayView, jobCost, jobProgress } from '#core/jobs/job-view.ts';
import { heldBy, type JobRequest } from '#core/jobs/request.ts';
import { whyNoResults } from '#core/jobs/results.ts';
import type { JobKey, SlotsSeen, SlotsWanted } from '#core/jobs/slots.ts';
import { type WorkerRun, workerRates } from '#core/jobs/worker-runs.ts';
import { Digest, type Instant } from '#core/names.ts';
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
  const { team, name, phase, requester, at, cluster, request, standing } = job;
  return {
    team,
    name,
    phase,
    paused: 'paused' in job && job.paused,
    ...('outcome' in job && { outcome: job.outcome }),
    ...(job.away !== undefined && { away: awayView(job.away, clock.now()) }),
    ...(job.refused !== undefined && { refused: job.refused }),
    ...('reason' in job && job.reason !== undefined && { reason: job.reason }),
    ...('reduced' in job &&
      job.reduced !== undefined && { reduced: { bytes: job.reduced.bytes, crc32: job.reduced.crc32 } }),
    requester,
    ...(standing !== undefined && { standing: standing.name }),
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
  const [wanted, seen, runs, history] = await Promise.all([
    deps.slots.wanted(key),
    deps.slots.seen(key),
    job.phase === 'sending' || job.phase === 'running' ? deps.chunks.runs(key.name) : [],
    deps.jobs.audit(key, lines),
  ]);
  return {
    job: jobView(deps, job),
    workers: workersOf(seen, runs, deps.clock.now()),
    ...shareOf(wanted),
    history: history.map(({ at, actor, what }) => ({ at, actor, what })),
  };
}

/** One that does not run is not fast or slow. */
function workersOf(
  seen: SlotsSeen | undefined,
  runs: readonly WorkerRun[],
  now: Instant,
): JobAnswer['workers'] {
  if (seen?.namespace !== 'there') return [];
  const rates = workerRates(runs, now);
  return seen.slots.map((slot) => {
    const rate = slot.state === 'running' ? rates.get(slot.slot) : undefined;
    return { ...slot, ...(rate && { rate }) };
  });
}

function shareOf(wanted: SlotsWanted | undefined): Pick<JobAnswer, 'share'> {
  if (wanted?.phase !== 'running' || wanted.couldUse === undefined) return {};
  return { share: { workers: wanted.slots, couldUse: wanted.couldUse } };
}

/** @returns its cluster. @throws 403 and 422 where its team may not have it as it is. */
export function mustBeAdmitted(
  { config: { clusters }, jobBucket: bucket }: Pick<ApiDeps, 'config' | 'jobBucket'>,
  request: JobRequest,
  team: Team,
  path = 'job',
): string {
  const found = admitted(request, { team, clusters, bucket });
  if ('cluster' in found) return found.cluster;
  const [first] = found;
  if (first.status === 403) throw new ProblemError(403, 'Not allowed', first.message);
  throw invalid(found.map((fault) => ({ ...fault, path: `${path}.${fault.path}` })));
}

/** A pod whose image is not there waits for it for ever. @throws 422 */
export async function mustHaveImage(
  { bases }: Pick<ApiDeps, 'bases'>,
  { image }: JobRequest,
  path = 'job',
): Promise<void> {
  if (image === undefined) return;
  const [repository = '', digest] = image.split('@');
  if (await bases.look({ repository, digest: parse(Digest, digest, 'the digest of an image') })) return;
  const environment = repository.replace(/^release\//, '');
  const message = `${image} is not there: \`schwifty env get ${environment}\` shows the digest that was released for it`;
  throw invalid([{ path: `${path}.image`, message }]);
}

/** What it is to read of another job must be there. @throws 409 */
export async function mustHaveResults(
  { jobs }: Pick<ApiDeps, 'jobs'>,
  { results }: JobRequest,
  team: Team,
): Promise<void> {
  if (results === undefined) return;
  const why = whyNoResults(await jobs.read({ team: team.name, name: results }), results);
  if (why !== undefined) throw new ProblemError(409, 'No results', why);
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
