/** What the cluster says of an environment, reduced to what is decided upon. */
import * as z from 'zod';
import { Digest, type Instant } from './names.ts';

export interface Health {
  /** The digest that the Deployment asks for; undefined when there is no Deployment. */
  readonly digest: Digest | undefined;
  /** Every replica of the newest generation is Ready. */
  readonly ready: boolean;
  readonly readySince: Instant | undefined;
  /** The load balancer's host name (EKS) or address. */
  readonly address: string | undefined;
  /** Why it is not Ready, in one line that says what to do. */
  readonly problem: string | undefined;
  readonly lastOom:
    | {
        readonly at: Instant;
        readonly pod: string;
        readonly container: string;
        readonly limit: string | undefined;
      }
    | undefined;
}

const Time = z.iso.datetime();
const terminated = z.object({ reason: z.string().optional(), finishedAt: Time.nullish() });
const ContainerStatus = z.object({
  name: z.string(),
  state: z
    .object({
      waiting: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional(),
      terminated: terminated.optional(),
    })
    .optional(),
  lastState: z.object({ terminated: terminated.optional() }).optional(),
});

/** The parts of Kubernetes objects (apps/v1, v1) that are read here. */
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
  }),
});
export const Pod = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    containers: z.array(
      z.object({
        name: z.string(),
        resources: z.object({ limits: z.record(z.string(), z.string()).optional() }).optional(),
      }),
    ),
  }),
  status: z.object({
    conditions: z
      .array(
        z.object({
          type: z.string(),
          status: z.string(),
          message: z.string().optional(),
          lastTransitionTime: Time.nullish(),
        }),
      )
      .optional(),
    containerStatuses: z.array(ContainerStatus).optional(),
  }),
});
export const Service = z.object({
  status: z.object({
    loadBalancer: z
      .object({
        ingress: z.array(z.object({ ip: z.string().optional(), hostname: z.string().optional() })).optional(),
      })
      .optional(),
  }),
});

export interface Sight {
  readonly deployment: z.infer<typeof Deployment> | undefined;
  readonly pods: readonly z.infer<typeof Pod>[];
  readonly service: z.infer<typeof Service> | undefined;
}

export function assess({ deployment, pods, service }: Sight): Health {
  const ingress = service?.status.loadBalancer?.ingress?.[0];
  const address = ingress?.hostname ?? ingress?.ip;
  const podsReady = deployment !== undefined && isRolledOut(deployment);
  const ready = podsReady && address !== undefined;
  return {
    digest: deployment && digestOf(deployment),
    ready,
    readySince: podsReady ? latest(pods.map(readySince)) : undefined,
    address,
    problem: ready ? undefined : podsReady ? 'The load balancer has no address yet.' : problemOf(pods),
    lastOom: lastOomOf(pods),
  };
}

/** As `kubectl rollout status` decides it. */
function isRolledOut({ metadata, spec, status }: z.infer<typeof Deployment>): boolean {
  const wanted = spec.replicas ?? 1;
  return (
    (status.observedGeneration ?? 0) >= metadata.generation &&
    (status.updatedReplicas ?? 0) >= wanted &&
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) &&
    (status.readyReplicas ?? 0) >= wanted
  );
}

function digestOf(deployment: z.infer<typeof Deployment>): Digest | undefined {
  const image = deployment.spec.template.spec.containers.find((container) => container.name === 'app')?.image;
  return Digest.safeParse(image?.split('@')[1]).data;
}

type PodStatus = z.infer<typeof Pod>;
const condition = (pod: PodStatus, type: string) => pod.status.conditions?.find((c) => c.type === type);

function readySince(pod: PodStatus): Instant | undefined {
  const ready = condition(pod, 'Ready');
  return ready?.status === 'True' && ready.lastTransitionTime ? instant(ready.lastTransitionTime) : undefined;
}

/** Kubernetes writes whole seconds: made comparable with our own instants. */
const instant = (time: string): Instant => new Date(time).toISOString();
const latest = (times: readonly (Instant | undefined)[]): Instant | undefined =>
  times
    .filter((time) => time !== undefined)
    .sort()
    .at(-1);

const waitingAdvice: Readonly<Record<string, string>> = {
  ImagePullBackOff: 'The image can not be pulled: is the digest still in the release repository?',
  ErrImagePull: 'The image can not be pulled: is the digest still in the release repository?',
  CrashLoopBackOff: 'The command ends again and again: read its logs, then change the command or the image.',
  CreateContainerConfigError: 'The container can not be made: it may want to run as root, which is refused.',
};

function problemOf(pods: readonly PodStatus[]): string | undefined {
  for (const pod of pods) {
    for (const status of pod.status.containerStatuses ?? []) {
      const waiting = status.state?.waiting;
      const advice = waiting?.reason && waitingAdvice[waiting.reason];
      if (advice) return `${waiting.reason}: ${advice}${waiting.message ? ` (${waiting.message})` : ''}`;
    }
    const scheduled = condition(pod, 'PodScheduled');
    if (scheduled?.status === 'False') {
      const message = (scheduled.message ?? 'no node takes the pod').replace(/\.$/, '');
      return `Unschedulable: ${message}. Ask for less, or for another node pool.`;
    }
  }
  return pods.length === 0 ? 'No pod yet.' : 'Pods are starting: the port 9000 must accept connections.';
}

function lastOomOf(pods: readonly PodStatus[]): Health['lastOom'] {
  const ooms = pods.flatMap((pod) =>
    (pod.status.containerStatuses ?? []).flatMap((status) =>
      [status.state?.terminated, status.lastState?.terminated]
        .filter((end) => end?.reason === 'OOMKilled' && end.finishedAt)
        .map((end) => ({
          at: instant(end?.finishedAt ?? ''),
          pod: pod.metadata.name,
          container: status.name,
          limit: pod.spec.containers.find((c) => c.name === status.name)?.resources?.limits?.['memory'],
        })),
    ),
  );
  return ooms.sort((a, b) => (a.at < b.at ? -1 : 1)).at(-1);
}
