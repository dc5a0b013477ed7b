/**
 * The life of a data job: listing → sending → running → finishing → ended, with a pause on its way, with a step between for one whose results
 * are brought together, and from its end back by a retry. What becomes of its chunks, core/jobs/chunk.ts says; this says what they come to. One reducer for what comes twice, late, or from two people at once.
 */
import { unreachable } from '../errors.ts';
import { type Instant, secondsBetween } from '../names.ts';
import { isSame } from '../same.ts';
import { type Away, awayAfter, awaySince, tooLongAway } from './away.ts';
import type { JobEvent } from './job-event.ts';
import type { Job } from './job-phases.ts';
import { snapshotOf, withMemory } from './request.ts';
import type { JobKey } from './slots.ts';
import { stretched } from './stretch.ts';
import { emptyTally, progressOf, type Tally } from './tally.ts';

export { Job } from './job-phases.ts';

type Outcome = Extract<Job, { phase: 'ended' }>['outcome'];
type Reduced = NonNullable<Extract<Job, { phase: 'ended' }>['reduced']>;
type Listing = Extract<Job, { phase: 'listing' }>;
type Planned = Extract<Job, { phase: 'sending' | 'running' }>;

export type JobDecision =
  | { readonly outcome: 'changed'; readonly job: Job; readonly what?: string }
  | { readonly outcome: 'unchanged' }
  /** A person asked for what can't be any more: why. */
  | { readonly outcome: 'refused'; readonly why: string };

const unchanged: JobDecision = { outcome: 'unchanged' };
const refused = (why: string): JobDecision => ({ outcome: 'refused', why });

export function nextJob(job: Job, event: JobEvent, now: Instant): JobDecision {
  const decision = decide(job, event, now);
  if (decision.outcome !== 'changed') return decision;
  return { ...decision, job: stretched(job, decision.job, now) };
}

function decide(job: Job, event: JobEvent, now: Instant): JobDecision {
  switch (event.kind) {
    case 'listed':
      return job.phase === 'listing' ? listed(job, event) : unchanged;
    case 'unreadable':
      if (job.phase !== 'listing') return unchanged;
      return finish({ ...job, chunks: 0, bytes: 0 }, 'failed', event.reason);
    case 'sent':
      return job.phase === 'sending' ? sent(job, event.upTo) : unchanged;
    case 'database-away':
      return job.phase === 'listing' && !job.paused ? unplanned(job, event.why, now) : unchanged;
    case 'tallied':
      return tallied(job, event, now);
    case 'workers-seen':
      return event.seconds > (job.workerSeconds ?? 0)
        ? changed({ ...job, workerSeconds: event.seconds })
        : unchanged;
    case 'cluster-seen':
      return clusterSeen(job, event.refused);
    case 'snapshot-lost':
      return job.phase === 'sending' || job.phase === 'running'
        ? withoutSnapshot(job, event, now)
        : unchanged;
    case 'queue-seen':
      return job.phase === 'running' ? emptied(job, event.messages, now) : unchanged;
    case 'pause':
    case 'resume':
      return held(job, event.kind === 'pause', event.by);
    case 'cancel':
      return cancelled(job, event.by);
    case 'retry':
      return retry(job, event);
    case 'retried':
      return job.phase === 'retrying' ? retried(job, event.tally) : unchanged;
    case 'reduced':
      return job.phase === 'reducing' ? finish(job, 'succeeded', job.reason, event.result) : unchanged;
    case 'not-reduced':
      return job.phase === 'reducing' ? finish(job, 'failed', `its results: ${event.reason}`) : unchanged;
    case 'manifest-written':
      if (job.phase !== 'finishing' || job.manifest) return unchanged;
      return changed({ ...job, manifest: true });
    case 'taken-away':
      return job.phase === 'finishing' && job.manifest ? ended(job, now) : unchanged;
    default:
      return unreachable(event);
  }
}

function listed(
  { phase: _, away: __, ...job }: Listing,
  { chunks, bytes, passBytes = 0 }: Extract<JobEvent, { kind: 'listed' }>,
): JobDecision {
  const next = { ...job, chunks, bytes };
  if (chunks === 0) return finish(next, 'succeeded', 'There was nothing to read.');
  return changed(
    { ...next, phase: 'sending', sent: 0 },
    `${chunks} chunks of ${bytes} bytes in all${passBytes > 0 ? `, of which ${passBytes} were read once over for their quotes` : ''}`,
  );
}

/** Later news of less is old news. */
function sent({ sent: before, ...rest }: Extract<Job, { phase: 'sending' }>, upTo: number): JobDecision {
  if (upTo < rest.chunks) return upTo > before ? changed({ ...rest, sent: upTo }) : unchanged;
  // Workers may have been done with all of it before this was heard.
  return settled({ ...rest, phase: 'running' }, rest.tally, `all ${rest.chunks} chunks are sent`);
}

