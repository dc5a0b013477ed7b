/**
 * What becomes of a volume when its environment is deleted: it is kept as a snapshot where its class has snapshots, and
 * the namespace waits for that. What is left, or why nothing is, is told before it is done.
 */
import type { LiveObject } from './drift.ts';
import type { Taken } from './kept-snapshot.ts';
import { type KubernetesObject, metadataOf } from './labels.ts';
import type { EnvironmentKey, Instant } from './names.ts';
import { type SnapshotName, secondOf, snapshotNameOf } from './snapshot-name.ts';
import type { Volume } from './volume.ts';
import { classOf, type VolumeClass } from './volume-class.ts';
import { workspaceName } from './workspace.ts';
import * as z from './zod.ts';

export const SnapshotClass = z.object({ deletionPolicy: z.string(), driver: z.string() });
export const Snapshot = z.object({
  metadata: z.object({ name: z.string() }),
  status: z.optional(
    z.object({
      /** When its storage took it. */
      creationTime: z.nullish(z.iso.datetime()),
      readyToUse: z.optional(z.boolean()),
      boundVolumeSnapshotContentName: z.optional(z.string()),
      error: z.optional(z.object({ message: z.optional(z.string()) })),
    }),
  ),
});

/** The cluster's own object of it, which stays when the namespace goes. */
export const SnapshotContent = z.object({
  metadata: z.object({ name: z.string(), uid: z.string() }),
  spec: z.object({
    driver: z.string(),
    volumeSnapshotRef: z.object({ namespace: z.optional(z.string()) }),
  }),
  status: z.optional(
    z.object({ snapshotHandle: z.optional(z.string()), restoreSize: z.optional(z.number()) }),
  ),
});
export type SnapshotContent = z.infer<typeof SnapshotContent>;

/** What a cluster says of snapshots of one class. */
export interface SnapshotSight {
  /** Undefined where it has no such class, or serves no snapshots at all. */
  readonly class: z.infer<typeof SnapshotClass> | undefined;
  /** In the environment's namespace. */
  readonly snapshots: readonly z.infer<typeof Snapshot>[];
}

export interface Leaving {
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
  /** To be written with what is told, so that its team can find it. */
  readonly keep?: Taken;
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

/** The VolumeSnapshotContent to be asked for, once there is one. */
export function contentOf(leaving: Leaving, { snapshots }: SnapshotSight): string | undefined {
  const found = snapshots.find(({ metadata }) => metadata.name === nameOf(leaving));
  return found?.status?.boundVolumeSnapshotContentName;
}

export interface Other {
  /** As the team's item of it would be called. */
  readonly name: SnapshotName;
  /** Undefined while the cluster makes it, where it can. */
  readonly content: string | undefined;
  readonly failed: boolean;
}

/** Of ours, but for its last one: a transfer that came to nothing had asked for it, and perhaps nobody wrote it down. */
export const othersOf = (leaving: Leaving, { snapshots }: SnapshotSight): readonly Other[] =>
  snapshots.flatMap(({ metadata: { name }, status }) => {
    const second = timed.exec(name)?.[1];
    if (second === undefined || name === nameOf(leaving)) return [];
    const failed = status?.error !== undefined;
    return [
      {
        name: `${leaving.key.name}-${second}`,
        content: status?.boundVolumeSnapshotContentName,
        failed,
      },
    ];
  });

export const waitsForOther = ({ volume }: Leaving): LastSnapshot => ({
  done: false,
  told: `its volume of ${volume.sizeGiB} GiB waits for a snapshot that was begun before, and goes with it`,
});

/** @param sight not needed where the class has no snapshots. @param content the one that it is bound to. */
export function lastSnapshot(
  leaving: Leaving,
  sight: SnapshotSight | undefined,
  content?: SnapshotContent,
): LastSnapshot {
  const { volume, snapshotClass } = leaving;
  const its = `its volume of ${volume.sizeGiB} GiB`;
  const waits = (why: string) => waiting(leaving, why);
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
  const making = `${its} waits for its snapshot, which is being made`;
  if (!found) return { done: false, make: wanted, told: making };
  const { readyToUse, error, creationTime } = found.status ?? {};
  const keep = readyToUse === true ? takenOf(content, creationTime) : undefined;
  if (keep) {
    const name = snapshotNameOf(leaving.key.name, leaving.since);
    return { done: true, told: `${its} stays as snapshot ${name} (${keep.handle} of ${keep.driver})`, keep };
  }
  return error === undefined
    ? { done: false, told: making }
    : waits((error.message ?? 'no reason is given').slice(0, 200));
}

const waiting = ({ volume }: Leaving, why: string) => ({
  done: false,
  told: `its volume of ${volume.sizeGiB} GiB waits for its snapshot: ${why}`,
});

/** @param why the cluster would not have it, in its words: it is asked again at each look. */
export const refusedSnapshot = (leaving: Leaving, why: string): LastSnapshot & { readonly told: string } =>
  waiting(leaving, `the cluster refuses it: ${why.slice(0, 200)}`);

const gibibyte = 1024 ** 3;

function takenOf(content: SnapshotContent | undefined, at: string | null | undefined): Taken | undefined {
  const handle = content?.status?.snapshotHandle;
  if (content === undefined || handle === undefined) return undefined;
  const { metadata, spec, status } = content;
  const sizeGiB = Math.ceil((status?.restoreSize ?? 0) / gibibyte);
  const when = at ? { at: new Date(at).toISOString() } : {};
  return { content: metadata.name, driver: spec.driver, handle, sizeGiB, ...when };
}

const nameOf = ({ since }: Leaving): string => `${workspaceName}-${secondOf(since)}`;
const timed = new RegExp(`^${workspaceName}-(\\d{14})$`);

function snapshotOf(leaving: Leaving, snapshotClass: string): KubernetesObject {
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: metadataOf(leaving.key, nameOf(leaving)),
    spec: {
      volumeSnapshotClassName: snapshotClass,
      source: { persistentVolumeClaimName: workspaceName },
    },
  };
}
