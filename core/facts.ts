/**
 * What of a cluster's objects is worth telling its deployer of: each object is reduced to the facts that health is
 * decided by (core/health.ts), and facts that differ from the last ones are told (core/seen.ts).
 */
import { Fact } from './seen.ts';
import * as z from './zod.ts';

const Condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.optional(z.string()),
  lastTransitionTime: z.nullish(z.string()),
});
const State = z.object({
  waiting: z.optional(z.object({ reason: z.optional(z.string()) })),
  terminated: z.optional(z.object({ reason: z.optional(z.string()), finishedAt: z.nullish(z.string()) })),
});
const ContainerStatus = z.object({
  restartCount: z._default(z.int(), 0),
  state: z.optional(State),
  lastState: z.optional(State),
});
const Metadata = z.object({
  name: z.string(),
  namespace: z.string(),
  generation: z._default(z.int(), 0),
  deletionTimestamp: z.nullish(z.string()),
});

/** The parts of Kubernetes objects (v1, apps/v1) that facts are made of. */
export const PodSeen = z.object({
  metadata: Metadata,
  status: z.prefault(
    z.object({
      phase: z.optional(z.string()),
      reason: z.optional(z.string()),
      conditions: z._default(z.array(Condition), []),
      initContainerStatuses: z._default(z.array(ContainerStatus), []),
      containerStatuses: z._default(z.array(ContainerStatus), []),
    }),
    {},
  ),
});
export const DeploymentSeen = z.object({
  metadata: Metadata,
  spec: z.object({
    replicas: z._default(z.int(), 1),
    template: z.object({ spec: z.object({ containers: z.array(z.object({ image: z.string() })) }) }),
  }),
  status: z.prefault(
    z.object({
      observedGeneration: z._default(z.int(), 0),
      replicas: z._default(z.int(), 0),
      updatedReplicas: z._default(z.int(), 0),
      readyReplicas: z._default(z.int(), 0),
      conditions: z._default(z.array(Condition), []),
    }),
    {},
  ),
});
const Ingress = z.object({ ip: z.optional(z.string()), hostname: z.optional(z.string()) });
export const ServiceSeen = z.object({
  metadata: Metadata,
  status: z.prefault(
    z.object({ loadBalancer: z.prefault(z.object({ ingress: z._default(z.array(Ingress), []) }), {}) }),
    {},
  ),
});

/** Each fact as text; one that is absent is nothing to speak of. */
export type Facts = Readonly<Partial<Record<Fact, string>>>;

/** Back and forth between these is one trouble. */
const sameWaiting: Readonly<Record<string, string>> = { ErrImagePull: 'ImagePullBackOff' };
/** The way of every container. */
const onItsWay = ['ContainerCreating', 'PodInitializing'];

export function podFacts({ metadata, status }: z.infer<typeof PodSeen>): Facts {
  const containers = [...status.initContainerStatuses, ...status.containerStatuses];
  const condition = (type: string) => status.conditions.find((one) => one.type === type);
  const waiting = containers
    .flatMap(({ state }) => state?.waiting?.reason ?? [])
    .filter((reason) => !onItsWay.includes(reason))
    .map((reason) => sameWaiting[reason] ?? reason);
  // What a container that does not run ended with is what its trouble is called by.
  const ends = containers
    .flatMap(
      ({ state, lastState }) =>
        state?.terminated ?? (state?.waiting ? lastState?.terminated : undefined) ?? [],
    )
    .map(({ reason }) => reason ?? 'ended');
  const ooms = containers
    .flatMap(({ state, lastState }) => [state?.terminated, lastState?.terminated])
    .flatMap((end) => (end?.reason === 'OOMKilled' ? (end.finishedAt ?? []) : []));
  const [ready, scheduled] = [condition('Ready'), condition('PodScheduled')];
  const ended = status.phase === 'Failed' || status.phase === 'Succeeded' ? status.phase : '';
  return present({
    existence: 'there',
    // With its instant: not Ready and Ready again between two sights differs, too.
    ready: ready?.status === 'True' ? `since ${ready.lastTransitionTime ?? '?'}` : '',
    oom: ooms.sort().at(-1) ?? '',
    restarts: String(containers.reduce((sum, { restartCount }) => sum + restartCount, 0) || ''),
    waiting: [...new Set([...waiting, ...ends])].sort().join(),
    scheduling: scheduled?.status === 'False' ? (scheduled.reason ?? 'not scheduled') : '',
    end: [ended, status.reason, metadata.deletionTimestamp && 'deleted'].filter(Boolean).join(),
  });
}

export function deploymentFacts({ metadata, spec, status }: z.infer<typeof DeploymentSeen>): Facts {
  const condition = (type: string) => status.conditions.find((one) => one.type === type);
  const refused = condition('ReplicaFailure');
  const isReplaced =
    status.observedGeneration >= metadata.generation && status.replicas === status.updatedReplicas;
  const progress = condition('Progressing');
  return present({
    existence: 'there',
    // How many are enough, the autoscaler says: not seen from here.
    rollout: isReplaced
      ? `${status.readyReplicas} of ${spec.replicas} Ready`
      : progress?.status === 'False'
        ? (progress.reason ?? 'stuck')
        : '',
    image: spec.template.spec.containers.map(({ image }) => image).join(),
    refusal: refused?.status === 'True' ? (refused.reason ?? 'refused') : '',
  });
}

export function serviceFacts({ status }: z.infer<typeof ServiceSeen>): Facts {
  const [ingress] = status.loadBalancer.ingress;
  return present({ existence: 'there', address: ingress?.hostname ?? ingress?.ip ?? '' });
}

const present = (facts: Record<string, string>): Facts =>
  Object.fromEntries(Object.entries(facts).filter(([, text]) => text !== ''));

/** The facts that differ; undefined stands for an object that is not there. */
export const changedFacts = (before: Facts | undefined, after: Facts | undefined): Fact[] =>
  Fact.options.filter((fact) => before?.[fact] !== after?.[fact]);