type Tallied = Pick<Extract<JobEvent, { kind: 'tallied' }>, 'tally' | 'why'>;

function tallied(job: Job, { tally, why }: Tallied, now: Instant): JobDecision {
  switch (job.phase) {
    case 'listing':
    case 'ended':
    case 'retrying':
      return unchanged;
    case 'reducing':
      return isSame(job.tally, tally) ? unchanged : changed({ ...job, tally });
    case 'finishing':
      // A worker's last word: the manifest is written of what is committed then.
      return isSame(job.tally, tally) || job.manifest ? unchanged : changed({ ...job, tally });
    case 'sending':
    case 'running':
      return goneOn(job, awayAfter(job, tally, why, now), tally, now);
    default:
      return unreachable(job);
  }
}

/** What was waited for too long ends it: a retry goes on from there. */
function goneOn(
  { away: before, ...job }: Planned,
  away: Away | undefined,
  tally: Tally,
  now: Instant,
): JobDecision {
  const over = away && tooLongAway(away, job.request, { isPlanned: true }, now);
  if (over !== undefined) return finish({ ...job, tally }, 'failed', over);
  if (isSame(job.tally, tally) && isSame(before, away)) return unchanged;
  return settled(away === undefined ? job : { ...job, away }, tally);
}

function unplanned(job: Listing, why: string, now: Instant): JobDecision {
  const away = awaySince(job.away, why, now);
  const over = tooLongAway(away, job.request, { isPlanned: false }, now);
  if (over !== undefined) return finish({ ...job, chunks: 0, bytes: 0 }, 'failed', over);
  return isSame(job.away, away) ? unchanged : changed({ ...job, away });
}

/** Whether it goes on with that tally. */
function settled(job: Planned, tally: Tally, what?: string): JobDecision {
  const { failed } = tally;
  const next = { ...job, tally };
  const { toleratedFailures } = job.request;
  if (failed > toleratedFailures)
    return finish(next, 'failed', `${chunksOf(failed)} failed; ${toleratedFailures} may.`);
  const isNew = job.tally.halved === 0 && tally.halved > 0;
  const halved = 'of a chunk the command had no memory left: it goes on as two halves';
  if (job.phase === 'sending' || progressOf(tally, job.chunks).open > 0)
    return changed(next, what ?? (isNew ? halved : undefined));
  const reason = failed > 0 ? `${chunksOf(failed)} failed, as may be.` : undefined;
  if (job.request.reduce === undefined) return finish(next, 'succeeded', reason);
  return reducing(next, reason);
}

/** What is committed is of it, and whole; what is open can't be had any more. */
function withoutSnapshot(
  job: Planned,
  { tally, reason }: Extract<JobEvent, { kind: 'snapshot-lost' }>,
  now: Instant,
): JobDecision {
  if (progressOf(tally, job.chunks).open > 0) return finish({ ...job, tally }, 'failed', reason);
  return tallied(job, { tally }, now);
}

function reducing(job: Planned, reason: string | undefined): JobDecision {
  const why = reason === undefined ? {} : { reason };
  const step = { phase: 'reducing', paused: job.paused, turn: job.version } as const;
  return changed({ ...knownOf(job), ...why, ...step }, 'its results are brought together');
}

/** SQS counts roughly, and a message may be between its queue and a worker: a while must pass. */
const emptySeconds = 120;

/** A message that is lost takes nothing with it: all of them are sent again, and what has a result stays. */
function emptied(job: Extract<Job, { phase: 'running' }>, messages: number, now: Instant): JobDecision {
  const { emptySince, ...rest } = job;
  if (messages > 0) return emptySince === undefined ? unchanged : changed(rest);
  if (emptySince === undefined) return changed({ ...rest, emptySince: now });
  if (secondsBetween(emptySince, now) < emptySeconds) return unchanged;
  const what = 'its queue is empty, and chunks are open: all are sent again';
  return changed({ ...rest, phase: 'sending', sent: 0 }, what);
}

function held(job: Job, pause: boolean, by: string): JobDecision {
  const verb = pause ? 'pause' : 'resume';
  if (job.phase === 'finishing' || job.phase === 'ended' || job.phase === 'retrying')
    return refused(over(job, verb));
  if (job.paused === pause) return unchanged;
  if (pause && snapshotOf(job.request) !== undefined)
    return refused('Its chunks are of one snapshot, which its workers hold: let it go on, or cancel it.');
  const { away: _, ...rest } = job;
  return changed({ ...rest, paused: pause }, `${verb}d by ${by}`);
}

