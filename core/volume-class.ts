/** The classes of volumes that a cluster has, and what of Kubernetes is behind each. */
import { type Volume, VolumeAccess, VolumeClassName } from './volume.ts';
import * as z from './zod.ts';

export const VolumeClass = z.strictObject({
  name: VolumeClassName,
  /** Of the cluster's StorageClasses. */
  storageClass: VolumeClassName,
  access: z._default(z.array(VolumeAccess).check(z.minLength(1)), ['ReadWriteOnce']),
  /** Its volumes can be made larger. */
  grows: z._default(z.boolean(), true),
  /** Of the cluster's VolumeSnapshotClasses, and one that retains: a volume is kept so when its environment is deleted. */
  snapshotClass: z.optional(VolumeClassName),
});
export type VolumeClass = z.infer<typeof VolumeClass>;

/** Made by cluster set-up: EKS Auto Mode has a driver, and no class by itself. */
export const ownStorageClass = 'getschwifty-gp3';
export const VolumeClasses = z._default(z.array(VolumeClass), [
  { name: 'gp3', storageClass: ownStorageClass, access: ['ReadWriteOnce'], grows: true },
]);

export const classOf = (volume: Volume, classes: readonly VolumeClass[]): VolumeClass | undefined =>
  classes.find(({ name }) => name === volume.class);

/** Why a cluster has no such volume, or can't make one as large of what is there; undefined where it can. */
export function whyNoVolume(
  volume: Volume,
  classes: readonly VolumeClass[],
  before?: Volume,
): string | undefined {
  const known = classOf(volume, classes);
  const all = classes.map(({ name }) => name).join(', ') || 'none';
  if (!known) return `no class of volumes is called ${volume.class}; the cluster has ${all}`;
  if (!known.access.includes(volume.access)) {
    const able = classes.filter(({ access }) => access.includes(volume.access)).map(({ name }) => name);
    const others = able.join(', ') || 'no class';
    return `volumes of class ${known.name} are ${known.access.join(' or ')}; ${volume.access} has ${others}`;
  }
  if (before && volume.sizeGiB > before.sizeGiB && !known.grows)
    return `volumes of class ${known.name} can't be made larger: it has ${before.sizeGiB} GiB`;
  return undefined;
}
