/**
 * What who keeps the slots of data jobs may do in a cluster. RBAC can't say in which namespaces, for their names are not known before:
 * namespace-policy.ts does, of all that is written. It reads no Secret, and makes no pod but by a Job.
 */
import { type KubernetesObject, managedBy } from '#core/labels.ts';
import * as z from '#core/zod.ts';
import { slotKeepersGroup } from './env.ts';

export const JobsProperties = z.object({
  /** The worker's, `<repository URI>@<digest>`: nothing in it ends a literal of a policy. */
  Image: z.string().check(z.regex(/^[A-Za-z0-9./:_-]+@sha256:[0-9a-f]{64}$/, 'an image by its digest')),
});

/** By API group, in a job's namespace. */
export const slotKeeperWrites: readonly (readonly [group: string, resources: readonly string[]])[] = [
  ['', ['resourcequotas', 'limitranges', 'serviceaccounts', 'configmaps']],
  ['networking.k8s.io', ['networkpolicies']],
  ['batch', ['jobs']],
];

const rbac = 'rbac.authorization.k8s.io';
const metadata = { name: 'getschwifty-slot-keeper', labels: managedBy };

export const slotKeeperRoles: readonly KubernetesObject[] = [
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata,
    rules: [
      { apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'create', 'patch', 'delete'] },
      ...slotKeeperWrites.map(([group, resources]) => ({
        apiGroups: [group],
        resources: [...resources],
        verbs: group === 'batch' ? ['list', 'create', 'delete'] : ['create', 'patch'],
      })),
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
      { apiGroups: ['metrics.k8s.io'], resources: ['pods'], verbs: ['list'] },
    ],
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata,
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: metadata.name },
    subjects: [{ apiGroup: rbac, kind: 'Group', name: slotKeepersGroup }],
  },
];
