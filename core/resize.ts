/**
 * Another size of CPU and memory without another pod, where the cluster resizes pods that run (Kubernetes 1.33 and later,
 * `pods/resize`). The pods first; then, while its Deployment is held, the template of their ReplicaSet; then the
 * Deployment's own: its controller finds the ReplicaSet that it wants, and replaces nothing. docs/adr/0026
 */
import { type LiveObject, planOf } from './drift.ts';
import type { KubernetesObject } from './labels.ts';
import { appName, metadataOf, resizeManager } from './labels.ts';
import type { EnvironmentKey } from './names.ts';
import { isSame } from './same.ts';
import type { Pod } from './sight.ts';
import * as z from './zod.ts';

const Amounts = z.optional(z.record(z.string(), z.string()));
const Size = z.optional(z.object({ requests: Amounts, limits: Amounts }));
export type Size = z.infer<typeof Size>;
const Templated = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    replicas: z.optional(z.int()),
    template: z.object({
      spec: z.object({
        containers: z.array(z.looseObject({ name: z.string(), resources: Size })),
      }),
    }),
  }),
});
type Templated = z.infer<typeof Templated>;

/** What is read of a cluster when a resize is wanted, beside a look. */
export interface ResizeSight {
  readonly offered: boolean;
  readonly replicaSets: readonly LiveObject[];
}

export type Resize =
  /** Nothing of this: what differs is applied. */
  | { readonly step: 'none' }
  | { readonly step: 'resize'; readonly pods: readonly string[]; readonly size: Size }
  | { readonly step: 'wait' }
  /** The Deployment is held, then this is applied. */
  | { readonly step: 'prepare'; readonly replicaSet: KubernetesObject }
  /** The Deployment is applied, then let go. */
  | { readonly step: 'settle' }
  /** Pods are replaced after all: what was prepared is put back first, and what is held is let go. */
  | { readonly step: 'roll-out'; readonly why?: string; readonly restore: readonly KubernetesObject[] };

interface Asked {
  readonly key: EnvironmentKey;
  readonly wanted: KubernetesObject | undefined;
  readonly live: LiveObject | undefined;
  /** It is being rolled out: what somebody changed by hand is put back by a rollout. */
  readonly deploying: boolean;
}

export const isHeld = ({ live }: Pick<Asked, 'live'>): boolean =>
  live?.metadata.managedFields?.some(({ manager }) => manager === resizeManager) ?? false;

/** Nothing but the size differs: only then is more read of the cluster. */
export function isResize({ wanted, live, deploying }: Asked): boolean {
  const [ours, theirs] = [sizeOf(wanted), sizeOf(live)];
  if (!deploying || !wanted || !live || isSame(ours, theirs)) return false;
  return planOf([withSize(wanted, theirs)], [live]).differences.length === 0;
}

export function resizeOf(asked: Asked, pods: readonly Pod[], { offered, replicaSets }: ResizeSight): Resize {
  const { key, wanted, live } = asked;
  const sets = replicaSets.flatMap((object) => Templated.safeParse(object).data ?? []);
  const running = sets.filter(({ spec }) => (spec.replicas ?? 0) > 0);
  const [own, ...others] = running;
  const size = sizeOf(wanted);
  const before = sizeOf(live);
  const rollOut = (why?: string): Resize => ({
    step: 'roll-out',
    ...(why === undefined ? {} : { why }),
    restore: own && isHeld(asked) && !isSame(sizeIn(own), before) ? [templateOf(key, own, before)] : [],
  });
  if (!isResize(asked)) return isHeld(asked) ? ended(asked, rollOut) : { step: 'none' };
  if (!offered) return rollOut('the cluster does not resize pods that run');
  if (!isSame(withoutGpu(size?.limits), size?.limits) || !isSame(withoutGpu(before?.limits), before?.limits))
    return rollOut('a pod keeps the GPUs that it began with');
  if (!own || others.length > 0) return rollOut('another rollout is under way');
  const there = pods.filter(({ metadata }) => !metadata.deletionTimestamp);
  const small = there.filter((pod) => !isSame(sizeOfPod(pod), size)).map(({ metadata }) => metadata.name);
  if (small.length > 0) return { step: 'resize', pods: small, size };
  const stuck = there.map(whyStuck).find((why) => why !== undefined);
  if (stuck !== undefined) return rollOut(stuck);
  if (there.length === 0 || there.some((pod) => isUnderWay(pod, size))) return { step: 'wait' };
  const isPrepared = isHeld(asked) && isSame(sizeIn(own), size);
  return isPrepared ? { step: 'settle' } : { step: 'prepare', replicaSet: templateOf(key, own, size) };
}

/** It was settled and not let go, or something else is wanted since. */
const ended = ({ wanted, live }: Asked, rollOut: () => Resize): Resize =>
  isSame(sizeOf(wanted), sizeOf(live)) ? { step: 'settle' } : rollOut();

const gpu = 'nvidia.com/gpu';
const withoutGpu = (amounts: z.infer<typeof Amounts> = {}) =>
  Object.fromEntries(Object.entries(amounts).filter(([name]) => name !== gpu));

const sizeIn = ({ spec }: Templated): Size =>
  spec.template.spec.containers.find(({ name }) => name === appName)?.resources;
/** Of what has a pod's template. */
export function sizeOf(object: unknown): Size {
  const templated = Templated.safeParse(object).data;
  return templated && sizeIn(templated);
}
const sizeOfPod = ({ spec }: Pod): Size => spec.containers.find(({ name }) => name === appName)?.resources;

/** The same object, with the size of another. */
function withSize(object: KubernetesObject, size: Size): KubernetesObject {
  const copy = structuredClone(object);
  const parsed = Templated.safeParse(copy).data;
  if (!parsed) return copy;
  const spec = z.looseObject({ template: z.looseObject({ spec: z.looseObject({}) }) }).parse(copy['spec']);
  const containers = parsed.spec.template.spec.containers.map((container) =>
    container.name === appName ? { ...container, resources: size } : container,
  );
  const template = { ...spec.template, spec: { ...spec.template.spec, containers } };
  return { ...copy, spec: { ...spec, template } };
}

/** Of a ReplicaSet, this field alone. */
const templateOf = (key: EnvironmentKey, { metadata }: Templated, size: Size): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: metadataOf(key, metadata.name),
  spec: { template: { spec: { containers: [{ name: appName, resources: size }] } } },
});

/** As the kubelet says it: its node has no room now, or never will, or the size can't be brought about. */
function whyStuck({ status }: Pod): string | undefined {
  const stuck = status.conditions?.find(
    ({ type, status: is, reason }) =>
      is === 'True' &&
      (type === 'PodResizePending' || (type === 'PodResizeInProgress' && reason === 'Error')),
  );
  return (
    stuck && `the pod can't have it where it is (${[stuck.reason, stuck.message].filter(Boolean).join(': ')})`
  );
}

/** Memory is compared too: the kubelet takes a moment to say anything. */
function isUnderWay({ metadata, status }: Pod, size: Size): boolean {
  if (
    (status.observedGeneration ?? 0) < (metadata.generation ?? 0) &&
    status.observedGeneration !== undefined
  )
    return true;
  if (status.conditions?.some(({ type, status: is }) => type === 'PodResizeInProgress' && is === 'True'))
    return true;
  const has = status.containerStatuses?.find(({ name }) => name === appName)?.resources?.limits?.['memory'];
  // What has not begun begins with what it asks for.
  return has !== undefined && has !== size?.limits?.['memory'];
}
