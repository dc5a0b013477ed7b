/**
 * Which job goes first where a cluster has no room for all. Environments are before all of them: a worker that is evicted gives its chunk
 * back, an environment that is serves nobody. Above -10, below which the Cluster Autoscaler makes no room (its FAQ,
 * "expendable-pods-priority-cutoff").
 */
import { type KubernetesObject, managedBy } from '../labels.ts';

export const priorities = ['low', 'normal', 'high'] as const;
export type Priority = (typeof priorities)[number];

export const priorityClassOf = (priority: Priority): string => `getschwifty-job-${priority}`;

const values: Readonly<Record<Priority, number>> = { low: -3, normal: -2, high: -1 };

/** Of the whole cluster, before the first job. */
export const jobPriorityClasses: readonly KubernetesObject[] = priorities.map((priority) => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name: priorityClassOf(priority), labels: managedBy },
  description: `Workers of data jobs of ${priority} priority: environments go before, and evict them.`,
  value: values[priority],
  preemptionPolicy: 'PreemptLowerPriority',
  globalDefault: false,
}));
