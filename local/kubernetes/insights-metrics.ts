/** From what the cluster says of its pods and nodes to Container Insights' metrics. */

import type { Node, Pod, Service, Snapshot, Summary, Usage } from './insights-snapshot.ts';
import { type Dimension, documentedSets, type MetricName, type Unit, unitOf } from './insights-table.ts';
import { parseQuantity } from './quantity.ts';

/** Restarts of each pod's containers, by the pod's uid, at the snapshot before. */
export type Restarts = ReadonlyMap<string, number>;

export interface Datum {
  readonly name: MetricName;
  readonly value: number;
  readonly unit: Unit;
  readonly dimensions: Readonly<Partial<Record<Dimension, string>>>;
}

type Labels = Readonly<Partial<Record<Dimension, string>>>;
type Values = Readonly<Partial<Record<MetricName, number | undefined>>>;

export const restartsOf = (pods: readonly Pod[]): Restarts =>
  new Map(pods.map((pod) => [pod.metadata.uid, totalRestarts(pod)]));

export function metricsOf(snapshot: Snapshot, before: Restarts): Datum[] {
  const { clusterName, nodes, pods, services } = snapshot;
  return [
    ...publish(clusterValues(nodes), { ClusterName: clusterName }),
    ...nodes.flatMap(({ node, summary }) => {
      const labels = { ClusterName: clusterName, NodeName: node.metadata.name, InstanceId: instanceId(node) };
      const own = pods.filter(({ spec }) => spec.nodeName === node.metadata.name);
      return [
        ...publish(nodeValues(node, summary, own), labels),
        ...own.flatMap((pod) => podData(pod, node, summary, snapshot, before)),
      ];
    }),
    ...[...countRunning(pods, ({ metadata }) => metadata.namespace)].flatMap(([Namespace, count]) =>
      publish({ namespace_number_of_running_pods: count }, { ClusterName: clusterName, Namespace }),
    ),
    ...services.flatMap((service) => {
      const { name, namespace } = service.metadata;
      const count = pods.filter((pod) => isRunning(pod) && selects(service, pod)).length;
      const labels = { ClusterName: clusterName, Namespace: namespace, Service: name };
      return publish({ service_number_of_running_pods: count }, labels);
    }),
  ];
}

/** One datum for each dimension set of which all dimensions are known. */
function publish(values: Values, labels: Labels): Datum[] {
  const names = Object.keys(documentedSets).filter((name): name is MetricName => name in values);
  return names.flatMap((name) => {
    const value = values[name];
    if (value === undefined || !Number.isFinite(value)) return [];
    return documentedSets[name]
      .filter((set) => set.every((dimension) => labels[dimension] !== undefined))
      .map((set) => ({
        name,
        value,
        unit: unitOf(name),
        dimensions: Object.fromEntries(set.map((dimension) => [dimension, labels[dimension]])),
      }));
  });
}

const clusterValues = (nodes: Snapshot['nodes']): Values => ({
  cluster_node_count: nodes.length,
  cluster_failed_node_count: nodes.filter(({ node }) => !holds(node.status.conditions, 'Ready')).length,
});

function nodeValues(node: Node, summary: Summary, pods: readonly Pod[]): Values {
  const { conditions } = node.status;
  return {
    ...utilization('node', summary.node, capacityOf(node)),
    node_filesystem_utilization: percent(summary.node.fs.usedBytes, summary.node.fs.capacityBytes),
    node_number_of_running_pods: pods.filter(isRunning).length,
    node_status_condition_ready: Number(holds(conditions, 'Ready')),
    node_status_condition_memory_pressure: Number(holds(conditions, 'MemoryPressure')),
    node_status_condition_disk_pressure: Number(holds(conditions, 'DiskPressure')),
  };
}

function podData(pod: Pod, node: Node, summary: Summary, snapshot: Snapshot, before: Restarts): Datum[] {
  const { name, namespace, uid } = pod.metadata;
  const service = snapshot.services.find((candidate) => selects(candidate, pod))?.metadata.name;
  const usage = summary.pods.find(({ podRef }) => podRef.uid === uid);
  const values = {
    ...statusValues(pod, before),
    ...(usage === undefined ? {} : usageValues(pod, usage, capacityOf(node))),
  };
  const labels = { ClusterName: snapshot.clusterName, Namespace: namespace, FullPodName: name };
  return publish(values, {
    ...labels,
    PodName: workloadOf(pod),
    ...(service === undefined ? {} : { Service: service }),
  });
}

function usageValues(pod: Pod, usage: Usage, capacity: Capacity): Values {
  const limits = { cpu: limitOf(pod, 'cpu', capacity.cpu), memory: limitOf(pod, 'memory', capacity.memory) };
  return {
    ...utilization('pod', usage, capacity),
    pod_cpu_utilization_over_pod_limit: percent(cores(usage), limits.cpu),
    pod_memory_utilization_over_pod_limit: percent(usage.memory.workingSetBytes, limits.memory),
    pod_memory_working_set: usage.memory.workingSetBytes,
    pod_memory_limit: limits.memory,
  };
}

