/** What controllers and kubelets of a cluster in memory say of its objects. */
import type { LiveObject } from '#core/drift.ts';
import { resizeManager } from '#core/labels.ts';
import type { Instant } from '#core/names.ts';
import type { Size } from '#core/resize.ts';
import { appName, fieldManager, type KubernetesObject } from '#core/rollout.ts';
import { Deployment, Pod, Service, type Sight, type Warned } from '#core/sight.ts';
import * as z from '#core/zod.ts';

export interface Namespace {
  readonly objects: Map<string, LiveObject>;
  /** Of the Deployment: one more with every change of its spec. */
  generation: number;
  rolledOut: number;
  pods: readonly Sight['pods'][number][];
  address: string | undefined;
  warnings: readonly Warned[];
}

/** What is made from a snapshot has its volume when its pod has a node. */
export const phaseOf = ({ spec }: KubernetesObject): string =>
  z.object({ dataSource: z.unknown() }).safeParse(spec).data?.dataSource === undefined ? 'Bound' : 'Pending';

export const isStopped = (deployment: LiveObject): boolean =>
  z.object({ spec: z.object({ replicas: z.literal(0) }) }).safeParse(deployment).success;

export function deploymentOf(
  { generation, rolledOut, pods }: Namespace,
  object: LiveObject | undefined,
): Sight['deployment'] {
  if (!object) return undefined;
  const ready = pods.filter(isReady).length;
  const updated = rolledOut === generation ? pods.length : 0;
  const counts = { replicas: pods.length, updatedReplicas: updated, readyReplicas: ready };
  const status = { observedGeneration: generation, ...counts };
  return Deployment.parse({ ...object, metadata: { ...object.metadata, generation }, status });
}

export function serviceOf({ address }: Namespace, object: LiveObject | undefined): Sight['service'] {
  if (!object) return undefined;
  const ingress = address === undefined ? [] : [{ hostname: address }];
  return Service.parse({ status: { loadBalancer: { ingress } } });
}

export const managersOf = (held: boolean) => [
  { manager: fieldManager },
  ...(held ? [{ manager: resizeManager }] : []),
];

export function sizedAs(one: Pod, size: Size): Pod {
  const container = one.spec.containers.map((each) => ({ ...each, ...(size ? { resources: size } : {}) }));
  const statuses = one.status.containerStatuses?.map((each) => ({
    ...each,
    ...(size ? { resources: size } : {}),
  }));
  return Pod.parse({
    ...one,
    spec: { containers: container },
    status: { ...one.status, containerStatuses: statuses },
  });
}

const isReady = ({ status }: Sight['pods'][number]): boolean =>
  status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

export function pod(readySince: Instant | undefined, killedAt?: Instant): Sight['pods'][number] {
  const terminated = { reason: 'OOMKilled', finishedAt: killedAt };
  const ready = {
    type: 'Ready',
    status: readySince === undefined ? 'False' : 'True',
    lastTransitionTime: readySince,
  };
  return Pod.parse({
    metadata: { name: `${appName}-0` },
    spec: { containers: [{ name: appName, resources: { limits: { memory: '256Mi' } } }] },
    status: {
      conditions: [ready],
      containerStatuses: [
        { name: appName, ...(killedAt === undefined ? {} : { lastState: { terminated } }) },
      ],
    },
  });
}
