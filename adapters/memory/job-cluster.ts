/** The namespaces of data jobs in a cluster, in memory: what its controllers and kubelets would do, a test says. */
import { Rejected } from '#core/errors.ts';
import { type JobCluster, SlotJob, SlotPod, type SlotsSight } from '#core/jobs/slot-sight.ts';
import type { KubernetesObject } from '#core/labels.ts';
import type { Instant } from '#core/names.ts';
import { mergeApplied } from './server-side-apply.ts';

interface Home {
  readonly objects: Map<string, unknown>;
  readonly jobs: Map<string, SlotJob>;
  readonly pods: Map<string, SlotPod>;
  leaving: boolean;
}

export class MemoryJobCluster implements JobCluster {
  readonly #homes = new Map<string, Home>();
  #made = 0;
  /** By pod, as a test says it. */
  memory: Record<string, number> = {};
  /** Called before an object is taken: a test throws here for what the cluster refuses. */
  before: (object: KubernetesObject) => void = () => undefined;

  /** The same before a namespace is removed. */
  beforeRemoval: (job: string) => void = () => undefined;

  async sight(job: string): Promise<SlotsSight> {
    const home = this.#homes.get(job);
    if (!home) return { namespace: 'gone', jobs: [], pods: [], memory: {} };
    const copy = structuredClone({ jobs: [...home.jobs.values()], pods: [...home.pods.values()] });
    return { namespace: home.leaving ? 'leaving' : 'there', ...copy, memory: { ...this.memory } };
  }

  async apply(objects: readonly KubernetesObject[]): Promise<void> {
    for (const object of objects) {
      this.before(object);
      const { kind, metadata } = object;
      if (kind === 'Namespace' && !this.#homes.has(metadata.name))
        this.#homes.set(metadata.name, {
          objects: new Map(),
          jobs: new Map(),
          pods: new Map(),
          leaving: false,
        });
      const { objects: known } = this.#homeOf(object);
      const id = `${kind} ${metadata.name}`;
      known.set(id, mergeApplied(known.get(id), object));
    }
  }

  async create(object: KubernetesObject): Promise<void> {
    this.before(object);
    const home = this.#homeOf(object);
    const { name, labels } = object.metadata;
    if (home.leaving) throw new Rejected(`namespace ${object.metadata.namespace} is being terminated`);
    if (home.jobs.has(name)) return;
    const metadata = { ...object.metadata, uid: `uid-${++this.#made}`, labels: { ...labels } };
    home.jobs.set(name, SlotJob.parse({ metadata, status: {} }));
    const pod = { ...metadata, name: `${name}-pod`, uid: `uid-${++this.#made}` };
    home.pods.set(name, SlotPod.parse({ metadata: pod, status: {} }));
  }

  async end({ metadata: { name, namespace, uid } }: SlotJob): Promise<void> {
    const home = this.#homes.get(namespace);
    if (home?.jobs.get(name)?.metadata.uid !== uid) return;
    home.jobs.delete(name);
    home.pods.delete(name);
  }

  async remove(job: string): Promise<void> {
    const home = this.#homes.get(job);
    if (!home) return;
    this.beforeRemoval(job);
    // Pods are told to go first; one that has none is gone at once.
    home.leaving = true;
    if (home.pods.size === 0) this.#homes.delete(job);
  }

  /** All that was told to go has gone. */
  settle(job: string): void {
    if (this.#homes.get(job)?.leaving) this.#homes.delete(job);
  }

  /** The kubelet's word of the pod of a slot's Job. */
  say(job: string, name: string, status: object): void {
    const home = this.#home(job);
    home.pods.set(name, SlotPod.parse({ ...home.pods.get(name), status }));
  }

  /** Its first pod is there. */
  begin(job: string, name: string, at: Instant): void {
    const home = this.#home(job);
    home.jobs.set(name, SlotJob.parse({ ...home.jobs.get(name), status: { startTime: at } }));
  }

  /** The Job is over, and its pod as that says. */
  finish(job: string, name: string, type: 'Complete' | 'Failed', at: Instant, pod: object = {}): void {
    const home = this.#home(job);
    const condition = { type, status: 'True', lastTransitionTime: at };
    const known = home.jobs.get(name);
    const status = { ...known?.status, conditions: [condition] };
    home.jobs.set(name, SlotJob.parse({ ...known, status }));
    this.say(job, name, { phase: type === 'Complete' ? 'Succeeded' : 'Failed', ...pod });
  }

  /** What was applied in it, by kind and name. */
  object(job: string, id: string): unknown {
    return structuredClone(this.#homes.get(job)?.objects.get(id));
  }

  #homeOf({ kind, metadata }: KubernetesObject): Home {
    const home = this.#homes.get(kind === 'Namespace' ? metadata.name : (metadata.namespace ?? ''));
    if (!home) throw new Rejected(`namespaces "${metadata.namespace}" not found`);
    return home;
  }

  #home(job: string): Home {
    const home = this.#homes.get(job);
    if (!home) throw new Error(`there is no namespace ${job}`);
    return home;
  }
}
