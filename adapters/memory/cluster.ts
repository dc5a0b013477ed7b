/**
 * A cluster in memory: it keeps what is applied and what others change beside it; what its controllers and kubelets
 * would do, a test says.
 */
import { LiveObject, objectId } from '#core/drift.ts';
import { Conflict, Rejected } from '#core/errors.ts';
import { Snapshot, type SnapshotContent, type SnapshotSight } from '#core/last-snapshot.ts';
import { type EnvironmentKey, type Instant, namespaceOf } from '#core/names.ts';
import type { ClusterClient, ClusterSight } from '#core/ports.ts';
import { isHeld, type ResizeSight, type Size, sizeOf } from '#core/resize.ts';
import { appName, type KubernetesObject } from '#core/rollout.ts';
import { isSame } from '#core/same.ts';
import { Autoscaler, type Warned } from '#core/sight.ts';
import { workspaceName } from '#core/workspace.ts';
import * as z from '#core/zod.ts';
import {
  deploymentOf,
  isStopped,
  managersOf,
  type Namespace,
  phaseOf,
  pod,
  serviceOf,
  sizedAs,
} from './cluster-objects.ts';
import { mergeApplied } from './server-side-apply.ts';
import { MemorySnapshotContents } from './snapshot-contents.ts';

export class MemoryCluster implements ClusterClient {
  readonly #namespaces = new Map<string, Namespace>();
  readonly snapshotContents = new MemorySnapshotContents();
  #made = 0;
  /** How often anything was applied. */
  applies = 0;
  /** Undefined: it serves no snapshots. */
  snapshotClass: SnapshotSight['class'];
  /** Called before an object is taken: a test throws here for what the cluster refuses. */
  before: (object: KubernetesObject) => void = () => undefined;
  /** The same, of what is to be removed. */
  beforeRemoval: (object: LiveObject) => void = () => undefined;

  async apply(objects: readonly KubernetesObject[]): Promise<void> {
    if (objects.length > 0) this.applies++;
    for (const object of objects) {
      this.before(object);
      const { kind, metadata } = object;
      if (kind === 'Namespace') this.#make(metadata.name);
      if (kind === 'VolumeSnapshotContent') {
        this.snapshotContents.put(object, `uid-${++this.#made}`);
        continue;
      }
      const namespace = this.#namespaces.get(metadata.namespace ?? metadata.name);
      if (!namespace) throw new Rejected(`namespaces "${metadata.namespace}" not found`);
      this.#put(namespace, object);
    }
  }

  async create(object: KubernetesObject): Promise<boolean> {
    this.before(object);
    const { metadata } = object;
    const namespace = this.#namespaces.get(metadata.namespace ?? metadata.name);
    if (!namespace) throw new Rejected(`namespaces "${metadata.namespace}" not found`);
    if (namespace.objects.has(objectId(object))) return false;
    this.#put(namespace, object);
    return true;
  }

  async remove(objects: readonly LiveObject[]): Promise<void> {
    for (const object of objects) {
      this.beforeRemoval(object);
      const { kind, metadata } = object;
      const isHome = kind === 'Namespace';
      const namespace = this.#namespaces.get(isHome ? metadata.name : (metadata.namespace ?? ''));
      const id = objectId({ kind, metadata });
      const known = namespace?.objects.get(id);
      if (known && known.metadata.uid !== metadata.uid) throw new Conflict(`${id} was made anew since.`);
      // With its namespace goes all that is in it.
      if (isHome) this.#namespaces.delete(metadata.name);
      else namespace?.objects.delete(id);
    }
  }

