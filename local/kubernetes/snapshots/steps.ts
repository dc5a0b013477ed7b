/** What is to be done for snapshots, of what there is: one step on the way of each, so that the next turn sees what became of it. */
import * as z from '#core/zod.ts';
import { handleOf } from './handle.ts';

const group = '/apis/snapshot.storage.k8s.io/v1';
const domain = 'snapshot.storage.kubernetes.io';
export const contentFinalizer = `${domain}/volumesnapshotcontent-bound-protection`;
export const snapshotFinalizer = `${domain}/volumesnapshot-bound-protection`;
const beingDeleted = `${domain}/volumesnapshot-being-deleted`;

const metadata = {
  name: z.string(),
  uid: z.string(),
  deletionTimestamp: z.optional(z.string()),
  finalizers: z._default(z.array(z.string()), []),
  annotations: z.optional(z.record(z.string(), z.string())),
};
export const Snapshot = z.object({
  metadata: z.object({ ...metadata, namespace: z.string() }),
  spec: z.object({
    volumeSnapshotClassName: z.optional(z.string()),
    source: z.object({
      persistentVolumeClaimName: z.optional(z.string()),
      volumeSnapshotContentName: z.optional(z.string()),
    }),
  }),
  status: z.optional(
    z.object({
      readyToUse: z.optional(z.boolean()),
      boundVolumeSnapshotContentName: z.optional(z.string()),
      error: z.optional(z.object({ message: z.optional(z.string()) })),
    }),
  ),
});
export type Snapshot = z.infer<typeof Snapshot>;
export const Content = z.object({
  metadata: z.object(metadata),
  spec: z.object({
    deletionPolicy: z.enum(['Retain', 'Delete']),
    driver: z.string(),
    source: z.object({ volumeHandle: z.optional(z.string()), snapshotHandle: z.optional(z.string()) }),
    volumeSnapshotRef: z.object({ namespace: z.string(), name: z.string(), uid: z.optional(z.string()) }),
  }),
  status: z.optional(
    z.object({
      readyToUse: z.optional(z.boolean()),
      snapshotHandle: z.optional(z.string()),
      restoreSize: z.optional(z.number()),
      error: z.optional(z.object({ message: z.optional(z.string()) })),
    }),
  ),
});
export type Content = z.infer<typeof Content>;

/** A claim that has one. */
export interface Volume {
  readonly namespace: string;
  readonly name: string;
  readonly volume: string;
  readonly bytes: number;
}

interface Sight {
  readonly snapshots: readonly Snapshot[];
  readonly contents: readonly Content[];
  readonly volumes: readonly Volume[];
  readonly driver: string;
  /** Undefined where there is no such snapshot. */
  readonly sizeOf: (handle: string) => number | undefined;
}

export type Step = { readonly says: string } & (
  | { readonly step: 'make'; readonly path: string; readonly object: object }
  | { readonly step: 'patch'; readonly path: string; readonly body: object }
  | { readonly step: 'remove'; readonly path: string }
  | { readonly step: 'copy'; readonly volume: string; readonly handle: string; readonly bytes: number }
  | { readonly step: 'delete-copy'; readonly handle: string }
);

const contentPath = (name: string): string => `${group}/volumesnapshotcontents/${name}`;
const snapshotPath = ({ metadata: { namespace, name } }: Snapshot): string =>
  `${group}/namespaces/${namespace}/volumesnapshots/${name}`;

export const stepsOf = (sight: Sight): Step[] => [
  ...sight.snapshots.flatMap((snapshot) => stepsOfSnapshot(snapshot, sight)),
  ...sight.contents
    .filter(({ spec }) => spec.driver === sight.driver)
    .flatMap((content) => stepsOfContent(content, sight)),
];

const contentNameOf = ({ metadata: { uid }, spec: { source } }: Snapshot): string =>
  source.volumeSnapshotContentName ?? `snapcontent-${uid}`;

function stepsOfSnapshot(snapshot: Snapshot, { contents, volumes, driver }: Sight): Step[] {
  const path = snapshotPath(snapshot);
  const { metadata, spec, status } = snapshot;
  const name = contentNameOf(snapshot);
  const content = contents.find((each) => each.metadata.name === name);
  const patch = (body: object, says: string): Step[] => [{ step: 'patch', path, body, says }];
  if (metadata.deletionTimestamp !== undefined) return endOf(snapshot, content, path);
  if (!metadata.finalizers.includes(snapshotFinalizer))
    return patch(
      { metadata: { finalizers: [...metadata.finalizers, snapshotFinalizer] } },
      `${path} is protected`,
    );
  if (!content) {
    const { persistentVolumeClaimName: claim } = spec.source;
    const known = volumes.find((volume) => volume.namespace === metadata.namespace && volume.name === claim);
    // Its claim has no volume yet, or what was there before is not made yet.
    return known ? [makeContent(snapshot, name, known, driver)] : [];
  }
  const { volumeSnapshotRef: ref } = content.spec;
  const isIts = ref.namespace === metadata.namespace && ref.name === metadata.name;
  if (!isIts) {
    const message = `VolumeSnapshotContent ${name} is bound to a different snapshot`;
    if (status?.error?.message === message) return [];
    const body = { status: { readyToUse: false, error: { message } } };
    return [{ step: 'patch', path: `${path}/status`, body, says: `${path}: ${message}` }];
  }
  if (ref.uid === undefined) {
    const body = { spec: { volumeSnapshotRef: { uid: metadata.uid } } };
    return [{ step: 'patch', path: contentPath(name), body, says: `${path} is bound to ${name}` }];
  }
  const { readyToUse = false, restoreSize, error } = content.status ?? {};
  const isTold =
    status?.boundVolumeSnapshotContentName === name &&
    status.readyToUse === readyToUse &&
    status.error?.message === error?.message;
  if (isTold) return [];
  const body = {
    status: {
      boundVolumeSnapshotContentName: name,
      readyToUse,
      ...(restoreSize === undefined ? {} : { restoreSize: String(restoreSize) }),
      ...(error === undefined ? {} : { error }),
    },
  };
  return [{ step: 'patch', path: `${path}/status`, body, says: `${path} can be used: ${readyToUse}` }];
}

