/** What is seen of an environment in its cluster: the parts of Kubernetes objects that its health is decided by. */
import { isApp, portName } from './labels.ts';
import * as z from './zod.ts';

const Time = z.iso.datetime();
const Terminated = z.object({
  reason: z.optional(z.string()),
  exitCode: z.optional(z.int()),
  message: z.optional(z.string()),
  finishedAt: z.nullish(Time),
});
const Resources = z.optional(z.record(z.string(), z.string()));
const ContainerStatus = z.object({
  name: z.string(),
  /** What it has, which a resize brings to what it asks for. */
  resources: z.optional(z.object({ limits: Resources, requests: Resources })),
  started: z.optional(z.boolean()),
  restartCount: z.optional(z.int()),
  state: z.optional(
    z.object({
      waiting: z.optional(z.object({ reason: z.optional(z.string()), message: z.optional(z.string()) })),
      terminated: z.optional(Terminated),
    }),
  ),
  lastState: z.optional(z.object({ terminated: z.optional(Terminated) })),
});
export type ContainerStatus = z.infer<typeof ContainerStatus>;

const Condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.optional(z.string()),
  message: z.optional(z.string()),
  lastTransitionTime: z.nullish(Time),
});

/** Amounts are as the API server writes them, in a Deployment's template and in its pods alike. */
const Amounts = z.optional(z.record(z.string(), z.string()));
const Container = z.object({
  name: z.string(),
  image: z.optional(z.string()),
  resources: z.optional(z.object({ limits: Amounts, requests: Amounts })),
  ports: z.optional(z.array(z.object({ name: z.optional(z.string()), containerPort: z.int() }))),
});
const PodSpec = z.object({
  containers: z.array(Container),
  volumes: z.optional(
    z.array(z.object({ persistentVolumeClaim: z.optional(z.object({ claimName: z.string() })) })),
  ),
});
export type PodSpec = z.infer<typeof PodSpec>;

/** The parts of Kubernetes objects (apps/v1, v1, autoscaling/v2) that are read. */
export const Deployment = z.object({
  metadata: z.object({ generation: z.int() }),
  spec: z.object({
    replicas: z.optional(z.int()),
    template: z.object({ spec: PodSpec }),
  }),
  status: z.object({
    observedGeneration: z.optional(z.int()),
    replicas: z.optional(z.int()),
    updatedReplicas: z.optional(z.int()),
    readyReplicas: z.optional(z.int()),
    conditions: z.optional(z.array(Condition)),
  }),
});
export type Deployment = z.infer<typeof Deployment>;

export const Pod = z.object({
  metadata: z.object({
    name: z.string(),
    generation: z.optional(z.int()),
    creationTimestamp: z.nullish(Time),
    deletionTimestamp: z.nullish(Time),
  }),
  spec: PodSpec,
  status: z.object({
    observedGeneration: z.optional(z.int()),
    conditions: z.optional(z.array(Condition)),
    containerStatuses: z.optional(z.array(ContainerStatus)),
  }),
});
export type Pod = z.infer<typeof Pod>;
/** Where its application is to listen: of a pod of before not where the spec says now. */
export const portOf = ({ spec }: Pod): number | undefined =>
  spec.containers.find(isApp)?.ports?.find(({ name }) => name === portName)?.containerPort;

export const Service = z.object({
  status: z.object({
    loadBalancer: z.optional(
      z.object({
        ingress: z.optional(
          z.array(z.object({ ip: z.optional(z.string()), hostname: z.optional(z.string()) })),
        ),
      }),
    ),
  }),
});
/** What a controller says of an object that it can't do what is asked for (core/v1 Event, type Warning). */
export const Warned = z.object({
  reason: z._default(z.string(), ''),
  message: z._default(z.string(), ''),
  lastTimestamp: z.nullish(Time),
  eventTime: z.nullish(z.string()),
});
export type Warned = z.infer<typeof Warned>;
export const Autoscaler = z.object({ spec: z.object({ minReplicas: z.optional(z.int()) }) });

export interface Sight {
  readonly deployment: Deployment | undefined;
  readonly pods: readonly Pod[];
  readonly service: z.infer<typeof Service> | undefined;
  /** Of the Service, while it has no address. */
  readonly warnings?: readonly Warned[];
  /** The count of pods moves by its hand; it is the least of them that makes an environment Ready. */
  readonly autoscaler?: z.infer<typeof Autoscaler> | undefined;
}