  async look(key: EnvironmentKey): Promise<ClusterSight> {
    const namespace = this.#namespaces.get(namespaceOf(key));
    const objects = [...(namespace?.objects.values() ?? [])].filter(
      ({ kind, metadata }) =>
        kind === 'Namespace' || metadata.labels?.['app.kubernetes.io/instance'] === namespaceOf(key),
    );
    const ours = (kind: string) => objects.find((object) => objectId(object) === `${kind} ${appName}`);
    const autoscaler = ours('HorizontalPodAutoscaler');
    return {
      deployment: namespace && deploymentOf(namespace, ours('Deployment')),
      service: namespace && serviceOf(namespace, ours('Service')),
      ...(namespace?.address === undefined && { warnings: namespace?.warnings ?? [] }),
      autoscaler: autoscaler && Autoscaler.parse(autoscaler),
      pods: namespace?.pods ?? [],
      objects,
    };
  }

  async snapshots(key: EnvironmentKey): Promise<SnapshotSight> {
    const found = [...(this.#namespaces.get(namespaceOf(key))?.objects.values() ?? [])];
    const snapshots = found.filter(({ kind }) => kind === 'VolumeSnapshot');
    return { class: this.snapshotClass, snapshots: snapshots.map((object) => Snapshot.parse(object)) };
  }

  async snapshotContent(name: string): Promise<SnapshotContent | undefined> {
    return this.snapshotContents.read(name);
  }

  async dropSnapshot(content: SnapshotContent): Promise<void> {
    this.snapshotContents.drop(content);
  }

  async forgetSnapshot(content: SnapshotContent): Promise<void> {
    this.snapshotContents.forget(content);
  }

  /** The driver has made what was asked for, or a test says that there is one. @param named where there is more than one. */
  snapshotTaken(key: EnvironmentKey, driver: string, handle: string, named?: string): void {
    const found = this.#of(key).objects;
    const isIt = ({ kind, metadata }: LiveObject) =>
      kind === 'VolumeSnapshot' && (named === undefined || metadata.name === named);
    const snapshot = [...found.values()].find(isIt);
    if (!snapshot) throw new Error(`there is no snapshot in ${namespaceOf(key)}`);
    const name = `snapcontent-${handle}`;
    const status = { readyToUse: true, boundVolumeSnapshotContentName: name };
    this.edit(key, 'VolumeSnapshot', (object) => ({ ...object, status }), snapshot.metadata.name);
    const { apiVersion } = snapshot;
    const spec = { driver, volumeSnapshotRef: { namespace: namespaceOf(key) } };
    const made = { apiVersion, kind: 'VolumeSnapshotContent', metadata: { name, labels: {} }, spec };
    const taken = { snapshotHandle: handle, restoreSize: 4 * 1024 ** 3 };
    this.snapshotContents.put({ ...made, status: taken }, `uid-${++this.#made}`);
  }

  /** A test says whether pods are resized, and what the cluster says against it. */
  resizes = false;
  refusesResize: string | undefined;

  async resizeSight(key: EnvironmentKey): Promise<ResizeSight> {
    const set = this.#namespaces.get(namespaceOf(key))?.objects.get(`ReplicaSet ${appName}-1`);
    return { offered: this.resizes, replicaSets: set ? [set] : [] };
  }

  async resize(key: EnvironmentKey, _: string, size: Size): Promise<void> {
    if (this.refusesResize !== undefined) throw new Rejected(this.refusesResize);
    const namespace = this.#of(key);
    namespace.pods = namespace.pods.map((one) => sizedAs(one, size));
  }

  async hold(key: EnvironmentKey, is: boolean): Promise<void> {
    this.edit(key, 'Deployment', (object) => ({
      ...object,
      metadata: { ...object.metadata, managedFields: managersOf(is) },
    }));
  }

  /** Somebody else changes an object by hand, or makes one. */
  edit(key: EnvironmentKey, kind: string, change: (object: LiveObject) => unknown, name = appName): void {
    const { objects } = this.#of(key);
    const id = objectId({ kind, metadata: { name } });
    const known = objects.get(id);
    if (!known) throw new Error(`there is no ${id} in ${namespaceOf(key)}`);
    objects.set(id, LiveObject.parse(change(structuredClone(known))));
  }

  /** A controller says that it can't do what the Service asks for. */
  warn(key: EnvironmentKey, ...warnings: readonly Warned[]): void {
    this.#of(key).warnings = warnings;
  }

  /** Somebody deletes an object by hand. */
  delete(key: EnvironmentKey, kind: string, name = appName): void {
    this.#of(key).objects.delete(objectId({ kind, metadata: { name } }));
  }

  /** Something was applied for it, and pods are to be there. */
  isToRun(key: EnvironmentKey): boolean {
    const object = this.#namespaces.get(namespaceOf(key))?.objects.get(`Deployment ${appName}`);
    return object !== undefined && !isStopped(object);
  }

  /** The controllers have done their work: a Ready pod, and an address in front of it. */
  rollOut(key: EnvironmentKey, at: Instant, address: string): void {
    const namespace = this.#of(key);
    namespace.rolledOut = namespace.generation;
    const deployment = namespace.objects.get(`Deployment ${appName}`);
    namespace.pods = [sizedAs(pod(at), sizeOf(deployment))];
    const metadata = { name: `${appName}-1` };
    const { template } = z.looseObject({ template: z.unknown() }).parse(deployment?.['spec'] ?? {});
    const set = { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata, spec: { replicas: 1, template } };
    namespace.objects.set(objectId(set), LiveObject.parse(structuredClone(set)));
    namespace.address = address;
    const claim = namespace.objects.get(`PersistentVolumeClaim ${workspaceName}`);
    if (claim) claim['status'] = { phase: 'Bound' };
  }

  /** Its claim is bound: what is on it is worth keeping. */
  hasVolume(key: EnvironmentKey): boolean {
    const claim = this.#namespaces
      .get(namespaceOf(key))
      ?.objects.get(`PersistentVolumeClaim ${workspaceName}`);
    return isSame(claim?.['status'], { phase: 'Bound' });
  }

  /** The container exceeded its memory at `at`; until `restart` its pod is not Ready. */
  oomKill(key: EnvironmentKey, at: Instant): void {
    this.#of(key).pods = [pod(undefined, at)];
  }

  /** The killed container runs again since `at`; that it was killed stays to be seen. */
  restart(key: EnvironmentKey, at: Instant): void {
    const namespace = this.#of(key);
    const status = namespace.pods[0]?.status.containerStatuses?.[0];
    namespace.pods = [pod(at, status?.lastState?.terminated?.finishedAt ?? undefined)];
  }

  #make(name: string): void {
    if (this.#namespaces.has(name)) return;
    const empty = {
      objects: new Map(),
      generation: 0,
      rolledOut: 0,
      pods: [],
      address: undefined,
      warnings: [],
    };
    this.#namespaces.set(name, empty);
  }

  #put(namespace: Namespace, object: KubernetesObject): void {
    const id = objectId(object);
    const known = namespace.objects.get(id);
    const merged = LiveObject.parse(mergeApplied(known, object));
    merged.metadata.uid = known?.metadata.uid ?? `uid-${++this.#made}`;
    merged.metadata.managedFields = managersOf(isHeld({ live: known }));
    const changed = JSON.stringify(known?.['spec']) !== JSON.stringify(merged['spec']);
    if (object.kind === 'Deployment' && changed) {
      namespace.generation++;
      // What its ReplicaSet is already is no rollout.
      const set = namespace.objects.get(`ReplicaSet ${appName}-1`);
      if (set && isSame(sizeOf(set), sizeOf(merged)) && isHeld({ live: known })) namespace.rolledOut++;
    }
    if (object.kind === 'PersistentVolumeClaim')
      merged['status'] = known?.['status'] ?? { phase: phaseOf(object) };
    namespace.objects.set(id, merged);
    if (object.kind === 'Deployment' && isStopped(merged)) namespace.pods = [];
  }

  #of(key: EnvironmentKey): Namespace {
    const namespace = this.#namespaces.get(namespaceOf(key));
    if (!namespace) throw new Error(`nothing was applied in ${namespaceOf(key)}`);
    return namespace;
  }
}
