/**
 * A volume that is made from a kept snapshot: what its claim names, and why it is not made. A snapshot is of one namespace, so that its
 * handle comes to another as what was there before (external-snapshotter: "pre-provisioned snapshot").
 */
import type { LiveObject } from './drift.ts';
import type { KeptSnapshot } from './kept-snapshot.ts';
import { type KubernetesObject, labelsOf, metadataOf } from './labels.ts';
import type { SnapshotSight } from './last-snapshot.ts';
import { type EnvironmentKey, type Instant, namespaceOf } from './names.ts';
import { secondOf } from './snapshot-name.ts';
import { fillingName, workspaceName } from './workspace.ts';
import * as z from './zod.ts';

const Bound = z.object({ status: z.object({ phase: z.literal('Bound') }) });

/** Its claim has a volume. */
export const isFilled = (objects: readonly LiveObject[]): boolean =>
  Bound.safeParse(
    objects.find(({ kind, metadata }) => kind === 'PersistentVolumeClaim' && metadata.name === workspaceName),
  ).success;

interface Filled {
  readonly key: EnvironmentKey;
  /** One of its name before it had another: what is left of that is not taken for its own. */
  readonly createdAt: Instant;
}

export const fillingContentOf = ({ key, createdAt }: Filled): string =>
  `${namespaceOf(key)}--${secondOf(createdAt)}`;

/** It stays when either of both goes: they are no more than names of it. */
export function fillingObjects(
  filled: Filled,
  { handle, driver }: KeptSnapshot,
): readonly KubernetesObject[] {
  const { key } = filled;
  const apiVersion = 'snapshot.storage.k8s.io/v1';
  const name = fillingContentOf(filled);
  return [
    {
      apiVersion,
      kind: 'VolumeSnapshotContent',
      metadata: { name, labels: labelsOf(key) },
      spec: {
        deletionPolicy: 'Retain',
        driver,
        source: { snapshotHandle: handle },
        sourceVolumeMode: 'Filesystem',
        volumeSnapshotRef: { name: fillingName, namespace: namespaceOf(key) },
      },
    },
    {
      apiVersion,
      kind: 'VolumeSnapshot',
      metadata: metadataOf(key, fillingName),
      spec: { source: { volumeSnapshotContentName: name } },
    },
  ];
}

/** What to do, where the cluster will make no volume from it; undefined where it is to be waited for. */
export function whyNotFilled(
  known: KeptSnapshot | undefined,
  from: string,
  snapshotClass: string | undefined,
  sight: SnapshotSight | undefined,
): string | undefined {
  if (known?.state !== 'kept')
    return `Its volume is not made: the team keeps no snapshot ${from} any more. Delete it, and ask for it with another one.`;
  if (snapshotClass === undefined || sight?.class === undefined)
    return `Its volume is not made from ${from}: the cluster has no VolumeSnapshotClass ${snapshotClass ?? `for class ${known.class}`}. Make it.`;
  if (sight.class.driver !== known.driver)
    return `Its volume is not made from ${from}: that is of ${known.driver}, and the cluster's volumes of class ${known.class} are of ${sight.class.driver}. Ask for it in cluster ${known.cluster}.`;
  const its = sight.snapshots.find(({ metadata }) => metadata.name === fillingName);
  const error = its?.status?.error;
  return error && its?.status?.readyToUse !== true
    ? `Its volume is not made from ${from}: ${(error.message ?? 'no reason is given').slice(0, 200)}`
    : undefined;
}
