/** What is seen of a job's slots in its cluster, and who looks: parts of Kubernetes Jobs (batch/v1) and of their pods. */
import type { KubernetesObject } from '../labels.ts';
import * as z from '../zod.ts';

const Time = z.iso.datetime();
const metadata = {
  name: z.string(),
  namespace: z.string(),
  uid: z.string(),
  labels: z._default(z.record(z.string(), z.string()), {}),
};
const Conditions = z._default(
  z.array(
    z.object({
      type: z.string(),
      status: z.string(),
      reason: z.optional(z.string()),
      message: z.optional(z.string()),
      lastTransitionTime: z.nullish(Time),
    }),
  ),
  [],
);

export const SlotJob = z.object({
  metadata: z.object({ ...metadata, deletionTimestamp: z.optional(Time) }),
  /** By the cluster's clock: when its pod was first made. */
  status: z.object({ conditions: Conditions, startTime: z.nullish(Time) }),
});
export type SlotJob = z.infer<typeof SlotJob>;

const said = { reason: z.optional(z.string()), message: z.optional(z.string()) };
const Containers = z._default(
  z.array(
    z.object({
      name: z.string(),
      state: z._default(
        z.object({
          waiting: z.optional(z.object(said)),
          running: z.optional(z.looseObject({})),
          terminated: z.optional(z.object({ ...said, exitCode: z.int(), finishedAt: z.nullish(Time) })),
        }),
        {},
      ),
    }),
  ),
  [],
);

export const SlotPod = z.object({
  metadata: z.object({ ...metadata, creationTimestamp: z.nullish(Time) }),
  status: z.object({
    phase: z._default(z.string(), 'Pending'),
    /** When its node took it: from then on it has its room there. */
    startTime: z.nullish(Time),
    conditions: Conditions,
    initContainerStatuses: Containers,
    containerStatuses: Containers,
  }),
});
export type SlotPod = z.infer<typeof SlotPod>;

/** Of metrics.k8s.io/v1beta1. */
export const PodUsage = z.object({
  metadata: z.object({ name: z.string() }),
  containers: z.array(z.object({ usage: z.object({ memory: z.string() }) })),
});
export type PodUsage = z.infer<typeof PodUsage>;

export interface SlotsSight {
  /** With all that was in it; one that is leaving takes nothing new. */
  readonly namespace: 'there' | 'leaving' | 'gone';
  readonly jobs: readonly SlotJob[];
  readonly pods: readonly SlotPod[];
  /** In use, in bytes, by the name of the pod; none of one that the cluster has not measured yet, or where it measures nothing. */
  readonly memory: Readonly<Record<string, number>>;
}

/** The cluster, of one job's namespace. */
export interface JobCluster {
  sight(job: string): Promise<SlotsSight>;
  /** What is there already is brought to this; what others wrote beside it stays. */
  apply(objects: readonly KubernetesObject[]): Promise<void>;
  /**
   * One of its name that is there stays as it is.
   * @throws Rejected in the cluster's words, where it would not have it: an image that may not run, say.
   */
  create(object: KubernetesObject): Promise<void>;
  /** With its pods, which are told to go. What is gone, or was made anew since it was seen, is left alone. */
  end(job: SlotJob): Promise<void>;
  /** The namespace, with all that is in it. */
  remove(job: string): Promise<void>;
}
