/** Data jobs in the simulation: what their stages, the API and their workers know of the world, each call of it made faulty. */
import * as items from '#adapters/aws/items.ts';
import { jobOutbox, seenOutbox, wantedOutbox } from '#adapters/aws/job-outbox.ts';
import { standingOutbox } from '#adapters/aws/standing-items.ts';
import { MemoryChunks } from '#adapters/memory/chunks.ts';
import { MemoryDemands } from '#adapters/memory/demands.ts';
import { MemoryJobCluster } from '#adapters/memory/job-cluster.ts';
import { MemoryJobObjects } from '#adapters/memory/job-objects.ts';
import { MemoryJobQueues } from '#adapters/memory/job-queues.ts';
import { MemoryJobs } from '#adapters/memory/jobs.ts';
import { MemorySlots } from '#adapters/memory/slots.ts';
import { MemoryWorkerIdentities } from '#adapters/memory/worker-identities.ts';
import { Rejected } from '#core/errors.ts';
import type { ChunkState } from '#core/jobs/chunk.ts';
import { functionSeconds } from '#core/jobs/claim.ts';
import type { DatasetObject } from '#core/jobs/dataset.ts';
import type { JobChange } from '#core/jobs/job-change.ts';
import type { JobEnclosed, JobQueues } from '#core/jobs/job-ports.ts';
import type { ChunkQueue } from '#core/jobs/ports.ts';
import type { Demand } from '#core/jobs/share.ts';
import { sharingOf } from '#core/jobs/share-settings.ts';
import type { SlotJob } from '#core/jobs/slot-sight.ts';
import type { SlotsSeen, SlotsWanted } from '#core/jobs/slots.ts';
import type { StandingChange } from '#core/jobs/standing/ports.ts';
import type { KubernetesObject } from '#core/labels.ts';
import type { JobsDeps } from '#lambdas/jobs/deps.ts';
import type { DataJobs } from '../../lambdas/data-jobs.ts';
import { faulty, type Invocation, type Surroundings } from '../faults.ts';
import type { Around } from './around.ts';
import { Kubelet } from './kubelet.ts';
import { JobNature } from './nature.ts';
import { JobOracle } from './oracle.ts';
import { ShareOracle } from './shares/oracle.ts';
import { StandingOracle } from './standing/oracle.ts';

type Outgoing = ReturnType<typeof jobOutbox>;

/** A cluster, or S3, may take its time, as long as the function has some. */
const slowSeconds = 60;

export class JobsWorld {
  readonly cloud: Around;
  readonly jobs: MemoryJobs;
  readonly chunks = new MemoryChunks();
  readonly queues: MemoryJobQueues;
  readonly objects = new MemoryJobObjects();
  readonly slots: MemorySlots;
  readonly demands = new MemoryDemands();
  readonly identities = new MemoryWorkerIdentities();
  readonly clusters: ReadonlyMap<string, MemoryJobCluster>;
  readonly oracle: JobOracle;
  readonly standing: StandingOracle;
  readonly shares: ShareOracle;
  readonly kubelet: Kubelet;
  readonly nature: JobNature;
  readonly #versions = new Map<string, Buffer>();
  readonly #sharing: JobsDeps['sharing'];

  constructor(cloud: Around) {
    const { store, timeline } = cloud;
    this.cloud = cloud;
    this.jobs = new MemoryJobs(store);
    this.slots = new MemorySlots(store);
    this.queues = new MemoryJobQueues(() => timeline.milliseconds, 60);
    this.clusters = new Map([...cloud.clusters.keys()].map((name) => [name, new MemoryJobCluster()]));
    for (const cluster of this.clusters.values()) {
      cluster.before = ({ kind }) => this.#refuse(kind);
      cluster.beforeRemoval = () => this.#refuse('Namespace');
    }
    this.oracle = new JobOracle(cloud);
    this.standing = new StandingOracle(cloud);
    this.#sharing = sharingOf(cloud.functions.configOf('jobs'));
    this.shares = new ShareOracle(cloud, this.#sharing);
    this.kubelet = new Kubelet(this);
    this.oracle.living = this.kubelet.living;
    this.nature = new JobNature(cloud);
  }

  put(key: string, bytes: Buffer): DatasetObject {
    const object = this.objects.put(key, bytes);
    this.#versions.set(`${key} ${object.etag}`, bytes);
    return object;
  }

  /** As it was when it was listed; what another job made stays as it is. */
  planned = (key: string, etag: string): Buffer =>
    this.#versions.get(`${key} ${etag}`) ?? this.objects.results.get(key) ?? Buffer.alloc(0);

  /** The stage of jobs begins with what it was told, maybe once more. */
  looks = (invocation: Invocation): void => this.shares.looks(invocation);

  /** The stage of jobs was done with what it was told. */
  looked(invocation: Invocation): void {
    const job = this.oracle.lastOf(invocation);
    if (job) this.shares.looked(job, invocation);
  }

  #refuse(kind: KubernetesObject['kind']): void {
    const { faults } = this.cloud;
    const isRefused =
      (kind === 'Job' && faults.strikes('slot refused')) ||
      (kind === 'Namespace' && faults.strikes('namespace refused', 0.5));
    if (isRefused) throw new Rejected('admission webhook denied the request');
  }