function statusValues(pod: Pod, before: Restarts): Values {
  const { phase, conditions, containerStatuses } = pod.status;
  const waiting = containerStatuses.map(({ state }) => state.waiting?.reason ?? '');
  const killed = containerStatuses.filter(
    ({ lastState }) => lastState.terminated?.reason === 'OOMKilled',
  ).length;
  const previous = before.get(pod.metadata.uid);
  return {
    pod_status_ready: Number(holds(conditions, 'Ready')),
    pod_status_running: Number(phase === 'Running'),
    pod_status_pending: Number(phase === 'Pending'),
    pod_status_failed: Number(phase === 'Failed'),
    pod_status_succeeded: Number(phase === 'Succeeded'),
    pod_number_of_containers: containerStatuses.length,
    pod_number_of_running_containers: containerStatuses.filter(({ state }) => state.running !== undefined)
      .length,
    pod_container_status_waiting_reason_crash_loop_back_off: count(waiting, /^CrashLoopBackOff$/),
    pod_container_status_waiting_reason_image_pull_error: count(
      waiting,
      /^(ErrImagePull|ImagePullBackOff|InvalidImageName)$/,
    ),
    // Like the agent: restarts since the last look, and only where there was one.
    pod_number_of_container_restarts:
      previous === undefined ? undefined : Math.max(0, totalRestarts(pod) - previous),
    // Only sent while there is one. It holds until the container ends in another way, and never sees a container
    // that is not started again: not a Job's last one.
    pod_container_status_terminated_reason_oom_killed: killed === 0 ? undefined : killed,
  };
}

interface Capacity {
  readonly cpu: number;
  readonly memory: number;
}

const capacityOf = ({ status }: Node): Capacity => ({
  cpu: parseQuantity(status.capacity.cpu),
  memory: parseQuantity(status.capacity.memory),
});

const utilization = (kind: 'node' | 'pod', usage: Usage, capacity: Capacity): Values => ({
  [`${kind}_cpu_utilization`]: percent(cores(usage), capacity.cpu),
  [`${kind}_memory_utilization`]: percent(usage.memory.workingSetBytes, capacity.memory),
});

const cores = ({ cpu }: Usage): number | undefined =>
  cpu.usageNanoCores === undefined ? undefined : cpu.usageNanoCores / 1e9;

const percent = (used: number | undefined, whole: number | undefined): number | undefined =>
  used === undefined || whole === undefined ? undefined : (used / whole) * 100;

/** The sum over the pod's containers if every one has a limit, at most the node's capacity. */
function limitOf(pod: Pod, resource: 'cpu' | 'memory', capacity: number): number | undefined {
  const limits = pod.spec.containers.map(({ resources }) => resources.limits[resource]);
  let sum = 0;
  for (const limit of limits) {
    if (limit === undefined) return undefined;
    sum += parseQuantity(limit);
  }
  return Math.min(sum, capacity);
}

function workloadOf({ metadata }: Pod): string {
  const owner = metadata.ownerReferences[0];
  switch (owner?.kind) {
    case 'ReplicaSet':
      return owner.name.replace(/-[a-z0-9]+$/, '');
    case 'Job':
      // A CronJob names its Jobs by the minute.
      return owner.name.replace(/-\d{8,}$/, '');
    case 'DaemonSet':
    case 'ReplicationController':
      return owner.name;
    default:
      return metadata.name;
  }
}

const instanceId = ({ spec }: Node): string => spec.providerID.slice(spec.providerID.lastIndexOf('/') + 1);

const holds = (conditions: Pod['status']['conditions'], type: string): boolean =>
  conditions.some((condition) => condition.type === type && condition.status === 'True');

const isRunning = ({ status }: Pod): boolean => status.phase === 'Running';

function selects({ metadata, spec }: Service, pod: Pod): boolean {
  const selector = Object.entries(spec.selector);
  return (
    selector.length > 0 &&
    metadata.namespace === pod.metadata.namespace &&
    selector.every(([key, value]) => pod.metadata.labels[key] === value)
  );
}

const totalRestarts = ({ status }: Pod): number =>
  status.containerStatuses.reduce((sum, { restartCount }) => sum + restartCount, 0);

const count = (texts: readonly string[], pattern: RegExp): number =>
  texts.filter((text) => pattern.test(text)).length;

function countRunning(pods: readonly Pod[], key: (pod: Pod) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const pod of pods) counts.set(key(pod), (counts.get(key(pod)) ?? 0) + Number(isRunning(pod)));
  return counts;
}
