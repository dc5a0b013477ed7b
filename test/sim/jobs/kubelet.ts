/**
 * What a cluster makes of the slots of data jobs: pods that start soon, late or never, workers in them that run the worker's own loop, and
 * what ends them: a node, a kill, somebody's order.
 */
import type { MemoryJobCluster } from '#adapters/memory/job-cluster.ts';
import { parseJson } from '#core/errors.ts';
import { slotLabel } from '#core/jobs/slot-objects.ts';
import type { SlotJob } from '#core/jobs/slot-sight.ts';
import { JobSpec } from '#core/jobs/spec.ts';
import * as z from '#core/zod.ts';
import { SimulatedWorker, type WorkerWorld } from './worker.ts';

/** As the pod has it (core/jobs/slot-objects.ts). */
const graceSeconds = 30;
const JobMap = z.object({ data: z.object({ 'job.json': z.string(), slots: z.string() }) });

interface Clusters extends WorkerWorld {
  readonly clusters: ReadonlyMap<string, MemoryJobCluster>;
}

export class Kubelet {
  readonly #world: Clusters;
  readonly #workers = new Set<SimulatedWorker>();
  /** Jobs, by their uid, that had a pod. */
  readonly #placed = new Set<string>();

  constructor(world: Clusters) {
    this.#world = world;
  }

  /** Of workers that live, in the namespace. */
  living = (namespace: string): number =>
    [...this.#workers].filter((worker) => worker.namespace === namespace).length;

  /** A Job was made, or was there already. */
  made(cluster: string, namespace: string, name: string): void {
    const { faults, random, timeline } = this.#world.cloud;
    const never = faults.happens('slot unschedulable', 0.06);
    const delay = never ? random.between(60, 900) : random.between(2, 40);
    const place = `${namespace}/${name}`;
    if (never)
      timeline.in(1, `${place} finds no node`, () =>
        this.#ifOpen(cluster, namespace, name, (home) => home.say(namespace, name, unschedulable)),
      );
    timeline.in(delay, `${place} is placed`, () =>
      this.#ifOpen(cluster, namespace, name, (_, { metadata: { uid } }) => {
        if (this.#placed.has(uid)) return;
        this.#placed.add(uid);
        return this.#start(cluster, namespace, name, uid);
      }),
    );
  }

  /** Its pods are told to go; what they do not do within their grace is cut off. */
  ended({ metadata: { uid } }: SlotJob): void {
    for (const worker of this.#workers) if (worker.uid === uid) this.#tellToGo(worker);
  }

  /** The namespace is gone when nobody is in it any more. */
  leave(cluster: string, namespace: string): void {
    for (const worker of this.#workers)
      if (worker.namespace === namespace && worker.cluster === cluster) this.#tellToGo(worker);
    const { faults, random, timeline } = this.#world.cloud;
    const slow = faults.happens('namespace slow to go', 0.1) ? random.between(60, 400) : 0;
    const settle = (seconds: number): void =>
      timeline.in(seconds, `${namespace} goes`, () => {
        if (this.living(namespace) > 0) settle(5);
        else this.#clusterOf(cluster).settle(namespace);
      });
    settle(random.between(1, 15) + slow);
  }

  async #start(cluster: string, namespace: string, name: string, uid: string): Promise<void> {
    const home = this.#clusterOf(cluster);
    const { cloud } = this.#world;
    const { timeline, faults, random } = cloud;
    home.begin(namespace, name, timeline.now());
    if (faults.happens('slot failed', 0.05)) {
      home.finish(namespace, name, 'Failed', timeline.now());
      return;
    }
    home.say(namespace, name, { phase: 'Running' });
    const map = () => JobMap.parse(home.object(namespace, 'ConfigMap job')).data;
    const { metadata } = (await home.sight(namespace)).jobs.find((job) => job.metadata.uid === uid) ?? {};
    const slot = Number(metadata?.labels[slotLabel]);
    const worker = new SimulatedWorker(this.#world, {
      cluster,
      namespace,
      uid,
      spec: parseJson(JobSpec, map()['job.json'], 'the job'),
      isWanted: async () => slot < Number(map().slots),
    });
    this.#workers.add(worker);
    if (faults.happens('worker killed', 0.06))
      timeline.in(random.between(0, 120), `${namespace}/${name} is killed`, () => worker.kill());
    if (faults.happens('node lost', 0.06))
      timeline.in(random.between(0, 120), `the node of ${namespace}/${name} is lost`, () => worker.lose());
    void worker.run().then((end) => this.#over(worker, name, end));
  }

  #over(worker: SimulatedWorker, name: string, end: 'done' | 'failed' | 'lost'): void {
    this.#workers.delete(worker);
    const { cluster, namespace, uid } = worker;
    const { timeline, random, trace } = this.#world.cloud;
    trace(`  ${namespace}/${name}: its worker is ${end}`);
    timeline.in(random.between(0.5, 5), `${namespace}/${name} is over`, () =>
      this.#ifOpen(cluster, namespace, name, (home, job) => {
        if (job.metadata.uid !== uid) return;
        // Another pod is made on another node, by the Job itself.
        if (end === 'lost') return this.#start(cluster, namespace, name, uid);
        home.finish(namespace, name, end === 'done' ? 'Complete' : 'Failed', timeline.now());
        return;
      }),
    );
  }

  #tellToGo(worker: SimulatedWorker): void {
    const { timeline, random } = this.#world.cloud;
    const after = random.between(0, 2);
    timeline.in(after, `a worker of ${worker.namespace} is told to go`, () => worker.stop());
    timeline.in(after + graceSeconds, `a worker of ${worker.namespace} has had its time`, () =>
      worker.kill(),
    );
  }

  async #ifOpen(
    cluster: string,
    namespace: string,
    name: string,
    then: (home: MemoryJobCluster, job: SlotJob) => Promise<void> | void,
  ): Promise<void> {
    const home = this.#clusterOf(cluster);
    const { namespace: state, jobs } = await home.sight(namespace);
    const job = jobs.find(({ metadata }) => metadata.name === name);
    if (state !== 'there' || job === undefined || job.status.conditions.length > 0) return;
    await then(home, job);
  }

  #clusterOf(name: string): MemoryJobCluster {
    const cluster = this.#world.clusters.get(name);
    if (!cluster) throw new Error(`there is no cluster ${name}`);
    return cluster;
  }
}

const unschedulable = {
  phase: 'Pending',
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no node' }],
};
