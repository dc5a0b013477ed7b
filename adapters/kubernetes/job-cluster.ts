/** The calls that a data job's slots make of their cluster. */
import { Retryable } from '#core/errors.ts';
import { type JobCluster, PodUsage, SlotJob, SlotPod, type SlotsSight } from '#core/jobs/slot-sight.ts';
import { fieldManager, type KubernetesObject } from '#core/labels.ts';
import { amountOf } from '#core/quantity.ts';
import * as z from '#core/zod.ts';
import { type ApiOptions, KubernetesApi } from './api.ts';
import { KubernetesClient } from './client.ts';
import { collectionPath, jobKind, pathOf, podKind } from './kinds.ts';

const Home = z.object({ metadata: z.object({ deletionTimestamp: z.optional(z.string()) }) });
const ListMeta = z._default(z.object({ continue: z.optional(z.string()) }), {});
const Jobs = z.object({ metadata: ListMeta, items: z.array(SlotJob) });
const Pods = z.object({ metadata: ListMeta, items: z.array(SlotPod) });
const Usage = z.object({ items: z.array(PodUsage) });
/** A page of pods is some 2 MB. */
const perPage = 250;

export class KubernetesJobCluster implements JobCluster {
  readonly #api: KubernetesApi;
  readonly #client: KubernetesClient;

  constructor(options: ApiOptions) {
    this.#api = new KubernetesApi(options);
    this.#client = new KubernetesClient(options);
  }

  async sight(job: string): Promise<SlotsSight> {
    const home = await this.#api.call(
      { method: 'GET', path: pathOf(namespaceOf(job)), what: `read Namespace ${job}` },
      Home,
    );
    if (!home) return { namespace: 'gone', jobs: [], pods: [], memory: {} };
    const namespace = home.metadata.deletionTimestamp === undefined ? 'there' : 'leaving';
    // Pods last: of a Job that has ended they tell why, and of what was seen before its end they would not.
    const jobs = await this.#all(collectionPath(jobKind, job), Jobs, ({ items }) => items);
    const pods = await this.#all(collectionPath(podKind, job), Pods, ({ items }) => items);
    return { namespace, jobs, pods, memory: pods.length === 0 ? {} : await this.#memory(job) };
  }

  /** What the cluster measured. One without a metrics server, or with one that is away, is kept as it is without. */
  async #memory(job: string): Promise<SlotsSight['memory']> {
    const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${job}/pods`;
    const ask = { method: 'GET', path, what: `read what pods of ${job} use`, done: [403, 503] } as const;
    const usage = await this.#api.call(ask, Usage);
    return Object.fromEntries(
      (usage?.items ?? []).map(({ metadata, containers }) => [
        metadata.name,
        containers.reduce((sum, { usage: { memory } }) => sum + amountOf(memory), 0),
      ]),
    );
  }

  apply(objects: readonly KubernetesObject[]): Promise<void> {
    return this.#client.apply(objects);
  }

  /** 403 is the word of an admission policy, and of a quota that its pods do not fit. */
  async create(object: KubernetesObject): Promise<void> {
    const path = `${pathOf(object).replace(/\/[^/]+$/, '')}?fieldManager=${fieldManager}`;
    const what = `make ${object.kind} ${object.metadata.name}`;
    await this.#api.call({ method: 'POST', path, body: object, what, final: [403] }, z.unknown());
  }

  async end({ metadata: { name, namespace, uid } }: SlotJob): Promise<void> {
    const { apiVersion, kind } = jobKind;
    const body = { propagationPolicy: 'Background', preconditions: { uid } };
    const path = pathOf({ apiVersion, kind, metadata: { name, namespace } });
    await this.#api.call({ method: 'DELETE', path, body, what: `end Job ${name}`, done: [409] }, z.unknown());
  }

  remove(job: string): Promise<void> {
    return this.#client.remove([namespaceOf(job)]);
  }

  /** Page by page. @throws Retryable where pages grew so old that the cluster forgot them (410). */
  async #all<S extends z.ZodMiniType<{ metadata: { continue?: string | undefined } }>, T>(
    path: string,
    schema: S,
    itemsOf: (page: z.infer<S>) => readonly T[],
  ): Promise<T[]> {
    const found: T[] = [];
    let from = '';
    do {
      const query = `?limit=${perPage}${from && `&continue=${encodeURIComponent(from)}`}`;
      const page = await this.#api.call(
        { method: 'GET', path: `${path}${query}`, what: `read ${path}` },
        schema,
      );
      if (!page) throw new Retryable(`The cluster knows no ${path}.`);
      found.push(...itemsOf(page));
      from = page.metadata.continue ?? '';
    } while (from !== '');
    return found;
  }
}

const namespaceOf = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
