/** What people see of a job: how far it is, how fast, when it may be done, and what it cost so far. */
import type { Prices } from '../cost.ts';
import { addSeconds, Instant, secondsBetween } from '../names.ts';
import * as z from '../zod.ts';
import { Away, patienceSeconds } from './away.ts';
import type { Job } from './job.ts';
import { readsRows } from './request.ts';
import { workerResources } from './slot-objects.ts';
import { isGoing } from './stretch.ts';
import { progressOf, type Tally } from './tally.ts';

const count = z.int();
export const JobProgress = z.object({
  /** Of the plan, and halves of those that were halved. */
  chunks: count,
  committed: count,
  failed: count,
  /** Of those: cut in two, for their commands had no memory left. Their halves are chunks too. */
  halved: z._default(count, 0),
  /** Workers are at them. */
  leased: count,
  open: count,
  /** Of the input: read and done for good, and all of it. */
  bytesDone: count,
  bytes: count,
  /** What is done of the whole, from 0 to 1: of a dataset by its bytes, of a table by its chunks. */
  share: z.number(),
  records: count,
  outputBytes: count,
  /** Of commands, over all workers. */
  commandSeconds: z.number(),
  /** While it goes on: since it began, or was resumed or retried last. */
  bytesPerSecond: z.optional(z.number()),
  /** At that rate, for what is left. */
  secondsLeft: z.optional(count),
});
export type JobProgress = z.infer<typeof JobProgress>;

export function jobProgress(job: Job, now: Instant): JobProgress {
  const { tally } = job;
  const planned = 'chunks' in job ? job : { chunks: 0, bytes: 0 };
  const { chunks, open } = progressOf(tally, planned.chunks);
  const share = shareOf(job, planned, tally);
  return {
    chunks,
    committed: tally.committed,
    failed: tally.failed,
    halved: tally.halved,
    leased: tally.leased,
    open,
    bytesDone: tally.bytes,
    bytes: planned.bytes,
    share,
    records: tally.records,
    outputBytes: tally.outputBytes,
    commandSeconds: tally.milliseconds / 1000,
    ...paceOf(job, planned, now),
  };
}

/** Of what was done since it goes on without a stop: hours of a pause, and days before a retry, are no hours of work. */
function paceOf(
  job: Job,
  planned: Planned,
  now: Instant,
): Pick<JobProgress, 'bytesPerSecond' | 'secondsLeft'> {
  const { stretch, tally } = job;
  if (stretch === undefined || !isGoing(job)) return {};
  const seconds = secondsBetween(stretch.since, now);
  const bytes = tally.bytes - stretch.bytes;
  if (seconds <= 0 || bytes <= 0) return {};
  const share = shareOf(job, planned, tally);
  const done = share - shareOf(job, planned, stretch);
  return {
    bytesPerSecond: Math.round(bytes / seconds),
    ...(done > 0 && { secondsLeft: Math.round((seconds * (1 - share)) / done) }),
  };
}

interface Planned {
  readonly chunks: number;
  readonly bytes: number;
}

/** Rows are not as long as what a table takes on its disk. */
function shareOf(
  job: Job,
  planned: Planned,
  { committed, bytes }: Pick<Tally, 'committed' | 'bytes'>,
): number {
  const [done, all] = readsRows(job.request) ? [committed, planned.chunks] : [bytes, planned.bytes];
  if (all > 0) return Math.min(done / all, 1);
  return Number(job.phase === 'ended' && job.outcome === 'succeeded');
}

export const AwayView = z.object({ ...Away.shape, seconds: count, failsAt: Instant });
export type AwayView = z.infer<typeof AwayView>;

export const awayView = (away: Away, now: Instant): AwayView => ({
  ...away,
  seconds: Math.max(0, Math.round(secondsBetween(away.since, now))),
  failsAt: addSeconds(away.since, patienceSeconds),
});

export const JobCost = z.object({
  currency: z.string(),
  soFar: z.number(),
  assumption: z.string(),
});
export type JobCost = z.infer<typeof JobCost>;

const MiBOfGiB = 1024;
const secondsOfHour = 3600;

/**
 * By the time that its workers had room on nodes: of what they wait for, of tries that failed, and of the steps of a job too. Where nobody has
 * seen as much of them yet, by the time that commands ran, which were in them.
 */
export function jobCost({ request, tally, workerSeconds = 0 }: Job, prices: Prices): JobCost {
  const { cpu, memoryMiB } = request.resources;
  const anHour =
    (cpu + workerResources.cpu) * prices.cpu +
    ((memoryMiB + workerResources.memoryMiB) / MiBOfGiB) * prices.memoryGiB;
  const hours = Math.max(workerSeconds, tally.milliseconds / 1000) / secondsOfHour;
  return {
    currency: prices.currency,
    soFar: Math.round(hours * anHour * 10_000) / 10_000,
    assumption:
      'The hours that its workers had room on nodes, as they were seen last, at the prices of the configuration for what a worker asks for. S3, SQS, the control plane and what nodes have beside are not counted.',
  };
}
