/** The calls that a data job's slots make of their cluster. */
import { Retryable } from '#core/errors.ts';
import { type JobCluster, SlotJob, SlotPod, type SlotsSight } from '#core/jobs/slot-sight.ts';
import { fieldManager, type KubernetesObject } from '#core/labels.ts';
import * as z from '#core/zod.ts';
import { type ApiOptions, KubernetesApi } from './api.ts';
import { KubernetesClient } from './client.ts';
import { collectionPath, jobKind, pathOf, podKind } from './kinds.ts';

const Home = z.object({ metadata: z.object({ deletionTimestamp: z.optional(z.string()) }) });
const ListMeta = z._default(z.object({ continue: z.optional(z.string()) }), {});
const Jobs = z.object({ metadata: ListMeta, items: z.array(SlotJob) });
const Pods = z.object({ metadata: ListMeta, items: z.array(SlotPod) });
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
    if (!home) return { namespace: 'gone', jobs: [], pods: [] };
    const namespace = home.metadata.deletionTimestamp === undefined ? 'there' : 'leaving';
    // Pods last: of a Job that has ended they tell why, and of what was seen before its end they would not.
    const jobs = await this.#all(collectionPath(jobKind, job), Jobs, ({ items }) => items);
    const pods = await this.#all(collectionPath(podKind, job), Pods, ({ items }) => items);
    return { namespace, jobs, pods };
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
