/**
 * The stage of standing jobs: each look, and each upload, says what has come by now, and starts one job where one is to be started. The
 * job, what its team holds with it and the standing job's next version are one write: however often a cause is told, it starts one.
 */
import type { Signal } from '#core/aws-events.ts';
import type { Config } from '#core/config.ts';
import { Rejected } from '#core/errors.ts';
import { admitted } from '#core/jobs/admission.ts';
import { askedJob, type Job } from '#core/jobs/job.ts';
import { jobChange } from '#core/jobs/job-change.ts';
import type { JobStore } from '#core/jobs/job-ports.ts';
import { DatasetUrl } from '#core/jobs/location.ts';
import { heldBy } from '#core/jobs/request.ts';
import { JobName } from '#core/jobs/slots.ts';
import { type Cause, causeText, StandingKey, startedName } from '#core/jobs/standing/cause.ts';
import { followersOf, mostDepth } from '#core/jobs/standing/chain.ts';
import { timesOf } from '#core/jobs/standing/cron.ts';
import { isStuck, nextStanding, type StandingEvent, toStart, watched } from '#core/jobs/standing/next.ts';
import type { StandingJobs } from '#core/jobs/standing/ports.ts';
import { isLive, type LiveStanding, requestOf, type Waiting } from '#core/jobs/standing/standing.ts';
import { count } from '#core/measures.ts';
import { environmentId, type Instant, TeamName } from '#core/names.ts';
import type { Clock } from '#core/ports.ts';
import { type Ledger, reserve } from '#core/quota.ts';
import { log, note } from '../runtime/log.ts';
import { measure } from '../runtime/metrics.ts';
import type { Handle } from '../runtime/queue.ts';

const actor = 'job-starts';

export interface JobStartsDeps {
  readonly standing: Pick<StandingJobs, 'read' | 'write' | 'all'>;
  readonly jobs: Pick<JobStore, 'read' | 'write' | 'ledger'>;
  readonly config: Pick<Config, 'teams' | 'clusters'>;
  /** Of jobs. */
  readonly bucket: string;
  readonly clock: Clock;
}

export function jobStarts(deps: JobStartsDeps): Handle {
  return async (signal, cause) => {
    if (signal.kind === 'upload') return uploaded(deps, signal, cause);
    if (signal.kind !== 'look')
      throw new Rejected(`The stage of standing jobs takes looks and uploads, not ${signal.kind}.`);
    const { team, name } = signal.environment;
    const job = JobName.safeParse(name);
    if (job.success) return jobEnded(deps, { team, name: job.data }, cause);
    const key = StandingKey.safeParse(signal.environment);
    if (!key.success) throw new Rejected(`${environmentId(signal.environment)} is no standing job's name.`);
    return looked(deps, key.data, cause);
  };
}

/** Whoever waits for an object of this name. A folder is none. */
async function uploaded(
  deps: JobStartsDeps,
  { at, bucket, object }: Extract<Signal, { kind: 'upload' }>,
  told: string | undefined,
): Promise<void> {
  const { key, etag, sequencer, size } = object;
  const team = TeamName.safeParse(key.split('/')[1]);
  if (bucket !== deps.bucket || !team.success || (size === 0 && key.endsWith('/'))) return;
  const url = `s3://${bucket}/${key}`;
  for (const { team: of, name, spec } of await deps.standing.all(team.data)) {
    if (spec.when.kind !== 'upload' || !url.startsWith(spec.when.prefix)) continue;
    const cause: Cause = { kind: 'upload', at, key, etag, sequencer };
    await say(deps, { team: of, name }, [{ kind: 'caused', cause, unfit: unfit(url) }], told);
  }
}

const unfit = (url: string): string | undefined =>
  DatasetUrl.safeParse(url).success
    ? undefined
    : "Its key has characters that no dataset's has: letters, digits and ! _ . * ' ( ) = + - are taken.";

async function jobEnded(deps: JobStartsDeps, key: Pick<Job, 'team' | 'name'>, told: string | undefined) {
  const job = await deps.jobs.read(key);
  if (job?.standing === undefined) return log.warn('no standing job started it', { job: key.name });
  await say(deps, { team: key.team, name: job.standing.name }, await endOf(deps, job, told), told);
  await heard(deps, job);
}

/** The end of its job may not have been heard of. */
async function looked(deps: JobStartsDeps, key: StandingKey, told: string | undefined): Promise<void> {
  const standing = await deps.standing.read(key);
  const current = isLive(standing) ? standing.current : undefined;
  const job = current && (await deps.jobs.read({ team: key.team, name: current.job }));
  await say(deps, key, await endOf(deps, job, told), told);
  if (job) await heard(deps, job);
}

/** Nobody has to be told of its end any more. */
async function heard({ jobs, clock }: JobStartsDeps, job: Job): Promise<void> {
  if (job.phase !== 'ended' || job.lookAt === undefined) return;
  await jobs.write(jobChange(job, job, { at: clock.now(), actor, lookAfterSeconds: undefined }));
}

