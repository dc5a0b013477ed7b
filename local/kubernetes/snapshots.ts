/**
 * Does for the folders of volumes.ts what external-snapshotter's controller and a driver do for disks: a snapshot is a copy of the folder,
 * in the states, with the finalizers and by the deletion policies of the API. All that is known of them is in the API and the
 * folders: this can be started again at any time. Source: kubernetes-csi/external-snapshotter v8.6.0, pkg/common-controller
 * and pkg/sidecar-controller.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import * as z from '#core/zod.ts';
import type { KubernetesApi } from './api.ts';
import { ebsDriver as driver } from './ebs.ts';
import { type Loop, repeat } from './loop.ts';
import { parseQuantity } from './quantity.ts';
import { isHandle } from './snapshots/handle.ts';
import { Content, type Volume as Known, Snapshot, type Step, stepsOf } from './snapshots/steps.ts';

/** What the add-on's administrator makes: of the class that the local configuration names. */
export const snapshotClass = 'kept';
const group = '/apis/snapshot.storage.k8s.io/v1';

interface SnapshotsOptions {
  readonly api: KubernetesApi;
  /** On the machine: what the node calls /var/lib/volumes. */
  readonly folder: string;
  readonly log: (message: string) => void;
}

const Named = z.object({ metadata: z.object({ name: z.string() }) });
const Claim = z.object({
  metadata: z.object({ namespace: z.string(), name: z.string() }),
  spec: z.object({ volumeName: z.optional(z.string()) }),
});
const Volume = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ capacity: z.object({ storage: z.string() }) }),
});

/** The kinds, and a class of them that retains. */
export async function serveSnapshots(api: KubernetesApi): Promise<void> {
  const text = readFileSync(new URL('./snapshots/crds.yaml', import.meta.url), 'utf8');
  for (const document of parseAllDocuments(text)) {
    const kind: unknown = document.toJS();
    const { name } = Named.parse(kind).metadata;
    await api.apply(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`, kind);
  }
}

export function startSnapshots({ api, folder, log }: SnapshotsOptions): Loop {
  const list = async <S extends z.ZodMiniType>(path: string, schema: S) =>
    (await api.get(path, z.object({ items: z.array(schema) }))).items;
  let isServed = false;
  return repeat(
    1000,
    async () => {
      // The API server takes a moment to know the kinds.
      if (!isServed) await api.apply(`${group}/volumesnapshotclasses/${snapshotClass}`, classObject);
      isServed = true;
      const [snapshots, contents] = await Promise.all([
        list(`${group}/volumesnapshots`, Snapshot),
        list(`${group}/volumesnapshotcontents`, Content),
      ]);
      if (snapshots.length === 0 && contents.length === 0) return;
      const claims = await list('/api/v1/persistentvolumeclaims', Claim);
      const volumes = await list('/api/v1/persistentvolumes', Volume);
      const known = claims.flatMap(({ metadata, spec }): Known[] => {
        const volume = volumes.find((each) => each.metadata.name === spec.volumeName);
        return volume
          ? [
              {
                ...metadata,
                volume: volume.metadata.name,
                bytes: parseQuantity(volume.spec.capacity.storage),
              },
            ]
          : [];
      });
      for (const step of stepsOf({ snapshots, contents, volumes: known, driver, sizeOf: sizesIn(folder) })) {
        await carryOut(api, folder, step);
        log(step.says);
      }
    },
    log,
  );
}

const classObject = {
  apiVersion: 'snapshot.storage.k8s.io/v1',
  kind: 'VolumeSnapshotClass',
  metadata: { name: snapshotClass },
  driver,
  deletionPolicy: 'Retain',
};

async function carryOut(api: KubernetesApi, folder: string, step: Step): Promise<void> {
  switch (step.step) {
    case 'make':
      return api.apply(step.path, step.object);
    case 'patch':
      return api.patch(step.path, step.body);
    case 'remove':
      return api.remove(step.path);
    case 'copy':
      return copy(folder, step.volume, step.handle, step.bytes);
    case 'delete-copy':
      return rmSync(snapshotFolder(folder, step.handle), { recursive: true, force: true });
  }
}

const snapshotFolder = (folder: string, handle: string): string => join(folder, '..', 'snapshots', handle);

/** Undefined where there is no such snapshot. Nothing that is no handle is looked for. */
const sizesIn =
  (folder: string) =>
  (handle: string): number | undefined => {
    if (!isHandle(handle)) return undefined;
    const file = join(snapshotFolder(folder, handle), 'bytes');
    return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
  };

/** It is there whole, or not at all. */
function copy(folder: string, volume: string, handle: string, bytes: number): void {
  const to = snapshotFolder(folder, handle);
  if (existsSync(to)) return;
  const making = `${to}.making`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  same(join(folder, volume), join(making, 'data'));
  writeFileSync(join(making, 'bytes'), String(bytes));
  renameSync(making, to);
}

/** With owners, modes and times, as a disk's blocks have them. */
function same(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  execFileSync('cp', ['-a', `${from}/.`, to]);
}

/** What a volume that is made from a snapshot has on it. */
export function restore(folder: string, handle: string, volume: string): void {
  same(join(snapshotFolder(folder, handle), 'data'), join(folder, volume));
}
