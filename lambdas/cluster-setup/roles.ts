/** What a cluster must hold before any environment: what our functions may do there, and that network policies count. */
import { removableKinds } from '#core/drift.ts';
import { jobPriorityClasses } from '#core/jobs/priority.ts';
import { type KubernetesObject, managedBy } from '#core/labels.ts';
import { ownStorageClass } from '#core/volume-class.ts';
import { deployersGroup } from './env.ts';
import { slotKeeperRoles } from './slot-keepers.ts';

const rbac = 'rbac.authorization.k8s.io';
/** Server-side apply of an object that is not there yet needs `create` and `patch`; a look gets and lists. */
const applied = ['get', 'list', 'create', 'patch'];
const removed = [...applied, 'delete'];

/** By API group. Which namespaces it may delete, namespace-policy.ts says. A volume is made and never deleted but with its namespace. No Secret is read, no role, no exec, no log; pods are seen, and made by the cluster's own controllers alone. */
const resources: readonly (readonly [group: string, kind: string, resource: string])[] = [
  ['', 'Namespace', 'namespaces'],
  ['', 'ResourceQuota', 'resourcequotas'],
  ['', 'LimitRange', 'limitranges'],
  ['', 'PersistentVolumeClaim', 'persistentvolumeclaims'],
  ['', 'Service', 'services'],
  ['', 'ConfigMap', 'configmaps'],
  ['apps', 'Deployment', 'deployments'],
  ['autoscaling', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'],
  ['networking.k8s.io', 'NetworkPolicy', 'networkpolicies'],
  ['policy', 'PodDisruptionBudget', 'poddisruptionbudgets'],
  ['snapshot.storage.k8s.io', 'VolumeSnapshot', 'volumesnapshots'],
];

const deployerRules = [
  ...resources.map(([group, kind, resource]) => ({
    apiGroups: [group],
    resources: [resource],
    verbs: removableKinds.includes(kind) || kind === 'Namespace' ? removed : applied,
  })),
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
  // Why a Service has no load balancer.
  { apiGroups: [''], resources: ['events'], verbs: ['list'] },
  // An environment's SSH host key: made, never read. Which, and where, namespace-policy.ts says.
  { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
  // Of pods that run their size alone, and of what they are made from.
  { apiGroups: [''], resources: ['pods/resize'], verbs: ['patch'] },
  { apiGroups: ['apps'], resources: ['replicasets'], verbs: ['get', 'list', 'patch'] },
  { apiGroups: ['snapshot.storage.k8s.io'], resources: ['volumesnapshotclasses'], verbs: ['get'] },
  // Of all namespaces: which of them, and with what policy, namespace-policy.ts says.
  {
    apiGroups: ['snapshot.storage.k8s.io'],
    resources: ['volumesnapshotcontents'],
    verbs: ['get', 'create', 'patch', 'delete'],
  },
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

/**
 * EKS Auto Mode has a driver for EBS and makes no class for it. On its own nodes alone, which others can't attach.
 * Source: Amazon EKS user guide, "Create a storage class".
 */
const storageClass: KubernetesObject = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: ownStorageClass, labels: managedBy },
  provisioner: 'ebs.csi.eks.amazonaws.com',
  parameters: { type: 'gp3', encrypted: 'true' },
  // Where the pod is, for a volume is of one zone.
  volumeBindingMode: 'WaitForFirstConsumer',
  allowVolumeExpansion: true,
  reclaimPolicy: 'Delete',
};

export const clusterObjects = [
  ...clusterRoles,
  ...slotKeeperRoles,
  ...jobPriorityClasses,
  networkPolicyController,
  storageClass,
];
