/** The calls that the deployer makes of a cluster. */
import { LiveObject } from '#core/drift.ts';
import { parse, Retryable } from '#core/errors.ts';
import { resizeManager } from '#core/labels.ts';
import { Snapshot, SnapshotClass, SnapshotContent, type SnapshotSight } from '#core/last-snapshot.ts';
import { type EnvironmentKey, namespaceOf } from '#core/names.ts';
import type { ClusterClient, ClusterSight } from '#core/ports.ts';
import type { ResizeSight, Size } from '#core/resize.ts';
import { appName, fieldManager, type KubernetesObject } from '#core/rollout.ts';
import { Autoscaler, Deployment, Pod, Service, Warned } from '#core/sight.ts';
import * as z from '#core/zod.ts';
import { type ApiOptions, KubernetesApi } from './api.ts';
import {
  collectionPath,
  environmentKinds,
  pathOf,
  replicaSetKind,
  snapshotClassKind,
  snapshotContentKind,
  snapshotKind,
} from './kinds.ts';

/** Of a list, whose items leave out what they are. */
const Items = z.object({
  items: z.array(z.looseObject({ metadata: LiveObject.shape.metadata })),
});
const Pods = z.object({ items: z.array(Pod) });
const anything = z.unknown();

type Removable = Pick<LiveObject, 'apiVersion' | 'kind'> & {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly uid?: string | undefined;
  };
};

/** What an object lives in comes before it, and what bounds or is named by others before those. */
const waves = [0, 1, 2];
const before = [
  'ResourceQuota',
  'LimitRange',
  'NetworkPolicy',
  'ClusterRole',
  'ServiceAccount',
  'PriorityClass',
  'ValidatingAdmissionPolicy',
];
const waveOf = (kind: string): number => (kind === 'Namespace' ? 0 : before.includes(kind) ? 1 : 2);

export class KubernetesClient implements ClusterClient {
  readonly #api: KubernetesApi;

  constructor(options: ApiOptions) {
    this.#api = new KubernetesApi(options);
  }

  /** By force: every field that is in an object of ours is ours, and no other is in it. */
  async apply(objects: readonly KubernetesObject[]): Promise<void> {
    for (const wave of waves)
      await together(
        objects.filter(({ kind }) => waveOf(kind) === wave).map((object) => this.#apply(object)),
      );
  }

  async #apply(object: KubernetesObject): Promise<void> {
    const path = `${pathOf(object)}?fieldManager=${fieldManager}&force=true`;
    const what = `apply ${object.kind} ${object.metadata.name}`;
    await this.#api.call({ method: 'PATCH', path, body: object, what }, anything);
  }

