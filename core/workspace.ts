/**
 * The folder that all containers of an environment's pod share, and what of Kubernetes is behind it: the environment's
 * volume, or with SSH alone a folder that lives as long as the pod.
 */
import { type KubernetesObject, metadataOf } from './labels.ts';
import type { EnvironmentKey } from './names.ts';
import { memoryQuantity } from './quantity.ts';
import { isAlone, type WithVolume } from './volume.ts';

/** Of the claim, and of the volume in a pod. */
export const workspaceName = 'workspace';
export const workspaceMount = { name: workspaceName, mountPath: '/workspace' };

/** The VolumeSnapshot that a volume is made from, in its own namespace: filling.ts makes it. */
export const fillingName = `${workspaceName}-from`;
const fillingSource = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: fillingName };

interface Pod {
  readonly spec: WithVolume;
  /** There where somebody can log in. */
  readonly ssh?: object | undefined;
}
interface Workspace extends Pod {
  readonly key: EnvironmentKey;
  /** The cluster's, of the volume's class. */
  readonly storageClass?: string | undefined;
}

/** Nothing where there is no volume. */
export function volumeClaim({ key, spec: { volume }, storageClass }: Workspace): KubernetesObject[] {
  if (!volume) return [];
  if (storageClass === undefined) throw new Error(`nobody said which StorageClass ${volume.class} is`);
  const spec = {
    accessModes: [volume.access],
    storageClassName: storageClass,
    resources: { requests: { storage: memoryQuantity(volume.sizeGiB * 1024) } },
    // It can't be taken back from a claim that is there.
    ...(volume.from === undefined ? {} : { dataSource: fillingSource }),
  };
  const metadata = metadataOf(key, workspaceName);
  return [{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec }];
}

/** For a pod's `volumes`. */
export function podVolumes({ spec, ssh }: Pod) {
  if (spec.volume) return [{ name: workspaceName, persistentVolumeClaim: { claimName: workspaceName } }];
  return ssh ? [{ name: workspaceName, emptyDir: { sizeLimit: '1Gi' } }] : [];
}
/** For the `volumeMounts` of the application. */
export const volumeMounts = ({ spec, ssh }: Pod) => (spec.volume || ssh ? [workspaceMount] : []);
/** For a pod's `securityContext`: a volume that is its group's already is not gone through again at each start. */
export const ownership = ({ volume }: WithVolume) =>
  volume ? { fsGroupChangePolicy: 'OnRootMismatch' } : {};

/** What runs is not touched until what replaces it is Ready, where both can have what they need. */
export const strategyOf = (spec: WithVolume) =>
  isAlone(spec)
    ? { type: 'Recreate' }
    : { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } };
