/** The kinds that we apply: where their collections are, and in which of them something can become unwanted. */
import type { KubernetesObject } from '#core/rollout.ts';

interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  /** The plural in its path. */
  readonly resource: string;
}

const kind = (apiVersion: string, name: string, resource: string): Kind => ({
  apiVersion,
  kind: name,
  resource,
});

/** Of an environment's namespace. */
export const environmentKinds: readonly Kind[] = [
  kind('v1', 'ResourceQuota', 'resourcequotas'),
  kind('v1', 'LimitRange', 'limitranges'),
  kind('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
  kind('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  kind('apps/v1', 'Deployment', 'deployments'),
  kind('autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'),
  kind('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  kind('v1', 'Service', 'services'),
  kind('v1', 'ConfigMap', 'configmaps'),
];
export const snapshotKind = kind('snapshot.storage.k8s.io/v1', 'VolumeSnapshot', 'volumesnapshots');
export const snapshotClassKind = kind(
  'snapshot.storage.k8s.io/v1',
  'VolumeSnapshotClass',
  'volumesnapshotclasses',
);
export const snapshotContentKind = kind(
  'snapshot.storage.k8s.io/v1',
  'VolumeSnapshotContent',
  'volumesnapshotcontents',
);
/** Of a data job's namespace, beside what bounds it. */
export const jobKind = kind('batch/v1', 'Job', 'jobs');
export const podKind = kind('v1', 'Pod', 'pods');
export const replicaSetKind = kind('apps/v1', 'ReplicaSet', 'replicasets');
const namespacedKinds = [
  ...environmentKinds,
  kind('v1', 'Secret', 'secrets'),
  snapshotKind,
  replicaSetKind,
  jobKind,
  kind('v1', 'ServiceAccount', 'serviceaccounts'),
];

const clusterKinds: readonly Kind[] = [
  kind('v1', 'Namespace', 'namespaces'),
  kind('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles'),
  kind('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings'),
  kind('storage.k8s.io/v1', 'StorageClass', 'storageclasses'),
  snapshotClassKind,
  snapshotContentKind,
  kind('scheduling.k8s.io/v1', 'PriorityClass', 'priorityclasses'),
  kind('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy', 'validatingadmissionpolicies'),
  kind(
    'admissionregistration.k8s.io/v1',
    'ValidatingAdmissionPolicyBinding',
    'validatingadmissionpolicybindings',
  ),
];

const groupPath = (apiVersion: string): string =>
  apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

export const collectionPath = ({ apiVersion, resource }: Kind, namespace: string): string =>
  `${groupPath(apiVersion)}/namespaces/${namespace}/${resource}`;

type Named = Pick<KubernetesObject, 'apiVersion' | 'kind'> & {
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
};

export function pathOf({ apiVersion, kind: name, metadata }: Named): string {
  const isIt = (entry: Kind) => entry.apiVersion === apiVersion && entry.kind === name;
  const own = namespacedKinds.find(isIt);
  if (own && metadata.namespace) return `${collectionPath(own, metadata.namespace)}/${metadata.name}`;
  const wide = clusterKinds.find(isIt);
  if (!wide) throw new Error(`adapters/kubernetes/kinds.ts knows no path for ${apiVersion} ${name}`);
  return `${groupPath(apiVersion)}/${wide.resource}/${metadata.name}`;
}
