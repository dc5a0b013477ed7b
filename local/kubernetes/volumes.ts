/**
 * Makes the volumes that claims ask of EBS's driver in EKS Auto Mode: folders of the node, which come with their first
 * pod, grow, and go with their claim. All that is known of them is in the API: this can be started again at any time.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from '#core/zod.ts';
import type { KubernetesApi } from './api.ts';
import { ebsDriver as driver } from './ebs.ts';
import { type Loop, repeat } from './loop.ts';
import { parseQuantity } from './quantity.ts';
import { Snapshot } from './snapshots/steps.ts';
import { restore } from './snapshots.ts';

/** As pods' node sees `folder`. */
const folderOfNode = '/var/lib/volumes';

const Storage = z.object({ storage: z.string() });
const Claim = z.object({
  metadata: z.object({
    namespace: z.string(),
    name: z.string(),
    uid: z.string(),
    annotations: z.optional(z.record(z.string(), z.string())),
  }),
  spec: z.object({
    storageClassName: z.optional(z.string()),
    volumeName: z.optional(z.string()),
    accessModes: z.array(z.string()),
    resources: z.object({ requests: Storage }),
    dataSource: z.optional(z.object({ kind: z.string(), name: z.string() })),
  }),
});
export type Claim = z.infer<typeof Claim>;
const Volume = z.object({
  metadata: z.object({
    name: z.string(),
    annotations: z.optional(z.record(z.string(), z.string())),
  }),
  spec: z.object({ capacity: Storage }),
  status: z.optional(z.object({ phase: z.optional(z.string()) })),
});
export type Volume = z.infer<typeof Volume>;
const Class = z.object({ metadata: z.object({ name: z.string() }), provisioner: z.string() });

interface VolumesOptions {
  readonly api: KubernetesApi;
  /** On the machine: what the node calls /var/lib/volumes. */
  readonly folder: string;
  readonly log: (message: string) => void;
}

export function startVolumes({ api, folder, log }: VolumesOptions): Loop {
  const list = async <S extends z.ZodMiniType>(path: string, schema: S) =>
    (await api.get(path, z.object({ items: z.array(schema) }))).items;
  return repeat(
    1000,
    async () => {
      const classes = await list('/apis/storage.k8s.io/v1/storageclasses', Class);
      const ours = classes.filter(({ provisioner }) => provisioner === driver);
      const claims = await list('/api/v1/persistentvolumeclaims', Claim);
      const names = ours.map(({ metadata }) => metadata.name);
      const work = workOf(claims, await list('/api/v1/persistentvolumes', Volume), names);
      for (const claim of work.make) {
        const { metadata, ...rest } = volumeFor(claim);
        const handle = await sourceOf(api, claim);
        if (handle === 'not yet') continue;
        // Its pod's group owns it, by the kubelet.
        mkdirSync(join(folder, metadata.name), { recursive: true });
        if (handle !== undefined) restore(folder, handle, metadata.name);
        await api.apply(`/api/v1/persistentvolumes/${metadata.name}`, { ...rest, metadata });
        log(`${claim.metadata.namespace}/${claim.metadata.name} has volume ${metadata.name}`);
      }
      for (const { name, storage } of work.grow) {
        await api.patch(`/api/v1/persistentvolumes/${name}`, { spec: { capacity: { storage } } });
        log(`volume ${name} has ${storage}`);
      }
      for (const name of work.remove) {
        await api.remove(`/api/v1/persistentvolumes/${name}`);
        rmSync(join(folder, name), { recursive: true, force: true });
        log(`volume ${name} is gone`);
      }
    },
    log,
  );
}

const snapshots = '/apis/snapshot.storage.k8s.io/v1';
const Restorable = z.object({ status: z.object({ snapshotHandle: z.string(), restoreSize: z.number() }) });

/** As the provisioner does: a snapshot is waited for until it can be used, and none is restored to less than it had. */
async function sourceOf(api: KubernetesApi, { metadata, spec }: Claim): Promise<string | undefined> {
  if (spec.dataSource === undefined) return undefined;
  const of = `${snapshots}/namespaces/${metadata.namespace}/volumesnapshots`;
  const found = await api.get(of, z.object({ items: z.array(Snapshot) }));
  const its = found.items.find((each) => each.metadata.name === spec.dataSource?.name);
  const { readyToUse, boundVolumeSnapshotContentName: name } = its?.status ?? {};
  if (readyToUse !== true || name === undefined) return 'not yet';
  const content = await api.get(`${snapshots}/volumesnapshotcontents/${name}`, Restorable);
  const { snapshotHandle, restoreSize } = content.status;
  if (parseQuantity(spec.resources.requests.storage) < restoreSize)
    throw new Error(`${metadata.namespace}/${metadata.name} asks for less than its snapshot has`);
  return snapshotHandle;
}

const nameFor = ({ metadata }: Claim): string => `pvc-${metadata.uid}`;
const nodeOf = ({ metadata }: Claim): string | undefined =>
  metadata.annotations?.['volume.kubernetes.io/selected-node'];

/** A claim waits for its first pod's node; a volume is nobody's when its claim is gone. */
export function workOf(
  claims: readonly Claim[],
  volumes: readonly Volume[],
  classes: readonly string[],
): { make: Claim[]; grow: { name: string; storage: string }[]; remove: string[] } {
  const own = claims.filter(({ spec }) => classes.includes(spec.storageClassName ?? ''));
  const made = volumes.filter(
    ({ metadata }) => metadata.annotations?.['pv.kubernetes.io/provisioned-by'] === driver,
  );
  const make = own.filter(
    (claim) =>
      claim.spec.volumeName === undefined &&
      nodeOf(claim) !== undefined &&
      !made.some(({ metadata }) => metadata.name === nameFor(claim)),
  );
  const grow = own.flatMap(({ spec }) => {
    const volume = made.find(({ metadata }) => metadata.name === spec.volumeName);
    const { storage } = spec.resources.requests;
    const isSmall = volume && parseQuantity(volume.spec.capacity.storage) < parseQuantity(storage);
    return isSmall ? [{ name: volume.metadata.name, storage }] : [];
  });
  const released = made.filter(({ status }) => status?.phase === 'Released');
  return { make, grow, remove: released.map(({ metadata }) => metadata.name) };
}

function volumeFor(claim: Claim) {
  const { namespace, name, uid } = claim.metadata;
  const { storageClassName, accessModes, resources } = claim.spec;
  const volume = nameFor(claim);
  const onNode = { key: 'kubernetes.io/hostname', operator: 'In', values: [nodeOf(claim)] };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: volume, annotations: { 'pv.kubernetes.io/provisioned-by': driver } },
    spec: {
      capacity: resources.requests,
      accessModes,
      storageClassName,
      persistentVolumeReclaimPolicy: 'Delete',
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
      local: { path: `${folderOfNode}/${volume}` },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [onNode] }] } },
    },
  };
}
