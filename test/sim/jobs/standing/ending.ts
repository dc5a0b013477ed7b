/** How every standing job must end, once the faults are over and time has passed: each of its causes has come to something, and none is missing. */
import type { Job } from '#core/jobs/job.ts';
import { isLive, type LiveStanding } from '#core/jobs/standing/standing.ts';
import { addSeconds, environmentId, secondsBetween } from '#core/names.ts';
import { must } from '../../broken.ts';
import type { JobsWorld } from '../world.ts';
import { idOf, skewSeconds } from './causes.ts';
import { timesOf } from './clock.ts';
import type { StandingOracle } from './oracle.ts';

type Notes = StandingOracle['all'][number];

/** Reconcile's minute, and a stage's own time. */
const restSeconds = 120;

/** Nothing of it waits for a job that goes on, and none does but what people paused. */
export function isQuiet(world: JobsWorld): boolean {
  return world.standing.all.every(({ standing }) => {
    if (!isLive(standing)) return true;
    const { current, waiting, state } = standing;
    if (current !== undefined) return isPaused(world.oracle.notesOf(current.job).job);
    return state === 'paused' || waiting.length === 0 || isHeldUp(world, standing);
  });
}

const isPaused = (job: Job | undefined): boolean => job !== undefined && 'paused' in job && job.paused;

/** What the team may have is held by jobs that people paused and forgot. */
const isHeldUp = (world: JobsWorld, { team, waiting }: LiveStanding): boolean =>
  waiting[0]?.refused !== undefined && world.oracle.jobs.some((job) => job.team === team && isPaused(job));

export async function checkStanding(world: JobsWorld): Promise<void> {
  for (const notes of world.standing.all) {
    const standing = await world.jobs.standing.read(notes.key);
    must(
      standing?.version === notes.standing?.version,
      `${environmentId(notes.key)} is another one than was written`,
    );
    if (isLive(standing)) checkOne(world, notes, standing);
  }
}

function checkOne(world: JobsWorld, notes: Notes, standing: LiveStanding): void {
  checkWaiting(world, standing);
  checkRuns(world, standing);
  const { when } = standing.spec;
  if (when.kind === 'schedule') checkTimes(world, notes, standing, timesOf(when));
  if (when.kind === 'upload') checkUploads(world, notes, when.prefix);
  if (when.kind === 'after') checkEnds(world, notes, when.job);
}

function checkWaiting(world: JobsWorld, standing: LiveStanding): void {
  const id = environmentId(standing);
  const { current, waiting, state } = standing;
  const job = current && world.oracle.notesOf(current.job).job;
  must(job?.phase !== 'ended', `${id} was not told that ${job?.name} has ended`);
  const [first] = waiting;
  if (current !== undefined || first === undefined || state === 'paused') return;
  const { refused } = first;
  must(refused !== undefined, `${id} waits with ${idOf(first.cause)}, and nobody knows why`);
  must(isHeldUp(world, standing), `${id} waits, and there is room: ${refused.why}`);
  const { timeline } = world.cloud;
  must(refused.again > addSeconds(timeline.now(), -restSeconds), `${id} was to be tried at ${refused.again}`);
}

/** What its runs say is what came of their jobs. */
function checkRuns(world: JobsWorld, standing: LiveStanding): void {
  for (const { job: name, outcome } of standing.runs) {
    const job = name === undefined ? undefined : world.oracle.notesOf(name).job;
    if (job?.phase !== 'ended') continue;
    must(
      job.outcome === outcome,
      `${environmentId(standing)} says that ${name} ${outcome}, and it ${job.outcome}`,
    );
  }
}

/** Each of its times has come to something, or was missed and counted. */
function checkTimes(world: JobsWorld, notes: Notes, standing: LiveStanding, times: readonly string[]): void {
  const id = environmentId(standing);
  const now = world.cloud.timeline.now();
  if (standing.state === 'paused') return;
  const { next = '' } = standing;
  must(next > addSeconds(now, -restSeconds), `${id} was due at ${next || 'no time'}`);
  const since = addSeconds(notes.steadySince, skewSeconds);
  const due = times.filter((time) => time > since && time < addSeconds(now, -restSeconds));
  const told = [...notes.causes.values()].flatMap((cause) =>
    cause.kind === 'time' && cause.at > since ? [cause] : [],
  );
  const missed = told.reduce((sum, cause) => sum + cause.missed, 0);
  const last = told
    .map(({ at }) => at)
    .sort()
    .at(-1);
  must(
    due.every((time) => last !== undefined && time <= last),
    `${id}: nothing came of ${due.at(-1)}`,
  );
  // The first of them may count one that is as old as the last change.
  const extra = told.length + missed - due.length;
  must(
    extra === 0 || extra === 1,
    `${id}: ${due.length} times came, and it says ${told.length} and ${missed} missed`,
  );
}

/** Each object that it was told of. */
function checkUploads(world: JobsWorld, { key, causes, steadySince }: Notes, prefix: string): void {
  const known = new Set(
    [...causes.values()].flatMap((cause) => (cause.kind === 'upload' ? [cause.sequencer] : [])),
  );
  for (const { key: object, sequencer, at, told } of world.standing.uploads) {
    if (!told || at <= steadySince || !`s3://jobs/${object}`.startsWith(prefix)) continue;
    must(known.has(sequencer), `${environmentId(key)}: nothing came of the upload of ${object} at ${at}`);
  }
}

/** Each success of what it follows. */
function checkEnds(world: JobsWorld, { key, causes, steadySince }: Notes, first: string): void {
  const known = new Set([...causes.values()].flatMap((cause) => (cause.kind === 'after' ? [cause.job] : [])));
  for (const job of world.oracle.jobs) {
    if (job.team !== key.team || job.standing?.name !== first) continue;
    const last = world.standing.endsOf(job.name).at(-1);
    if (job.phase !== 'ended' || job.outcome !== 'succeeded' || last === undefined) continue;
    if (secondsBetween(steadySince, last.at) <= 0) continue;
    must(
      known.has(job.name),
      `${environmentId(key)}: nothing came of the success of ${job.name} at ${last.at}`,
    );
  }
}
