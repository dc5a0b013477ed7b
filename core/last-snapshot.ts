/**
 * What becomes of a volume when its environment is deleted: it is kept as a snapshot where its class has snapshots, and
 * the namespace waits for that. What is left, or why nothing is, is told before it is done.
 */
import type { LiveObject } from './drift.ts';
import { type KubernetesObject, metadataOf } from './labels.ts';
import type { EnvironmentKey, Instant } from './names.ts';
import type { Volume } from './volume.ts';
import { classOf, type VolumeClass } from './volume-class.ts';
import { workspaceName } from './workspace.ts';
import * as z from './zod.ts';

export const SnapshotClass = z.object({ deletionPolicy: z.string() });
export const Snapshot = z.object({
  metadata: z.object({ name: z.string() }),
  status: z.optional(
    z.object({
      readyToUse: z.optional(z.boolean()),
      boundVolumeSnapshotContentName: z.optional(z.string()),
      error: z.optional(z.object({ message: z.optional(z.string()) })),
    }),
  ),
});

/** What a cluster says of snapshots of one class. */
export interface SnapshotSight {
  /** Undefined where it has no such class, or serves no snapshots at all. */
  readonly class: z.infer<typeof SnapshotClass> | undefined;
  /** In the environment's namespace. */
  readonly snapshots: readonly z.infer<typeof Snapshot>[];
}

interface Leaving {
  readonly key: EnvironmentKey;
  readonly volume: Volume;
  /** Undefined where its class has none. */
  readonly snapshotClass: string | undefined;
  /** When the environment was deleted: one of its name after it has another snapshot. */
  readonly since: Instant;
}

export interface LastSnapshot {
  /** The namespace may go, and the volume with it. */
  readonly done: boolean;
  /** To be made first. */
  readonly make?: KubernetesObject;
  /** What is left of the volume, or what it waits for. */
  readonly told?: string;
}

const Claim = z.object({ status: z.object({ phase: z.literal('Bound') }) });

/** Undefined where there is nothing to be kept: nobody ever used what is not bound. */
export function leavingVolume(
  { key, spec, since }: { key: EnvironmentKey; spec: { volume?: Volume | undefined }; since: Instant },
  classes: readonly VolumeClass[],
  objects: readonly LiveObject[],
): Leaving | undefined {
  const { volume } = spec;
  const claim = objects.find(
    ({ kind, metadata }) => kind === 'PersistentVolumeClaim' && metadata.name === workspaceName,
  );
  if (!volume || !Claim.safeParse(claim).success) return undefined;
  return { key, volume, snapshotClass: classOf(volume, classes)?.snapshotClass, since };
}

/** @param sight not needed where the class has no snapshots. */
export function lastSnapshot(leaving: Leaving, sight: SnapshotSight | undefined): LastSnapshot {
  const { volume, snapshotClass } = leaving;
  const its = `its volume of ${volume.sizeGiB} GiB`;
  const waits = (why: string) => ({ done: false, told: `${its} waits for its snapshot: ${why}` });
  if (snapshotClass === undefined)
    return { done: true, told: `${its} goes with all that is on it: class ${volume.class} has no snapshots` };
  if (sight?.class === undefined)
    return waits(
      `the cluster has no VolumeSnapshotClass ${snapshotClass}. Make it, or take it from the class`,
    );
  if (sight.class.deletionPolicy !== 'Retain')
    return waits(
      `VolumeSnapshotClass ${snapshotClass} would delete it. Make it retain, or take it from the class`,
    );
  const wanted = snapshotOf(leaving, snapshotClass);
  const found = sight.snapshots.find(({ metadata }) => metadata.name === wanted.metadata.name);
  if (!found) return { done: false, make: wanted };
  const { readyToUse, boundVolumeSnapshotContentName: content, error } = found.status ?? {};
  if (readyToUse === true)
    return { done: true, told: `${its} stays as VolumeSnapshotContent ${content ?? 'of its snapshot'}` };
  return error === undefined ? { done: false } : waits((error.message ?? 'no reason is given').slice(0, 200));
}

function snapshotOf({ key, since }: Leaving, snapshotClass: string): KubernetesObject {
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: metadataOf(key, `${workspaceName}-${since.replace(/\D/g, '').slice(0, 14)}`),
    spec: {
      volumeSnapshotClassName: snapshotClass,
      source: { persistentVolumeClaimName: workspaceName },
    },
  };
}