  /** @returns whether it was made: not where one of its name is there, which stays as it is. */
  async create(object: KubernetesObject): Promise<boolean> {
    const path = pathOf(object).replace(/\/[^/]+$/, '');
    const what = `make ${object.kind} ${object.metadata.name}`;
    const query = `?fieldManager=${fieldManager}`;
    const made = await this.#api.call(
      { method: 'POST', path: `${path}${query}`, body: object, what },
      anything,
    );
    return made !== undefined;
  }

  /** The address within the cluster of a Service that is there. */
  async serviceAddress(namespace: string, name: string): Promise<string> {
    const Addressed = z.object({ spec: z.object({ clusterIP: z.string().check(z.minLength(2)) }) });
    const service = await this.#get(`/api/v1/namespaces/${namespace}/services/${name}`, Addressed);
    if (!service) throw new Retryable(`Service ${namespace}/${name} is not there yet.`);
    return service.spec.clusterIP;
  }

  /** In the order given. With a uid, only the very object that was seen; what is not there is gone already. */
  async remove(objects: readonly Removable[]): Promise<void> {
    for (const object of objects) {
      const { uid } = object.metadata;
      const body = {
        propagationPolicy: 'Background',
        ...(uid === undefined ? {} : { preconditions: { uid } }),
      };
      const what = `remove ${object.kind} ${object.metadata.name}`;
      await this.#api.call({ method: 'DELETE', path: pathOf(object), body, what }, anything);
    }
  }

  async look(key: EnvironmentKey): Promise<ClusterSight> {
    const namespace = namespaceOf(key);
    const list = listOf(namespace);
    const [home, pods, ...lists] = await together([
      this.#get(`/api/v1/namespaces/${namespace}`, z.looseObject({ metadata: LiveObject.shape.metadata })),
      this.#get(`/api/v1/namespaces/${namespace}/pods${list}`, Pods),
      ...environmentKinds.map(async (kind) => {
        const found = await this.#get(`${collectionPath(kind, namespace)}${list}`, Items);
        return (found?.items ?? []).map((item) => ({
          ...item,
          apiVersion: kind.apiVersion,
          kind: kind.kind,
        }));
      }),
    ]);
    const objects = lists.flat();
    const ours = (kind: string) =>
      objects.find((object) => object.kind === kind && object.metadata.name === appName);
    const service = read(Service, ours('Service'));
    return {
      deployment: read(Deployment, ours('Deployment')),
      service,
      ...(isWithoutAddress(service) && { warnings: await this.#warnings(namespace) }),
      autoscaler: read(Autoscaler, ours('HorizontalPodAutoscaler')),
      pods: pods?.items ?? [],
      objects: home ? [{ ...home, apiVersion: 'v1', kind: 'Namespace' }, ...objects] : objects,
    };
  }

  /** Of its Service. Source: Kubernetes documentation, "Field Selectors": an Event can be asked for by these. */
  async #warnings(namespace: string): Promise<readonly Warned[]> {
    const fields = `involvedObject.kind=Service,involvedObject.name=${appName},type=Warning`;
    const path = `/api/v1/namespaces/${namespace}/events?fieldSelector=${encodeURIComponent(fields)}&limit=${mostWarnings}`;
    return (await this.#get(path, z.object({ items: z.array(Warned) })))?.items ?? [];
  }

  /** Source: Kubernetes documentation, "Resize CPU and Memory Resources assigned to Containers". */
  async resizeSight(key: EnvironmentKey): Promise<ResizeSight> {
    const namespace = namespaceOf(key);
    const [core, sets] = await together([
      this.#get('/api/v1', z.object({ resources: z.array(z.object({ name: z.string() })) })),
      this.#get(`${collectionPath(replicaSetKind, namespace)}${listOf(namespace)}`, Items),
    ]);
    const { apiVersion, kind } = replicaSetKind;
    return {
      offered: core?.resources.some(({ name }) => name === 'pods/resize') ?? false,
      replicaSets: (sets?.items ?? []).map((item) => ({ ...item, apiVersion, kind })),
    };
  }

  /** 403 is the scheduler's word as well: the node has not so much. */
  async resize(key: EnvironmentKey, pod: string, resources: Size): Promise<void> {
    const namespace = namespaceOf(key);
    const metadata = { name: pod, namespace };
    const body = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: { containers: [{ name: appName, resources }] },
    };
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}/resize?fieldManager=${fieldManager}&force=true`;
    await this.#api.call({ method: 'PATCH', path, body, what: `resize Pod ${pod}`, final: [403] }, anything);
  }

  /** By a manager of its own: what it applies no more goes, and nothing else. */
  async hold(key: EnvironmentKey, is: boolean): Promise<void> {
    const metadata = { name: appName, namespace: namespaceOf(key) };
    const bare = { apiVersion: 'apps/v1', kind: 'Deployment', metadata };
    const path = `${pathOf(bare)}?fieldManager=${resizeManager}&force=true`;
    const body = is ? { ...bare, spec: { paused: true } } : bare;
    await this.#api.call(
      { method: 'PATCH', path, body, what: `${is ? 'hold' : 'let go'} Deployment` },
      anything,
    );
  }

  /** Where the cluster serves none, both are 404. */
  async snapshots(key: EnvironmentKey, snapshotClass: string): Promise<SnapshotSight> {
    const { apiVersion, kind } = snapshotClassKind;
    const [found, list] = await together([
      this.#get(pathOf({ apiVersion, kind, metadata: { name: snapshotClass } }), SnapshotClass),
      this.#get(collectionPath(snapshotKind, namespaceOf(key)), z.object({ items: z.array(Snapshot) })),
    ]);
    return { class: found, snapshots: list?.items ?? [] };
  }

  async snapshotContent(name: string): Promise<SnapshotContent | undefined> {
    return this.#get(pathOf({ ...contentKind, metadata: { name } }), SnapshotContent);
  }

  /**
   * Its policy decides what becomes of the snapshot when the object goes, and was to retain. By its uid: where it is gone meanwhile
   * nothing is made. Source: external-snapshotter, pkg/sidecar-controller, syncContent.
   */
  async dropSnapshot(content: SnapshotContent): Promise<void> {
    const { name, uid } = content.metadata;
    const body = { ...contentKind, metadata: { name, uid }, spec: { deletionPolicy: 'Delete' } };
    const path = `${pathOf(body)}?fieldManager=${fieldManager}&force=true`;
    const what = `delete the snapshot of VolumeSnapshotContent ${name}`;
    await this.#api.call({ method: 'PATCH', path, body, what }, anything);
    await this.forgetSnapshot(content);
  }

  forgetSnapshot({ metadata: { name, uid } }: SnapshotContent): Promise<void> {
    return this.remove([{ ...contentKind, metadata: { name, uid } }]);
  }

  #get<S extends z.ZodMiniType>(path: string, schema: S): Promise<z.infer<S> | undefined> {
    return this.#api.call({ method: 'GET', path, what: `read ${path}` }, schema);
  }
}

/** Of one reason and message there is one, with a count. */
const mostWarnings = 50;
const isWithoutAddress = (service: z.infer<typeof Service> | undefined): boolean =>
  service !== undefined && (service.status.loadBalancer?.ingress ?? []).length === 0;
const contentKind = { apiVersion: snapshotContentKind.apiVersion, kind: snapshotContentKind.kind };

const listOf = (namespace: string): string =>
  `?labelSelector=${encodeURIComponent(`app.kubernetes.io/instance=${namespace}`)}`;

const read = <S extends z.ZodMiniType>(schema: S, object: LiveObject | undefined): z.infer<S> | undefined =>
  object && parse(schema, object, `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`);

/** Side by side; when one fails, it is told after the others have ended: no request outlives its call. */
async function together<T extends readonly unknown[] | []>(work: T) {
  await Promise.allSettled(work);
  return Promise.all(work);
}
