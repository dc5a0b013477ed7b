/** What is read of the cluster, at one time, for Container Insights' metrics. */
import * as z from 'zod';
import type { KubernetesApi } from './api.ts';

const reasonSchema = z.object({ reason: z.string().optional() });
const containerStatusSchema = z.object({
  restartCount: z.int(),
  state: z.object({ running: z.unknown().optional(), waiting: reasonSchema.optional() }).default({}),
  lastState: z.object({ terminated: reasonSchema.optional() }).default({}),
});
const conditionsSchema = z.array(z.object({ type: z.string(), status: z.string() })).default([]);

const podSchema = z.object({
  metadata: z.object({
    uid: z.string(),
    name: z.string(),
    namespace: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
    ownerReferences: z.array(z.object({ kind: z.string(), name: z.string() })).default([]),
  }),
  spec: z.object({
    nodeName: z.string().optional(),
    containers: z.array(
      z.object({
        resources: z.object({ limits: z.record(z.string(), z.string()).default({}) }).default({ limits: {} }),
      }),
    ),
  }),
  status: z.object({
    phase: z.string(),
    conditions: conditionsSchema,
    containerStatuses: z.array(containerStatusSchema).default([]),
  }),
});
export type Pod = z.infer<typeof podSchema>;

const nodeSchema = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ providerID: z.string().default('') }),
  status: z.object({
    capacity: z.object({ cpu: z.string(), memory: z.string() }),
    conditions: conditionsSchema,
  }),
});
export type Node = z.infer<typeof nodeSchema>;

const serviceSchema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({ selector: z.record(z.string(), z.string()).default({}) }),
});
export type Service = z.infer<typeof serviceSchema>;

/** The part of the kubelet's /stats/summary that is read; a figure is absent until it was measured once. */
const usageSchema = {
  cpu: z.object({ usageNanoCores: z.number().optional() }).default({}),
  memory: z.object({ workingSetBytes: z.number().optional() }).default({}),
};
const summarySchema = z.object({
  node: z.object({
    ...usageSchema,
    fs: z.object({ usedBytes: z.number().optional(), capacityBytes: z.number().optional() }).default({}),
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
  const list = async <T>(kind: string, item: z.ZodType<T>): Promise<T[]> =>
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
