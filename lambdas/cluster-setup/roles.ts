/** What our functions may do in a cluster: bound to the Kubernetes groups that their access entries name. */
import { fieldManager, type KubernetesObject } from '#core/rollout.ts';
import { deployersGroup } from './env.ts';

const labels = { 'app.kubernetes.io/managed-by': fieldManager };
const rbac = 'rbac.authorization.k8s.io';
/** Server-side apply of an object that is not there yet needs both. */
const applied = ['get', 'list', 'create', 'patch'];

export const clusterRoles: readonly KubernetesObject[] = [
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name: 'getschwifty-deployer', labels },
    rules: [
      { apiGroups: [''], resources: ['namespaces', 'services'], verbs: applied },
      { apiGroups: ['apps'], resources: ['deployments'], verbs: applied },
      { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
    ],
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'getschwifty-deployer', labels },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'getschwifty-deployer' },
    subjects: [{ apiGroup: rbac, kind: 'Group', name: deployersGroup }],
  },
];
