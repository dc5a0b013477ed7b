/** One worker of a data job: the worker's own loop, with ports that fail, a clock of its own, and commands that have their fate. */
import type { MemoryJobQueues } from '#adapters/memory/job-queues.ts';
import type { ChunkMessage } from '#core/jobs/messages.ts';
import type { ChunkQueue, Delivery } from '#core/jobs/ports.ts';
import type { JobSpec } from '#core/jobs/spec.ts';
import type { WorkerDeps } from '../../../worker/worker.ts';
import { work } from '../../../worker/worker.ts';
import { faulty, type Invocation, type Surroundings } from '../faults.ts';
import type { Around } from './around.ts';
import { SimulatedCommands } from './command.ts';
import type { JobNature } from './nature.ts';
import { Strand, settled } from './strand.ts';

export interface WorkerWorld {
  readonly cloud: Around;
  readonly nature: JobNature;
  readonly queues: MemoryJobQueues;
  readonly send: (url: string, messages: Iterable<ChunkMessage>) => Promise<void>;
  readonly chunksOf: (invocation: Invocation, around: Surroundings) => WorkerDeps['chunks'];
  readonly objectsOf: (invocation: Invocation, around: Surroundings) => WorkerDeps['objects'];
}

interface Place {
  readonly cluster: string;
  readonly namespace: string;
  /** Of its Kubernetes Job. */
  readonly uid: string;
  readonly spec: JobSpec;
  readonly isWanted: () => Promise<boolean>;
}

/** Less than in a cluster: it asks once, waits, and asks again. */
const idleSeconds = 20;
const pollSeconds = 10;

export class SimulatedWorker implements Pick<Place, 'cluster' | 'namespace' | 'uid'> {
  readonly cluster: string;
  readonly namespace: string;
  readonly uid: string;
  readonly #world: WorkerWorld;
  readonly #place: Place;
  readonly #invocation: Invocation;
  readonly #timers: Strand;
  readonly #stop = new AbortController();
  #end: 'failed' | 'lost' = 'failed';

  constructor(world: WorkerWorld, place: Place) {
    const { cloud } = world;
    this.cluster = place.cluster;
    this.namespace = place.namespace;
    this.uid = place.uid;
    this.#world = world;
    this.#place = place;
    const invocation = cloud.functions.invoked(`worker-${cloud.random.whole(1, 3)}`);
    this.#invocation = invocation;
    this.#timers = new Strand(cloud, `a worker of ${place.namespace} goes on`, () => invocation.dead);
  }

  /** Until it has no more to do, failed, or is no more. */
  async run(): Promise<'done' | 'failed' | 'lost'> {
    const done = work(this.#deps(), this.#stop.signal).then(
      () => 'done' as const,
      (error: unknown) => {
        this.#world.cloud.trace(`  a worker of ${this.namespace} failed: ${String(error)}`);
        return 'failed' as const;
      },
    );
    const gone = this.#invocation.crashed.then(() => this.#end);
    const end = await Promise.race([done, gone]);
    this.#invocation.dead = true;
    return end;
  }

  /** SIGTERM. */
  stop(): Promise<void> {
    if (!this.#invocation.dead) this.#stop.abort('SIGTERM');
    return settled();
  }

  /** SIGKILL. */
  kill(): Promise<void> {
    if (!this.#invocation.dead) void this.#invocation.crash();
    return settled();
  }

  lose(): Promise<void> {
    this.#end = 'lost';
    return this.kill();
  }

  #deps(): WorkerDeps {
    const { cloud, nature } = this.#world;
    const { spec, isWanted } = this.#place;
    const invocation = this.#invocation;
    const around: Surroundings = {
      faults: cloud.faults,
      // It has a strand of its own: others go on meanwhile anyway.
      pause: () => this.#timers.sleep(cloud.random.between(10, 8000)),
      watch: (_, call) => cloud.trace(`    ${invocation.name} of ${this.namespace}: ${call}`),
    };
    const log = (message: string): void => cloud.trace(`    ${invocation.name}: ${message}`);
    return {
      spec,
      isWanted,
      idleSeconds,
      timers: this.#timers,
      log: { info: log, warn: log, error: (message, error) => log(`${message}: ${String(error)}`) },
      now: () => cloud.timeline.milliseconds + invocation.skewSeconds * 1000,
      runner: new SimulatedCommands(this.#timers, (chunk) => nature.fateOf(this.namespace, chunk)),
      reading: { rangeBytes: 2 ** 20, parallel: 2 },
      tables: () => Promise.reject(new Error('this job has no database')),
      chunks: this.#world.chunksOf(invocation, around),
      objects: this.#world.objectsOf(invocation, around),
      queue: faulty('queue', this.#queue(), invocation, around),
    };
  }

  #queue(): ChunkQueue {
    const { queues } = this.#world;
    const url = `https://sqs.example/getschwifty-${this.namespace}`;
    return {
      send: (messages) => this.#world.send(url, messages),
      hide: (receipt, seconds) => queues.at(url).hide(receipt, seconds),
      remove: (receipt) => queues.at(url).remove(receipt),
      receive: (seconds, signal) => this.#receive(url, seconds, signal),
    };
  }

  async #receive(url: string, seconds: number, signal: AbortSignal): Promise<Delivery | undefined> {
    for (let left = seconds; ; left -= pollSeconds) {
      const found = await this.#world.queues.at(url).receive(0, signal);
      if (found || left <= 0 || signal.aborted) return found;
      await this.#timers.sleep(Math.min(left, pollSeconds) * 1000, signal).catch(() => undefined);
    }
  }
}