  /** As a stage, or the API, has them. */
  depsOf(clusterName: string, invocation: Invocation, given: Surroundings) {
    const { cloud } = this;
    const end = cloud.timeline.milliseconds + functionSeconds * 1000;
    const around: Surroundings = {
      ...given,
      pause: async () => {
        await cloud.functions.pause(cloud.random.chance(0.15) ? slowSeconds : 8);
        if (cloud.timeline.milliseconds > end) await invocation.crash();
      },
    };
    const port = <P extends object>(name: string, it: P, effect?: Parameters<typeof faulty>[4]) =>
      faulty(name, it, invocation, around, effect);
    const cluster = this.clusters.get(clusterName) ?? new MemoryJobCluster();
    const objects = this.objectsOf(invocation, around);
    return {
      jobs: port('jobs', this.jobs, (method, [change, enclosed]) => {
        if (method === 'write')
          this.#jobWritten(change as JobChange, invocation, enclosed as JobEnclosed | undefined);
      }),
      standing: port('standing', this.jobs.standing, (method, [change]) => {
        if (method === 'write') this.#standingWritten(change as StandingChange, invocation);
      }),
      chunks: this.chunksOf(invocation, around),
      queues: port('queues', this.#queues),
      datasets: port('datasets', this.objects),
      objects,
      input: () => objects,
      slots: port('slots', this.slots, (method, args) => this.#said(method, args, invocation)),
      identities: port('identities', this.identities),
      demands: port('demands', this.demands, (method, [demand]) => {
        if (method === 'of') this.shares.read(invocation);
        if (method === 'say') this.shares.said(demand as Demand, invocation);
      }),
      sharing: this.#sharing,
      cluster: port('cluster', cluster, (method, [what]) => this.#acted(clusterName, method, what)),
      place: { table: 't', bucket: 'jobs', registry: 'registry.example' },
      database: () => undefined,
      pause: async () => undefined,
    } satisfies DataJobs;
  }

  objectsOf = (invocation: Invocation, around: Surroundings): MemoryJobObjects =>
    faulty('objects', this.objects, invocation, around);

  chunksOf = (invocation: Invocation, around: Surroundings): MemoryChunks =>
    faulty('chunks', this.chunks, invocation, around, (method, [after]) => {
      if (method === 'write') this.oracle.chunkWritten(after as ChunkState, invocation);
    });

  readonly #queues: JobQueues = {
    make: (job) => this.queues.make(job),
    url: (job) => this.queues.url(job),
    messages: (job) => this.queues.messages(job),
    remove: (job) => this.queues.remove(job),
    at: (url) => ({ send: (messages) => this.send(url, messages) }),
  };

  /** SQS: at least once, and late; what is lost was lost by somebody's hand. */
  send: (url: string, messages: Parameters<ChunkQueue['send']>[0]) => Promise<void> = async (
    url,
    messages,
  ) => {
    const { faults, timeline, random } = this.cloud;
    const queue = this.queues.at(url);
    for (const message of messages) {
      if (faults.strikes('chunk lost', 0.5)) continue;
      const copies = faults.strikes('chunk sent twice', 2) ? 2 : 1;
      for (let i = 0; i < copies; i++) {
        const body = JSON.stringify(message);
        if (!faults.strikes('chunk late', 2)) queue.put(body);
        else timeline.in(random.between(1, 200), 'a chunk comes late', () => queue.put(body));
      }
    }
  };

  #jobWritten(change: JobChange, invocation: Invocation, { standing }: JobEnclosed = {}): void {
    this.oracle.jobWritten(change.job, invocation);
    this.standing.jobWritten(change.job, standing);
    this.#post(jobOutbox(change));
    if (standing) this.#standingWritten(standing, invocation);
  }

  #standingWritten(change: StandingChange, invocation: Invocation): void {
    this.standing.written(change, invocation);
    this.#post(standingOutbox(change));
  }

  #said(method: string, args: readonly unknown[], invocation: Invocation): void {
    if (method === 'want') {
      const wanted = args[0] as SlotsWanted;
      this.oracle.slotsWanted(wanted, invocation);
      this.shares.wanted(wanted, invocation);
      this.#post(wantedOutbox(wanted));
    }
    if (method !== 'see') return;
    const seen = args[0] as SlotsSeen;
    this.oracle.slotsSeen(seen);
    this.#post(seenOutbox(seen, args[1] === true));
  }

  #post(outgoing: Outgoing): void {
    this.cloud.outgoing.written(outgoing.map((item) => items.outboxEntry(item)));
  }

  #acted(cluster: string, method: string, what: unknown): void {
    if (method === 'create') {
      const { metadata } = what as KubernetesObject;
      this.oracle.slotMade(cluster, metadata);
      this.kubelet.made(cluster, String(metadata.namespace), metadata.name);
    }
    if (method === 'end') this.kubelet.ended(what as SlotJob);
    if (method === 'remove') this.kubelet.leave(cluster, String(what));
  }
}
