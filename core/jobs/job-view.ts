/** What people see of a job: how far it is, how fast, when it may be done, and what it cost so far. */
import type { Prices } from '../cost.ts';
import { addSeconds, Instant, secondsBetween } from '../names.ts';
import * as z from '../zod.ts';
import { Away, patienceSeconds } from './away.ts';
import type { Job } from './job.ts';
import { readsRows } from './request.ts';
import { workerResources } from './slot-objects.ts';
import { progressOf } from './tally.ts';

const count = z.int();
export const JobProgress = z.object({
  /** Of the plan, and halves of those that were halved. */
  chunks: count,
  committed: count,
  failed: count,
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
  /** While it goes on: since it was asked for, pauses counted. */
  bytesPerSecond: z.optional(z.number()),
  /** At that rate, for what is left. */
  secondsLeft: z.optional(count),
});
export type JobProgress = z.infer<typeof JobProgress>;

export function jobProgress(job: Job, now: Instant): JobProgress {
  const { tally } = job;
  const planned = 'chunks' in job ? job : { chunks: 0, bytes: 0 };
  const { chunks, open } = progressOf(tally, planned.chunks);
  const isGoing = (job.phase === 'sending' || job.phase === 'running') && !job.paused;
  const seconds = secondsBetween(job.at, now);
  const share = shareOf(job, planned);
  const bytesPerSecond = isGoing && tally.bytes > 0 && seconds > 0 ? tally.bytes / seconds : undefined;
  return {
    chunks,
    committed: tally.committed,
    failed: tally.failed,
    leased: tally.leased,
    open,
    bytesDone: tally.bytes,
    bytes: planned.bytes,
    share,
    records: tally.records,
    outputBytes: tally.outputBytes,
    commandSeconds: tally.milliseconds / 1000,
    ...(bytesPerSecond !== undefined && {
      bytesPerSecond: Math.round(bytesPerSecond),
    }),
    ...(bytesPerSecond !== undefined && share > 0 && { secondsLeft: Math.ceil(seconds * (1 / share - 1)) }),
  };
}

/** Rows are not as long as what a table takes on its disk. */
function shareOf(job: Job, planned: { readonly chunks: number; readonly bytes: number }): number {
  const { tally, request } = job;
  const [done, all] = readsRows(request) ? [tally.committed, planned.chunks] : [tally.bytes, planned.bytes];
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

/** By what commands ran: what a worker waits for, and the node that it waits on, is not counted. */
export function jobCost({ request, tally }: Job, prices: Prices): JobCost {
  const { cpu, memoryMiB } = request.resources;
  const anHour =
    (cpu + workerResources.cpu) * prices.cpu +
    ((memoryMiB + workerResources.memoryMiB) / MiBOfGiB) * prices.memoryGiB;
  const hours = tally.milliseconds / 1000 / secondsOfHour;
  return {
    currency: prices.currency,
    soFar: Math.round(hours * anHour * 10_000) / 10_000,
    assumption:
      'The hours that commands ran, at the prices of the configuration for what a worker asks for; S3, SQS and waiting are not counted.',
  };
}
