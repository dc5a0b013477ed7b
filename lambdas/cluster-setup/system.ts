/**
 * What our own programs in a cluster share: a namespace, a priority, and an AWS identity by EKS Pod Identity (core/pod-identity.ts).
 */
import { type KubernetesObject, managedBy } from '#core/labels.ts';
import { systemNamespace } from './env.ts';

export const priorityClass = 'getschwifty-system';

/** Before what runs in it. It belongs to all of our programs: none takes it away alone. */
export const systemObjects: readonly KubernetesObject[] = [
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: systemNamespace,
      labels: { ...managedBy, 'pod-security.kubernetes.io/enforce': 'restricted' },
    },
  },
  {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: priorityClass, labels: managedBy },
    description: 'What GetSchwifty runs in a cluster: before environments, but it evicts none of them.',
    value: 1_000_000,
    preemptionPolicy: 'Never',
    globalDefault: false,
  },
];

/** Rights in the whole cluster, of one service account. */
export function rightsOf(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  rules: readonly object[],
): readonly KubernetesObject[] {
  const apiGroup = 'rbac.authorization.k8s.io';
  const role = `getschwifty-${name}`;
  const metadata = { name: role, labels: { 'app.kubernetes.io/name': name, ...managedBy } };
  return [
    { apiVersion: `${apiGroup}/v1`, kind: 'ClusterRole', metadata, rules },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup, kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  ];
}

/** Of a pod: nobody's number, and no root. */
export const nobody = {
  runAsNonRoot: true,
  runAsUser: 65532,
  runAsGroup: 65532,
  fsGroup: 65532,
  seccompProfile: { type: 'RuntimeDefault' },
};
