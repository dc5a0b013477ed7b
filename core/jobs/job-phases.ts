/** What is kept of a data job in each phase of its life: core/jobs/job.ts leads it from one to the next. */
import { ClusterName, Instant } from '../names.ts';
import * as z from '../zod.ts';
import { Away } from './away.ts';
import { JobRequest } from './request.ts';
import { JobKey } from './slots.ts';
import { StandingName } from './standing/cause.ts';
import { Tally } from './tally.ts';

const Outcome = z.enum(['succeeded', 'failed', 'cancelled']);

const common = {
  ...JobKey.shape,
  /** The one that is stored is the one before. */
  version: z.int(),
  requester: z.string(),
  at: Instant,
  cluster: ClusterName,
  /** As it was asked for. */
  request: JobRequest,
  /** What started it, and how many jobs are before it in its chain; absent of one that a person asked for. */
  standing: z.optional(z.object({ name: StandingName, depth: z.int() })),
  tally: Tally,
  /** Since when it goes on without a stop, and what of its sums was done by then (core/jobs/stretch.ts). */
  stretch: z.optional(z.object({ since: Instant, bytes: z.int(), committed: z.int() })),
  /** Of its workers, added up: how long they had room on nodes, as the cluster was seen last. */
  workerSeconds: z.optional(z.number()),
  /** Of its namespace the cluster would not have something: why, in the cluster's words. It is tried again at each look. */
  refused: z.optional(z.string()),
  /** A database that it needs is not in reach. */
  away: z.optional(Away),
  /** When it is to be looked at, if nobody does before. */
  lookAt: z.optional(Instant),
};
const count = z.int().check(z.minimum(0));
/** What is known when the dataset was listed. */
const planned = { chunks: count, bytes: count };
const paused = z.boolean();
/** All results in one, where the job asked for that. */
const reduced = { reduced: z.optional(z.object({ key: z.string(), bytes: count, crc32: count })) };

export const Job = z.discriminatedUnion('phase', [
  /** The dataset's objects are being listed, and pinned. */
  z.object({ phase: z.literal('listing'), ...common, paused }),
  /** Chunks are being sent: those before `sent` are in the queue, and workers are at them. */
  z.object({ phase: z.literal('sending'), ...common, ...planned, paused, sent: z.int() }),
  z.object({
    phase: z.literal('running'),
    ...common,
    ...planned,
    paused,
    /** Since when its queue has no message, though chunks are open: somebody emptied it. */
    emptySince: z.optional(Instant),
  }),
  /** Each chunk has its end, and a worker brings the results together. */
  z.object({
    phase: z.literal('reducing'),
    ...common,
    ...planned,
    paused,
    reason: z.optional(z.string()),
    /** Of all times that a job comes here, the number of this one. */
    turn: z.int(),
  }),
  /** No worker is wanted any more: its manifest is being written, then its queue, namespace and identity go. */
  z.object({
    phase: z.literal('finishing'),
    ...common,
    ...planned,
    ...reduced,
    outcome: Outcome,
    reason: z.optional(z.string()),
    manifest: z.boolean(),
  }),
  z.object({
    phase: z.literal('ended'),
    ...common,
    ...planned,
    ...reduced,
    outcome: Outcome,
    reason: z.optional(z.string()),
    since: Instant,
  }),
  /** The chunks that failed are made to wait again. */
  z.object({ phase: z.literal('retrying'), ...common, ...planned }),
]);
export type Job = z.infer<typeof Job>;