function cancelled(job: Job, by: string): JobDecision {
  if (job.phase === 'finishing' || job.phase === 'ended')
    return job.outcome === 'cancelled' ? unchanged : refused(over(job, 'cancel'));
  const known = job.phase === 'listing' ? { ...job, chunks: 0, bytes: 0 } : job;
  return finish(known, 'cancelled', `by ${by}`);
}

const over = (job: Extract<Job, { phase: 'finishing' | 'ended' | 'retrying' }>, verb: string): string =>
  job.phase === 'retrying'
    ? `Its failed chunks are being made to wait again: ${verb} it in a moment.`
    : `It ${job.outcome === 'cancelled' ? 'was' : 'has'} ${job.outcome}: there is nothing to ${verb}.`;

/** Of a job that has ended: what has no result runs again. */
function retry(job: Job, { by, memoryMiB }: Extract<JobEvent, { kind: 'retry' }>): JobDecision {
  const before = job.request.resources.memoryMiB;
  if (job.phase === 'retrying') {
    if (memoryMiB === undefined || memoryMiB === before) return unchanged;
    return refused(`It is retried already, with ${before} MiB for each command.`);
  }
  if (job.phase !== 'ended')
    return refused('It has not ended: what failed is retried when it has, or cancel it.');
  if (job.chunks === 0) return refused('Nothing was cut of its input: ask for it anew.');
  const without = progressOf(job.tally, job.chunks).open + job.tally.failed;
  if (without > 0 && snapshotOf(job.request) !== undefined)
    return refused(
      'Its chunks are of one snapshot, which is gone: others would be of another one. Ask for it anew.',
    );
  const isReduced = job.request.reduce === undefined || job.outcome === 'succeeded';
  if (isReduced && without === 0)
    return refused('Each of its chunks has a result: there is nothing to retry.');
  if (memoryMiB !== undefined && memoryMiB < before)
    return refused(`Its commands had ${before} MiB: ask for as much, or more.`);
  const { outcome: _o, reason: _r, since: _s, reduced: _d, ...rest } = job;
  const request = withMemory(job.request, memoryMiB ?? before);
  const more = request === job.request ? '' : `, with ${memoryMiB} MiB for each command`;
  return changed({ ...rest, request, phase: 'retrying' }, `retried by ${by}${more}`);
}

/** All of it is sent again, and what is committed stays: a worker removes its message. */
function retried(job: Extract<Job, { phase: 'retrying' }>, tally: Tally): JobDecision {
  const { open } = progressOf(tally, job.chunks);
  return changed({ ...job, phase: 'sending', paused: false, sent: 0, tally }, `${chunksOf(open)} run again`);
}

type Finishing = Extract<Job, { phase: 'finishing' }>;
type Known = Omit<Finishing, 'phase' | 'outcome' | 'manifest' | 'reason'>;

/** Without what belongs to a phase alone. */
const knownOf = (job: Known): Known => {
  const { team, name, version, requester, at, cluster, request, standing, tally, chunks, bytes } = job;
  const { workerSeconds } = job;
  const by = standing === undefined ? {} : { standing };
  const ran = workerSeconds === undefined ? {} : { workerSeconds };
  return { team, name, version, requester, at, cluster, request, ...by, tally, ...ran, chunks, bytes };
};

function finish(job: Known, outcome: Outcome, reason: string | undefined, reduced?: Reduced): JobDecision {
  const why = reason === undefined ? {} : { reason };
  const what = reason === undefined ? outcome : `${outcome}: ${reason}`;
  const end = { phase: 'finishing', outcome, manifest: false, ...(reduced && { reduced }) } as const;
  return changed({ ...knownOf(job), ...end, ...why }, what);
}

/** Told once, however often it is tried. */
function clusterSeen({ refused: before, ...job }: Job, why: string | undefined): JobDecision {
  if (before === why || job.phase === 'ended') return unchanged;
  if (why === undefined) return changed(job);
  return changed({ ...job, refused: why }, `its namespace is not as it should be for now: ${why}`);
}

function ended({ manifest: _, refused: __, ...job }: Finishing, now: Instant): JobDecision {
  return changed({ ...job, phase: 'ended', since: now }, 'nothing is left of it but its results');
}

/** A job as it is asked for. */
export const askedJob = (
  asked: JobKey & Pick<Job, 'requester' | 'at' | 'cluster' | 'request' | 'standing'>,
): Job => ({
  ...asked,
  phase: 'listing',
  version: 1,
  paused: false,
  tally: emptyTally,
  lookAt: asked.at,
});

const chunksOf = (count: number): string => (count === 1 ? '1 chunk' : `${count} chunks`);
function changed(job: Job, what?: string): JobDecision {
  const next = { ...job, version: job.version + 1 };
  return what === undefined ? { outcome: 'changed', job: next } : { outcome: 'changed', job: next, what };
}
