/** What a cluster must hold before any environment: what our functions may do there, and that network policies count. */
import { removableKinds } from '#core/drift.ts';
import { type KubernetesObject, managedBy } from '#core/labels.ts';
import { deployersGroup } from './env.ts';

const rbac = 'rbac.authorization.k8s.io';
/** Server-side apply of an object that is not there yet needs `create` and `patch`; a look gets and lists. */
const applied = ['get', 'list', 'create', 'patch'];
const removed = [...applied, 'delete'];

/** By API group. Which namespaces it may delete, namespace-policy.ts says. No Secret is read, no role, no exec, no log; pods are seen, and made by the cluster's own controllers alone. */
const resources: readonly (readonly [group: string, kind: string, resource: string])[] = [
  ['', 'Namespace', 'namespaces'],
  ['', 'ResourceQuota', 'resourcequotas'],
  ['', 'LimitRange', 'limitranges'],
  ['', 'Service', 'services'],
  ['', 'ConfigMap', 'configmaps'],
  ['apps', 'Deployment', 'deployments'],
  ['autoscaling', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'],
  ['networking.k8s.io', 'NetworkPolicy', 'networkpolicies'],
  ['policy', 'PodDisruptionBudget', 'poddisruptionbudgets'],
];

const deployerRules = [
  ...resources.map(([group, kind, resource]) => ({
    apiGroups: [group],
    resources: [resource],
    verbs: removableKinds.includes(kind) || kind === 'Namespace' ? removed : applied,
  })),
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
  // An environment's SSH host key: made, never read. Which, and where, namespace-policy.ts says.
  { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
];

export const clusterRoles: readonly KubernetesObject[] = [
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name: 'getschwifty-deployer', labels: managedBy },
    rules: deployerRules,
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'getschwifty-deployer', labels: managedBy },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'getschwifty-deployer' },
    subjects: [{ apiGroup: rbac, kind: 'Group', name: deployersGroup }],
  },
];

/**
 * EKS Auto Mode enforces network policies only where this says so; its own node class `default` takes them as it is
 * (`networkPolicy: DefaultAllow`). Source: Amazon EKS user guide, "Use Network Policies with EKS Auto Mode".
 */
const networkPolicyController: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'amazon-vpc-cni', namespace: 'kube-system', labels: managedBy },
  data: { 'enable-network-policy-controller': 'true' },
};

export const clusterObjects = [...clusterRoles, networkPolicyController];
