import { describe, expect, it } from 'vitest';
import { metricsOf, restartsOf } from '#local/kubernetes/insights-metrics.ts';
import type { Node, Pod, Snapshot, Summary } from '#local/kubernetes/insights-snapshot.ts';
import { parseQuantity } from '#local/kubernetes/quantity.ts';

const node: Node = {
  metadata: { name: 'local' },
  spec: { providerID: 'aws:///us-east-1a/i-0123' },
  status: { capacity: { cpu: '2', memory: '1000Mi' }, conditions: [{ type: 'Ready', status: 'True' }] },
};

const summary: Summary = {
  node: {
    cpu: { usageNanoCores: 5e8 },
    memory: { workingSetBytes: 500 * 2 ** 20 },
    fs: { usedBytes: 30, capacityBytes: 100 },
  },
  pods: [{ podRef: { uid: 'u1' }, cpu: { usageNanoCores: 1e8 }, memory: { workingSetBytes: 48 * 2 ** 20 } }],
};

function pod(container: Partial<Pod['status']['containerStatuses'][number]> = {}): Pod {
  return {
    metadata: {
      uid: 'u1',
      name: 'web-56c9cd898-bmpbt',
      namespace: 'team',
      labels: { app: 'web' },
      ownerReferences: [{ kind: 'ReplicaSet', name: 'web-56c9cd898' }],
    },
    spec: { nodeName: 'local', containers: [{ resources: { limits: { cpu: '200m', memory: '64Mi' } } }] },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [{ restartCount: 0, state: { running: {} }, lastState: {}, ...container }],
    },
  };
}

const snapshot = (...pods: Pod[]): Snapshot => ({
  clusterName: 'blue',
  nodes: [{ node, summary }],
  pods,
  services: [{ metadata: { name: 'web', namespace: 'team' }, spec: { selector: { app: 'web' } } }],
});

const of = (data: ReturnType<typeof metricsOf>, name: string) => data.filter((datum) => datum.name === name);
const workload = { PodName: 'web', Namespace: 'team', ClusterName: 'blue' };

describe('Container Insights', () => {
  it("publishes a pod's memory over its limit in every documented dimension set", () => {
    const data = of(metricsOf(snapshot(pod()), new Map()), 'pod_memory_utilization_over_pod_limit');
    expect(data.map(({ dimensions }) => dimensions)).toEqual([
      workload,
      { Namespace: 'team', ClusterName: 'blue' },
      { Service: 'web', Namespace: 'team', ClusterName: 'blue' },
      { ClusterName: 'blue' },
      { FullPodName: 'web-56c9cd898-bmpbt', ...workload },
    ]);
    expect(new Set(data.map(({ value, unit }) => `${value} ${unit}`))).toEqual(new Set(['75 Percent']));
  });

  it('leaves that out where a container has no limit', () => {
    const unlimited: Pod = {
      ...pod(),
      spec: { nodeName: 'local', containers: [{ resources: { limits: {} } }] },
    };
    const names = metricsOf(snapshot(unlimited), new Map()).map(({ name }) => name);
    expect(names).not.toContain('pod_memory_utilization_over_pod_limit');
    expect(names).toContain('pod_memory_utilization');
  });

  it('leaves out the Service of a pod that has none, and what was not measured yet', () => {
    const data = metricsOf(
      { ...snapshot(pod()), services: [], nodes: [{ node, summary: { ...summary, pods: [] } }] },
      new Map(),
    );
    expect(data.filter(({ dimensions }) => dimensions.Service !== undefined)).toEqual([]);
    expect(of(data, 'pod_cpu_utilization')).toEqual([]);
    expect(of(data, 'pod_status_running')).not.toEqual([]);
  });

  it('counts restarts since the last look', () => {
    const first = snapshot(pod({ restartCount: 2 }));
    const second = snapshot(pod({ restartCount: 5 }));
    expect(of(metricsOf(first, new Map()), 'pod_number_of_container_restarts')).toEqual([]);
    expect(of(metricsOf(second, restartsOf(first.pods)), 'pod_number_of_container_restarts')).toEqual([
      { name: 'pod_number_of_container_restarts', value: 3, unit: 'Count', dimensions: workload },
    ]);
  });

  it('tells of an OOM kill once the container was started again', () => {
    const name = 'pod_container_status_terminated_reason_oom_killed';
    const killed = pod({ restartCount: 1, lastState: { terminated: { reason: 'OOMKilled' } } });
    expect(of(metricsOf(snapshot(killed), new Map()), name)).toEqual([
      { name, value: 1, unit: 'Count', dimensions: { ClusterName: 'blue' } },
    ]);
    expect(of(metricsOf(snapshot(pod()), new Map()), name)).toEqual([]);
  });

  it('tells why containers wait', () => {
    const waiting = pod({ state: { waiting: { reason: 'ImagePullBackOff' } } });
    const data = metricsOf(snapshot(waiting), new Map());
    expect(of(data, 'pod_container_status_waiting_reason_image_pull_error')[0]?.value).toBe(1);
    expect(of(data, 'pod_container_status_waiting_reason_crash_loop_back_off')[0]?.value).toBe(0);
  });

  it('publishes the node by its instance id, and the cluster', () => {
    const data = metricsOf(snapshot(pod()), new Map());
    const dimensions = { NodeName: 'local', InstanceId: 'i-0123', ClusterName: 'blue' };
    expect(of(data, 'node_filesystem_utilization')[0]).toMatchObject({ value: 30, dimensions });
    expect(of(data, 'node_memory_utilization')[0]).toMatchObject({ value: 50, dimensions });
    expect(of(data, 'node_cpu_utilization')[0]).toMatchObject({ value: 25, dimensions });
    expect(of(data, 'cluster_failed_node_count')).toMatchObject([{ value: 0 }]);
    expect(of(data, 'service_number_of_running_pods')[0]).toMatchObject({ value: 1 });
    expect(of(data, 'namespace_number_of_running_pods')[0]).toMatchObject({ value: 1 });
  });

  it.each([
    ['Job', 'import-29387460', 'import'],
    ['Job', 'hog', 'hog'],
    ['DaemonSet', 'agent', 'agent'],
    ['StatefulSet', 'db', 'web-56c9cd898-bmpbt'],
  ])('names the pod of a %s %s after %s', (kind, owner, expected) => {
    const owned = pod();
    const changed = { ...owned, metadata: { ...owned.metadata, ownerReferences: [{ kind, name: owner }] } };
    expect(of(metricsOf(snapshot(changed), new Map()), 'pod_status_running')[1]?.dimensions.PodName).toBe(
      expected,
    );
  });
});

describe('a quantity', () => {
  it.each([
    ['500m', 0.5],
    ['2', 2],
    ['64Mi', 64 * 2 ** 20],
    ['1.5G', 1.5e9],
    ['1e3', 1000],
    ['100n', 1e-7],
  ])('%s is %d', (text, value) => expect(parseQuantity(text)).toBeCloseTo(value, 10));

  it.each(['', 'Mi', '12XB', 'a lot'])('%j is none', (text) =>
    expect(() => parseQuantity(text)).toThrow('quantity'),
  );
});
