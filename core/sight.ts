/** What is seen of an environment in its cluster: the parts of Kubernetes objects that its health is decided by. */
import * as z from 'zod';

const Time = z.iso.datetime();
const Terminated = z.object({
  reason: z.string().optional(),
  exitCode: z.int().optional(),
  message: z.string().optional(),
  finishedAt: Time.nullish(),
});
const ContainerStatus = z.object({
  name: z.string(),
  started: z.boolean().optional(),
  restartCount: z.int().optional(),
  state: z
    .object({
      waiting: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional(),
      terminated: Terminated.optional(),
    })
    .optional(),
  lastState: z.object({ terminated: Terminated.optional() }).optional(),
});
export type ContainerStatus = z.infer<typeof ContainerStatus>;

const Condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  lastTransitionTime: Time.nullish(),
});

/** The parts of Kubernetes objects (apps/v1, v1, autoscaling/v2) that are read. */
export const Deployment = z.object({
  metadata: z.object({ generation: z.int() }),
  spec: z.object({
    replicas: z.int().optional(),
    template: z.object({
      spec: z.object({ containers: z.array(z.object({ name: z.string(), image: z.string() })) }),
    }),
  }),
  status: z.object({
    observedGeneration: z.int().optional(),
    replicas: z.int().optional(),
    updatedReplicas: z.int().optional(),
    readyReplicas: z.int().optional(),
    conditions: z.array(Condition).optional(),
  }),
});
export type Deployment = z.infer<typeof Deployment>;

const Resources = z.record(z.string(), z.string()).optional();
export const Pod = z.object({
  metadata: z.object({
    name: z.string(),
    creationTimestamp: Time.nullish(),
    deletionTimestamp: Time.nullish(),
  }),
  spec: z.object({
    containers: z.array(
      z.object({
        name: z.string(),
        image: z.string().optional(),
        resources: z.object({ limits: Resources, requests: Resources }).optional(),
      }),
    ),
  }),
  status: z.object({
    conditions: z.array(Condition).optional(),
    containerStatuses: z.array(ContainerStatus).optional(),
  }),
});
export type Pod = z.infer<typeof Pod>;

export const Service = z.object({
  status: z.object({
    loadBalancer: z
      .object({
        ingress: z.array(z.object({ ip: z.string().optional(), hostname: z.string().optional() })).optional(),
      })
      .optional(),
  }),
});
export const Autoscaler = z.object({ spec: z.object({ minReplicas: z.int().optional() }) });

export interface Sight {
  readonly deployment: Deployment | undefined;
  readonly pods: readonly Pod[];
  readonly service: z.infer<typeof Service> | undefined;
  /** The count of pods moves by its hand; it is the least of them that makes an environment Ready. */
  readonly autoscaler?: z.infer<typeof Autoscaler> | undefined;
}