/** Followers hear of it first: until its own standing job has, it is looked at again. */
async function endOf(
  deps: JobStartsDeps,
  job: Job | undefined,
  told: string | undefined,
): Promise<StandingEvent[]> {
  if (job?.phase !== 'ended' || job.standing === undefined) return [];
  const { team, name, standing, since: at, outcome, reason } = job;
  if (outcome === 'succeeded') {
    const depth = standing.depth + 1;
    const cause: Cause = { kind: 'after', at, job: name, depth };
    for (const follower of followersOf(standing.name, await deps.standing.all(team)))
      await say(deps, { team, name: follower.name }, [{ kind: 'caused', cause }], told);
  }
  return [{ kind: 'ended', job: name, outcome, why: reason }];
}

/** Says what was heard, and what its clock says; starts one where one is to be started. */
async function say(
  deps: JobStartsDeps,
  key: StandingKey,
  heard: readonly StandingEvent[],
  told: string | undefined,
): Promise<void> {
  note({ environment: environmentId(key) });
  const before = await deps.standing.read(key);
  if (!isLive(before)) return log.info('there is no such standing job', { standing: environmentId(key) });
  const now = deps.clock.now();
  const after = said(before, [...heard, ...clockOf(before, now)], now);
  const first = toStart(after, now);
  if (first !== undefined) return start(deps, { before, after, first, now, told });
  const decision = after === before ? watched(before, now) : undefined;
  const next = decision?.outcome === 'changed' ? decision.standing : after;
  if (next !== before) await deps.standing.write({ standing: nextOf(next, before), at: now });
}

const clockOf = ({ state, spec, ...standing }: LiveStanding, now: Instant): StandingEvent[] =>
  state === 'active' && spec.when.kind === 'schedule' && 'since' in standing
    ? [{ kind: 'clock', ...timesOf(spec.when, standing.since, now) }]
    : [];

/** What it comes to, of whatever version. */
function said(standing: LiveStanding, events: readonly StandingEvent[], now: Instant): LiveStanding {
  let next = standing;
  for (const event of events) {
    const decision = nextStanding(next, event, now);
    if (decision.outcome === 'changed' && isLive(decision.standing)) next = decision.standing;
  }
  return next;
}

/** However many decisions were made upon it, it is one write. */
const nextOf = <S extends { readonly version: number }>(standing: S, { version }: LiveStanding): S => ({
  ...standing,
  version: version + 1,
});

interface Start {
  readonly before: LiveStanding;
  readonly after: LiveStanding;
  readonly first: Waiting;
  readonly now: Instant;
  readonly told: string | undefined;
}

async function start(deps: JobStartsDeps, { before, after, first, now, told }: Start): Promise<void> {
  const { jobs } = deps;
  const key = { team: before.team, name: startedName(before, first.cause) };
  const standingIs = (event: StandingEvent) => ({
    standing: nextOf(said(after, [event], now), before),
    at: now,
  });
  const there = await jobs.read(key);
  // Told once more, when nobody remembered it.
  if (there?.standing?.name === before.name)
    return deps.standing.write(standingIs({ kind: 'started', job: key.name }));
  const asked = there
    ? `Another job has the name that comes from it, ${key.name}.`
    : await asks(deps, after, first.cause, key, now);
  if (typeof asked === 'string') {
    const refused = standingIs({ kind: 'refused', why: asked });
    await deps.standing.write(refused);
    log.warn('a standing job was not started', { why: asked });
    return measure(isStuck(refused.standing) ? [count('NotStarted')] : []);
  }
  const what = `started by standing job ${environmentId(before)}: ${causeText(first.cause)}`;
  const line = { at: now, actor, what, cause: told, lookAfterSeconds: 0 };
  const change = jobChange(undefined, asked.job, line);
  const { ledger } = asked;
  await jobs.write(change, { ledger, standing: standingIs({ kind: 'started', job: key.name }) });
  measure([count('Started')]);
  log.info('a standing job was started', { job: key.name, cause: causeText(first.cause) });
}

/** As a person asks for one: held against the configuration of today, and the quota. @returns why it can't be. */
async function asks(
  { jobs, config, bucket }: JobStartsDeps,
  { spec, owner, name: of }: LiveStanding,
  cause: Cause,
  key: Pick<Job, 'team' | 'name'>,
  at: Instant,
): Promise<{ readonly job: Job; readonly ledger: Ledger } | string> {
  const team = config.teams.find(({ name }) => name === key.team);
  if (team === undefined) return `The configuration names no team ${key.team}.`;
  const depth = cause.kind === 'after' ? cause.depth : 0;
  if (depth > mostDepth) return `It is the end of a chain of ${depth} jobs: ${mostDepth} at most.`;
  const request = requestOf(spec, cause, bucket);
  const place = admitted(request, { team, clusters: config.clusters, bucket });
  if (!('cluster' in place)) return place.map(({ path, message }) => `${path}: ${message}`).join('; ');
  const ledger = reserve(await jobs.ledger(team.name), team.quota, key.name, heldBy(request));
  if ('outcome' in ledger) return ledger.detail;
  const standing = { name: of, depth };
  const { cluster } = place;
  return { job: askedJob({ ...key, requester: owner, at, cluster, request, standing }), ledger };
}