function makeContent(snapshot: Snapshot, name: string, { volume }: Volume, driver: string): Step {
  const { metadata, spec } = snapshot;
  const object = {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotContent',
    metadata: { name },
    spec: {
      // Its class retains: startSnapshots makes that one alone.
      deletionPolicy: 'Retain',
      driver,
      source: { volumeHandle: volume },
      sourceVolumeMode: 'Filesystem',
      volumeSnapshotClassName: spec.volumeSnapshotClassName,
      volumeSnapshotRef: {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshot',
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
      },
    },
  };
  return {
    step: 'make',
    path: contentPath(name),
    object,
    says: `${snapshotPath(snapshot)} is taken as ${name}`,
  };
}

/** Whatever the policy: that the snapshot goes is said to the content first. It stays until what goes with it is gone. */
function endOf({ metadata }: Snapshot, content: Content | undefined, path: string): Step[] {
  if (!metadata.finalizers.includes(snapshotFinalizer)) return [];
  const isIts = content?.spec.volumeSnapshotRef.uid === metadata.uid;
  if (content && isIts && content.metadata.annotations?.[beingDeleted] === undefined) {
    const body = { metadata: { annotations: { [beingDeleted]: 'yes' } } };
    return [{ step: 'patch', path: contentPath(content.metadata.name), body, says: `${path} goes` }];
  }
  if (content && isIts && content.spec.deletionPolicy === 'Delete')
    return content.metadata.deletionTimestamp === undefined
      ? [
          {
            step: 'remove',
            path: contentPath(content.metadata.name),
            says: `${path} takes its content along`,
          },
        ]
      : [];
  const finalizers = metadata.finalizers.filter((each) => each !== snapshotFinalizer);
  return [{ step: 'patch', path, body: { metadata: { finalizers } }, says: `${path} is gone` }];
}

function stepsOfContent(content: Content, { volumes, sizeOf, snapshots }: Sight): Step[] {
  const { metadata, spec, status } = content;
  const path = contentPath(metadata.name);
  if (metadata.deletionTimestamp !== undefined) return endOfContent(content, snapshots);
  const { uid } = spec.volumeSnapshotRef;
  if (uid !== undefined && !metadata.finalizers.includes(contentFinalizer)) {
    const body = { metadata: { finalizers: [...metadata.finalizers, contentFinalizer] } };
    return [{ step: 'patch', path, body, says: `${path} is protected` }];
  }
  if (status?.readyToUse === true) return [];
  const handle = spec.source.snapshotHandle ?? handleOf(metadata.uid);
  const bytes = sizeOf(handle);
  if (bytes !== undefined) {
    const body = {
      status: {
        snapshotHandle: handle,
        readyToUse: true,
        restoreSize: bytes,
      },
    };
    return [{ step: 'patch', path: `${path}/status`, body, says: `${path} is ready as ${handle}` }];
  }
  const source = volumes.find(({ volume }) => volume === spec.source.volumeHandle);
  if (source) {
    const { volume } = source;
    return [{ step: 'copy', volume, handle, bytes: source.bytes, says: `${volume} is copied to ${handle}` }];
  }
  const message = `Failed to check and update snapshot content: ${handle} is not there`;
  if (status?.error?.message === message) return [];
  const body = { status: { readyToUse: false, error: { message } } };
  return [{ step: 'patch', path: `${path}/status`, body, says: `${path}: ${message}` }];
}

/** It waits for its snapshot, as external-snapshotter's does, and leaves alone what its policy retains. */
function endOfContent({ metadata, spec, status }: Content, snapshots: readonly Snapshot[]): Step[] {
  const path = contentPath(metadata.name);
  if (!metadata.finalizers.includes(contentFinalizer)) return [];
  const isLetGo =
    metadata.annotations?.[beingDeleted] !== undefined ||
    !snapshots.some(({ metadata: { uid } }) => uid === spec.volumeSnapshotRef.uid);
  if (!isLetGo) return [];
  const finalizers = metadata.finalizers.filter((each) => each !== contentFinalizer);
  const last: Step = { step: 'patch', path, body: { metadata: { finalizers } }, says: `${path} is gone` };
  const handle = status?.snapshotHandle;
  if (spec.deletionPolicy !== 'Delete' || handle === undefined) return [last];
  return [{ step: 'delete-copy', handle, says: `${handle} is deleted` }, last];
}
