/** What is read of the cluster, at one time, for Container Insights' metrics. */
import * as z from '#core/zod.ts';
import type { KubernetesApi } from './api.ts';

const reasonSchema = z.object({ reason: z.optional(z.string()) });
const containerStatusSchema = z.object({
  restartCount: z.int(),
  state: z._default(z.object({ running: z.optional(z.unknown()), waiting: z.optional(reasonSchema) }), {}),
  lastState: z._default(z.object({ terminated: z.optional(reasonSchema) }), {}),
});
const conditionsSchema = z._default(z.array(z.object({ type: z.string(), status: z.string() })), []);

const podSchema = z.object({
  metadata: z.object({
    uid: z.string(),
    name: z.string(),
    namespace: z.string(),
    labels: z._default(z.record(z.string(), z.string()), {}),
    ownerReferences: z._default(z.array(z.object({ kind: z.string(), name: z.string() })), []),
  }),
  spec: z.object({
    nodeName: z.optional(z.string()),
    containers: z.array(
      z.object({
        resources: z._default(z.object({ limits: z._default(z.record(z.string(), z.string()), {}) }), {
          limits: {},
        }),
      }),
    ),
  }),
  status: z.object({
    phase: z.string(),
    conditions: conditionsSchema,
    containerStatuses: z._default(z.array(containerStatusSchema), []),
  }),
});
export type Pod = z.infer<typeof podSchema>;

const nodeSchema = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ providerID: z._default(z.string(), '') }),
  status: z.object({
    capacity: z.object({ cpu: z.string(), memory: z.string() }),
    conditions: conditionsSchema,
  }),
});
export type Node = z.infer<typeof nodeSchema>;

const serviceSchema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({ selector: z._default(z.record(z.string(), z.string()), {}) }),
});
export type Service = z.infer<typeof serviceSchema>;

/** The part of the kubelet's /stats/summary that is read; a figure is absent until it was measured once. */
const usageSchema = {
  cpu: z._default(z.object({ usageNanoCores: z.optional(z.number()) }), {}),
  memory: z._default(z.object({ workingSetBytes: z.optional(z.number()) }), {}),
};
const summarySchema = z.object({
  node: z.object({
    ...usageSchema,
    fs: z._default(
      z.object({ usedBytes: z.optional(z.number()), capacityBytes: z.optional(z.number()) }),
      {},
    ),
  }),
  pods: z.array(z.object({ podRef: z.object({ uid: z.string() }), ...usageSchema })),
});
export type Summary = z.infer<typeof summarySchema>;
export type Usage = Pick<Summary['node'], 'cpu' | 'memory'>;

export interface Snapshot {
  readonly clusterName: string;
  readonly nodes: readonly { readonly node: Node; readonly summary: Summary }[];
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
}

export async function takeSnapshot(api: KubernetesApi, clusterName: string): Promise<Snapshot> {
  const list = async <T>(kind: string, item: z.ZodMiniType<T>): Promise<T[]> =>
    (await api.get(`/api/v1/${kind}`, z.object({ items: z.array(item) }))).items;
  const [nodes, pods, services] = await Promise.all([
    list('nodes', nodeSchema),
    list('pods', podSchema),
    list('services', serviceSchema),
  ]);
  const withSummary = nodes.map(async (node) => {
    const path = `/api/v1/nodes/${node.metadata.name}/proxy/stats/summary`;
    return { node, summary: await api.get(path, summarySchema) };
  });
  return { clusterName, nodes: await Promise.all(withSummary), pods, services };
}
