/**
 * Between who decides how many workers a data job is to have (stage `jobs`) and who has them in the cluster (stage
 * `job-slots`): two items, each written by one side and read by the other, and an event of the outbox for each write.
 * A slot is a place for one worker: a Kubernetes Job of one pod. What is not told is found by a later look.
 */
import { Cidr } from '../cidr.ts';
import { ClusterName, EnvironmentName, Instant, jobNamePattern, TeamName } from '../names.ts';
import * as z from '../zod.ts';
import { priorities } from './priority.ts';
import { JobSpec } from './spec.ts';

/**
 * What a job is called, everywhere: its namespace has this name, its queue ends with it, its results lie below `jobs/<team>/<name>/`,
 * and its chunks have the partition key `CHUNK#<name>`. So the tag `kubernetes-namespace` of a
 * pod's identity bounds what its worker may do.
 */
export const JobName = EnvironmentName.check(z.regex(jobNamePattern, 'job- and 16 hexadecimal digits'));
export type JobName = z.infer<typeof JobName>;

/**
 * By when it was asked for, so that names sort so, and what tells it from others of that millisecond.
 * @param random four hexadecimal digits.
 */
export const jobNameAt = (now: Instant, random: string): JobName =>
  JobName.parse(`job-${Date.parse(now).toString(16).padStart(12, '0')}${random}`);

/** Of events and looks, where an environment's key would be. */
export const JobKey = z.object({ team: TeamName, name: JobName });
export type JobKey = z.infer<typeof JobKey>;

/** All that it makes, in the bucket of jobs. What is below its team's folder, other jobs of the team may read. */
export const resultsBelow = ({ team, name }: JobKey): string => `jobs/${team}/${name}/`;

/** Of the worker's pods, in the job's namespace. */
export const workerAccount = 'worker';

/** A slot's number is its name: they are counted from 0, and a slot whose Kubernetes Job has ended may be filled again. */
const slotNumber = z.int().check(z.minimum(0), z.maximum(999));

/** Written by `jobs` alone. `JobSlotsWanted` tells of it. */
export const SlotsWanted = z.object({
  ...JobKey.shape,
  cluster: ClusterName,
  /** The one that is stored is the one before. */
  version: z.int(),
  at: Instant,
  /**
   * running: so many slots have a Kubernetes Job that has not ended; those that are too many end by themselves, none is killed.
   * paused: none has one; a worker that is told to go gives its chunk back. ending: nor is the namespace there any more.
   */
  phase: z.enum(['running', 'paused', 'ending']),
  slots: z.int().check(z.minimum(0), z.maximum(1000)),
  /** Where its share of the cluster is less than that: so many slots it has work for. */
  couldUse: z.optional(z.int()),
  /** Of our registry, with its digest: the command runs in it. Absent: in the worker's own. */
  image: z.optional(z.string()),
  /** Of the command's container; what the worker's own has is fixed. */
  resources: z.object({ cpu: z.number(), memoryMiB: z.int() }),
  nodePool: z.optional(z.string()),
  priority: z._default(z.enum(priorities), 'normal'),
  spot: z.boolean(),
  /** Beside AWS, what its pods may reach: the databases that it names. */
  reach: z.optional(z.array(z.object({ cidr: Cidr, port: z.int() }))),
  /** What the worker is told; the command is in it. */
  spec: JobSpec,
  queueUrl: z.string(),
  table: z.string(),
});
export type SlotsWanted = z.infer<typeof SlotsWanted>;

export const SlotSeen = z.object({
  slot: slotNumber,
  state: z.enum(['waiting', 'running', 'succeeded', 'failed', 'oom-killed', 'unschedulable']),
  /** In the cluster's words: the pod's, or its container's. */
  reason: z.optional(z.string().check(z.maxLength(500))),
  restarts: z.int(),
  /** In use, where the cluster says it. */
  memoryBytes: z.optional(z.int()),
  at: Instant,
});

/** Written by `job-slots` alone. `JobSlotsSeen` tells of it, where something turned. */
export const SlotsSeen = z.object({
  ...JobKey.shape,
  cluster: ClusterName,
  version: z.int(),
  at: Instant,
  /** The version of what was wanted when it was looked. */
  wanted: z.int(),
  /** The namespace, and all that was in it. */
  namespace: z.enum(['there', 'gone']),
  slots: z.array(SlotSeen).check(z.maxLength(1000)),
  /** What the cluster would not have of the namespace and what stands in it beside slots, in its words. */
  refused: z.optional(z.string().check(z.maxLength(500))),
  /** Of all its workers so far, those that are gone with them: how long they had room on nodes. */
  workerSeconds: z.optional(z.number()),
  /** When `job-slots` wants to look again, if nobody tells it before. */
  lookAt: z.optional(Instant),
});
export type SlotsSeen = z.infer<typeof SlotsSeen>;

/** Each write goes out with its event, in one transaction. */
export interface Slots {
  wanted(job: JobKey): Promise<SlotsWanted | undefined>;
  seen(job: JobKey): Promise<SlotsSeen | undefined>;
  /** @throws Conflict when the stored version is not `wanted.version - 1`. */
  want(wanted: SlotsWanted): Promise<void>;
  /**
   * With it goes a look of `job-slots` itself at `seen.lookAt`.
   * @param tell whether `jobs` is to hear of it at once, and not at its next look.
   * @throws Conflict when the stored version is not `seen.version - 1`.
   */
  see(seen: SlotsSeen, tell: boolean): Promise<void>;
}
