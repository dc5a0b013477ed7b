/**
 * The stage of data jobs: each look does the next thing of a job's life, and says what it wants of its cluster. What it does may
 * be broken off anywhere: it is done again, and done twice it is done once.
 */

import { type Signal, subjectOf } from '#core/aws-events.ts';
import { Conflict, Rejected, unreachable } from '#core/errors.ts';
import { claimSeconds } from '#core/jobs/claim.ts';
import { type Job, nextJob } from '#core/jobs/job.ts';
import { jobChange, stageOf } from '#core/jobs/job-change.ts';
import type { JobEvent } from '#core/jobs/job-event.ts';
import { readsRows } from '#core/jobs/request.ts';
import { JobKey } from '#core/jobs/slots.ts';
import { environmentId, type Instant } from '#core/names.ts';
import { without } from '#core/quota.ts';
import { log, note } from '../runtime/log.ts';
import { type Handle, jittered, tries } from '../runtime/queue.ts';
import type { JobsDeps } from './deps.ts';
import { finish, revive } from './end.ts';
import { reduce } from './reduce.ts';
import { list, send } from './send.ts';
import { letGo, progress } from './snapshot.ts';
import { makes, type Standing, slotsAreLate, standingOf, want, workersAreGone } from './want.ts';

const actor = 'jobs';
const lookSeconds = { soon: 0, running: 15, finishing: 10, planning: 5, reducing: 10, failed: 20 } as const;

export function jobs(deps: JobsDeps): Handle {
  return async (signal, cause) => {
    const key = keyOf(signal);
    note({ environment: environmentId(key) });
    const job = await deps.jobs.read(key);
    if (job === undefined) return log.warn('there is no such job', { job: key.name });
    const now = deps.clock.now();
    // Its end is heard of elsewhere.
    if (stageOf(job) !== 'jobs') return;
    // Somebody looked since, or is at it.
    if (job.lookAt === undefined || (signal.kind === 'look' && job.lookAt > now)) return;
    const standing = await standingOf(deps, job);
    if (isShort(job, standing)) return turn(deps, job, standing, { cause });
    // News that comes while somebody is at it is found when they are done.
    if (job.lookAt > now) return;
    const mine = jobChange(job, job, { at: now, actor, lookAfterSeconds: claimSeconds });
    await deps.jobs.write(mine);
    return turn(deps, mine.job, standing, { cause, claim: mine.job.lookAt });
  };
}

async function turn(deps: JobsDeps, job: Job, standing: Standing, { cause, claim }: Told): Promise<void> {
  const { wanted } = standing;
  let held = claim;
  try {
    const events = [...seenOf(standing), ...(await step(deps, job, standing))];
    const next = await settle(deps, job, events, standing, cause);
    held = makes(next, wanted) ? next.lookAt : undefined;
    await want(deps, next, wanted);
    if (held) await release(deps, job, held, lookAfter);
  } catch (error) {
    // Where that fails too, reconcile comes when the claim has ended.
    const isHeld = (why: unknown): void => log.error('the job is held still', why);
    if (held) await release(deps, job, held, () => lookSeconds.failed).catch(isHeld);
    throw error;
  }
}

interface Told {
  readonly cause: string | undefined;
  /** Until when nobody else looks at the job. */
  readonly claim?: Instant | undefined;
}

/** People who wrote meanwhile left the claim as it was. */
async function release(
  deps: JobsDeps,
  key: JobKey,
  claim: Instant,
  after: (job: Job) => number | undefined,
): Promise<void> {
  for (let turn = 0; ; turn++) {
    const job = await deps.jobs.read(key);
    if (job?.lookAt !== claim) return;
    try {
      const at = deps.clock.now();
      return await deps.jobs.write(jobChange(job, job, { at, actor, lookAfterSeconds: after(job) }));
    } catch (error) {
      if (!(error instanceof Conflict) || turn === tries - 1) throw error;
      await (deps.pause ?? jittered)(turn);
    }
  }
}

function keyOf(signal: Signal): JobKey {
  const parsed = JobKey.safeParse(subjectOf(signal));
  if (parsed.success) return parsed.data;
  throw new Rejected(`The stage of jobs takes looks at jobs and what is told of them, not ${signal.kind}.`);
}

/** A look at sums and counts, where nothing is made for it: many at once disturb nobody. */
const isShort = (job: Job, { wanted }: Standing): boolean => job.phase === 'running' && !makes(job, wanted);

/**
 * What was found is said of the job as it is by then: people may have paused or cancelled it meanwhile. Where something is to be made for
 * it next, it is held until that is there: nobody brings it to its end before.
 */
async function settle(
  deps: JobsDeps,
  begun: Job,
  events: readonly JobEvent[],
  standing: Standing,
  cause: string | undefined,
): Promise<Job> {
  let job = begun;
  const late = slotsAreLate(standing, deps.clock.now());
  for (let turn = 0; ; turn++) {
    const { next, said } = after(job, events, deps.clock.now());
    const what = said.length > 0 ? said.join('; ') : undefined;
    const at = deps.clock.now();
    const lookAfterSeconds = makes(next, standing.wanted) ? claimSeconds : lookAfter(next);
    const change = jobChange(job, next, { at, actor, what, cause, slotsAreLate: late, lookAfterSeconds });
    const enclosed = next.phase === 'ended' ? { ledger: await released(deps, next) } : {};
    try {
      await deps.jobs.write(change, enclosed);
      log.info('looked at a job', { job: job.name, phase: next.phase, did: said });
      return change.job;
    } catch (error) {
      if (!(error instanceof Conflict) || turn === tries - 1) throw error;
      await (deps.pause ?? jittered)(turn);
      job = (await deps.jobs.read(begun)) ?? begun;
    }
  }
}

function after(job: Job, events: readonly JobEvent[], now: Instant) {
  let next = job;
  const said: string[] = [];
  for (const event of events) {
    const decision = nextJob(next, event, now);
    if (decision.outcome !== 'changed') continue;
    next = decision.job;
    if (decision.what !== undefined) said.push(decision.what);
  }
  return { next, said };
}

function seenOf({ wanted, seen }: Standing): JobEvent[] {
  if (seen === undefined) return [];
  const { workerSeconds: seconds, refused } = seen;
  return [
    ...(seconds === undefined ? [] : [{ kind: 'workers-seen', seconds } as const]),
    // What was refused of what was wanted before says nothing of now.
    ...(seen.wanted === wanted?.version ? [{ kind: 'cluster-seen', refused } as const] : []),
  ];
}

async function step(deps: JobsDeps, job: Job, standing: Standing): Promise<readonly JobEvent[]> {
  switch (job.phase) {
    case 'listing':
      return list(deps, job);
    case 'sending':
      return [await progress(deps, job, standing.seen), await send(deps, job)];
    case 'running':
      return [
        await progress(deps, job, standing.seen),
        { kind: 'queue-seen', messages: (await deps.queues.messages(job.name)) ?? 0 },
      ];
    case 'reducing':
      await letGo(deps, job);
      return [{ kind: 'tallied', tally: await deps.chunks.tally(job.name) }, ...(await reduce(deps, job))];
    case 'finishing':
      await letGo(deps, job);
      return finish(deps, job, workersAreGone(standing));
    case 'retrying':
      return [await revive(deps, job)];
    case 'ended':
      return [];
    default:
      return unreachable(job);
  }
}

function lookAfter({ phase, request }: Job): number | undefined {
  switch (phase) {
    case 'listing':
      return readsRows(request) ? lookSeconds.planning : lookSeconds.soon;
    case 'sending':
    case 'retrying':
      return lookSeconds.soon;
    case 'running':
      return lookSeconds.running;
    case 'reducing':
      return lookSeconds.reducing;
    case 'finishing':
      return lookSeconds.finishing;
    case 'ended':
      return undefined;
    default:
      return unreachable(phase);
  }
}

const released = async ({ jobs: store }: JobsDeps, { team, name }: Job) =>
  without(await store.ledger(team), name);
