/**
 * All stages on memory adapters, joined as lib/ joins them: what a stage writes leaves by the outbox, and each event goes
 * to the stages that core/flow.ts subscribes to it. Time passes only where a test lets it.
 */
import { MemoryBuckets } from '#adapters/memory/buckets.ts';
import { MemoryBuildLogs } from '#adapters/memory/build-logs.ts';
import { MemoryBuildRecords } from '#adapters/memory/build-records.ts';
import { MemoryBuilder } from '#adapters/memory/builder.ts';
import { MemoryClock } from '#adapters/memory/clock.ts';
import { MemoryCluster } from '#adapters/memory/cluster.ts';
import { MemoryDeadLetters } from '#adapters/memory/dead-letters.ts';
import { MemoryJobs } from '#adapters/memory/jobs.ts';
import { MemoryBus, MemoryLooks, MemoryPager, MemorySweeps } from '#adapters/memory/messages.ts';
import { MemoryNotices } from '#adapters/memory/notices.ts';
import { MemoryPersonKeys } from '#adapters/memory/person-keys.ts';
import { MemoryRegistry } from '#adapters/memory/registry.ts';
import { MemoryReports } from '#adapters/memory/reports.ts';
import { MemorySshSessions } from '#adapters/memory/ssh-sessions.ts';
import { MemoryStore } from '#adapters/memory/store.ts';
import { MemoryWaivers } from '#adapters/memory/waivers.ts';
import { MemoryZone } from '#adapters/memory/zone.ts';
import { type Listener, makeApp } from '#api/app.ts';
import type { Config } from '#core/config.ts';
import type { DeadLetterPlace } from '#core/dead-letter.ts';
import type { Decision } from '#core/decision.ts';
import type { DryRunRequest } from '#core/dns-dry-run.ts';
import type { Environment } from '#core/environment.ts';
import { buildTag, repositoryOf } from '#core/image.ts';
import type { Digest, Instant } from '#core/names.ts';
import type { OutboxDrain } from '#core/ports.ts';
import type { Person } from '#core/roles.ts';
import { namingOf } from '#lambdas/dns/dns.ts';
import { dryRun } from '#lambdas/dns/dry-run.ts';
import { drain } from '#lambdas/outbox/drain.ts';
import { send } from '#lambdas/outbox/send.ts';
import { reconcile } from '#lambdas/reconcile/reconcile.ts';
import { type Handle, handleRecord } from '#lambdas/runtime/queue.ts';
import { ask, type Sent } from '../api/ask.ts';
import { digestOf, mustChange, start, web } from '../contracts/samples.ts';
import { memoryDataJobs } from './data-jobs.ts';
import type { Envelope } from './event-pattern.ts';
import { pushEvent, sqsRecord, told } from './events.ts';
import { config, installation, type QueueStage, registryHost, stagesOf, takersOf } from './stages.ts';

export * from './events.ts';
export { anna, config, type QueueStage, rita, takersOf } from './stages.ts';

export const candidate = repositoryOf('candidate', web);
export const release = repositoryOf('release', web);

export const olga: Person = { name: 'olga', groups: ['getschwifty-operators'] };
const queueUrl = 'https://sqs.us-east-1.amazonaws.com/000000000000/gate';
const deadLetterPlaces: readonly DeadLetterPlace[] = [
  { name: 'gate', url: `${queueUrl}-dlq`, queueUrl, remedy: 'move' },
  { name: 'outbox', url: 'https://queue.example/outbox', remedy: 'drain', note: 'positions, not events' },
  { name: 'reconcile', url: 'https://queue.example/reconcile', remedy: 'drop' },
  {
    name: 'undelivered',
    url: 'https://queue.example/undelivered',
    remedy: 'none',
    note: 'tell people yourself',
  },
];

export interface DeadLetter {
  readonly stage: QueueStage;
  readonly reason: string;
}
interface Delivery {
  readonly stage: QueueStage;
  readonly message: unknown;
  readonly at: string;
}

export class World {
  readonly clock = new MemoryClock(start);
  readonly store = new MemoryStore();
  readonly registry = new MemoryRegistry(this.clock);
  /** Beside those of environments, so that a test sees them alone. */
  readonly bases = new MemoryRegistry(this.clock);
  readonly builder = new MemoryBuilder(registryHost);
  readonly buildLogs = new MemoryBuildLogs();
  readonly buildRecords = new MemoryBuildRecords();
  readonly cluster = new MemoryCluster();
  readonly zone = new MemoryZone(this.clock);
  readonly bus = new MemoryBus();
  readonly looks = new MemoryLooks();
  readonly sweeps = new MemorySweeps();
  readonly pager = new MemoryPager();
  readonly notices = new MemoryNotices();
  readonly reports = new MemoryReports();
  readonly buckets = new MemoryBuckets();
  readonly keys = new MemoryPersonKeys();
  readonly sessions = new MemorySshSessions();
  readonly waivers = new MemoryWaivers();
  readonly data = memoryDataJobs(new MemoryJobs(this.store));
  readonly jobs = this.data.jobs;
  readonly standing = this.data.standing;
  readonly chunks = this.data.chunks;
  readonly slots = this.data.slots;
  readonly deadLetters = new MemoryDeadLetters(deadLetterPlaces, this.clock);
  #requests = 1;
  #messages = 1;
  /** What would go to the DLQs. */
  readonly dead: DeadLetter[] = [];
  /** Messages on their way. */
  #queue: Delivery[] = [];
  /** What of the bus and of the look queues was passed on already. */
  #passed = { events: 0, looks: 0, sweeps: 0 };
  readonly config: Config;

  constructor(parts: Partial<Config> = {}) {
    this.config = { ...config, ...parts };
    this.builder.addBase('base/debian', 'bookworm', digestOf('base'));
    this.bases.push('base/debian', digestOf('base'), 'bookworm');
  }

  /** @param parts put in the place of the world's own: a store that crashes, a newer configuration. */
  stages(parts: { store?: MemoryStore; config?: Config } = {}): Record<QueueStage, Handle> {
    const { store, registry, cluster, builder, ...rest } = { ...this, ...parts };
    const images = { scanner: registry, promoter: registry, repositories: registry, builder };
    const { zone, sweeps, waivers, notices, reports, pager, clock, config } = rest;
    const people = { notices, reports, pager };
    const logged = { logs: this.buildLogs, records: this.buildRecords };
    return stagesOf({
      store,
      ...images,
      cluster,
      clusterName: 'main',
      zone,
      sweeps,
      waivers,
      transfers: store.transfers,
      snapshots: store.snapshots,
      ...people,
      ...logged,
      clock,
      config,
      data: this.data,
    });
  }

  /** @param failed without it what nobody foresaw fails the test. */
  api(person: Person, failed: (error: unknown) => void = rethrow) {
    const told = () => ({ person: () => person, requestId: `request-${this.#requests++}` });
    return { request: (path: string, sent?: Sent) => ask(this.app({ failed }), told(), path, sent) };
  }

  app(listener: Listener) {
    const { store, reports, buckets, config, clock, deadLetters } = this;
    const outbox: OutboxDrain = {
      drain: (entries) => drain({ ...this, outbox: store }, { kind: 'drain', entries: [...entries] }),
    };
    const deps = {
      store,
      reports,
      buckets,
      requests: store.requests,
      keys: this.keys,
      sessions: this.sessions,
      bases: this.bases,
      attachments: this.registry,
      buildLogs: this.buildLogs,
      buildRecords: this.buildRecords,
      waivers: this.waivers,
      transfers: store.transfers,
      snapshots: store.snapshots,
      jobs: this.jobs,
      standing: this.standing,
      chunks: this.chunks,
      slots: this.slots,
      jobFiles: {
        link: async (key: string) => ({ url: `https://files.example/${key}`, expiresSeconds: 300 }),
      },
      jobBucket: 'jobs',
      random: (bytes: number) => (this.#requests++).toString(16).padStart(2 * bytes, '0'),
      names: { plan: (request: DryRunRequest) => dryRun(this, namingOf({ ...this, installation }), request) },
      failures: store,
      config,
      clock,
      deadLetters,
      outbox,
    };
    return makeApp(deps, listener);
  }

  /** One message to one stage, as its queue delivers it. @throws what makes SQS deliver it again. */
  async deliver(stage: QueueStage, message: unknown, parts?: Parameters<World['stages']>[0]): Promise<void> {
    await handleRecord(sqsRecord(message, `m-${this.#messages++}`), this.stages(parts)[stage], {
      refuse: async (_, reason) => {
        this.dead.push({ stage, reason });
      },
    });
  }

  /** Reads, decides by `how`, writes: the way of an environment to where a test begins. */
  async decide(how: (environment: Environment, now: Instant) => Decision, key = web): Promise<Environment> {
    const change = mustChange(how(await this.environment(key), this.clock.now()));
    await this.store.write(change);
    return change.environment;
  }

  async environment(key = web) {
    const environment = await this.store.read(key);
    if (!environment) throw new Error('there is no such environment');
    return environment;
  }

  /** An event of AWS, to every stage whose rule takes it. */
  emit(event: Envelope, delaySeconds = 0): void {
    for (const stage of takersOf(event)) this.#enqueue(stage, event, delaySeconds);
  }

  /** What a build does when it succeeds: pushes its image, which ECR tells of. */
  pushBuild(digest: Digest): void {
    const [id, started] = [...this.builder.builds].at(-1) ?? [];
    if (id === undefined || started === undefined) throw new Error('no build was started');
    this.registry.push(candidate, digest, buildTag(started.number));
    this.builder.end(id);
    this.emit(pushEvent(candidate, digest, buildTag(started.number)));
  }

  /** Lets time pass, second by second: messages arrive, the outbox is drained, reconcile runs every minute. */
  async pass(seconds: number, meanwhile: () => void | Promise<void> = () => undefined): Promise<void> {
    await this.#settle();
    for (let i = 0; i < seconds; i++) {
      this.clock.advance(1);
      await meanwhile();
      if (new Date(this.clock.now()).getSeconds() === 0) await this.reconcile();
      await this.#settle();
    }
  }

  reconcile = async (): Promise<void> => {
    await reconcile({ ...this, outbox: this.store })();
  };

  async #settle(): Promise<void> {
    for (;;) {
      await send({ ...this, outbox: this.store }, await this.store.pending(this.clock.now(), 100));
      this.#passOn();
      const now = this.clock.now();
      const arrived = this.#queue.filter(({ at }) => at <= now);
      if (arrived.length === 0) return;
      this.#queue = this.#queue.filter(({ at }) => at > now);
      for (const { stage, message } of arrived) await this.deliver(stage, message);
    }
  }

  #passOn(): void {
    for (const event of this.bus.told.slice(this.#passed.events)) this.emit(told(event));
    for (const sent of this.looks.sent.slice(this.#passed.looks))
      this.#enqueue(sent.stage, sent.look, sent.delaySeconds);
    for (const sweep of this.sweeps.sent.slice(this.#passed.sweeps)) this.#enqueue('dns', sweep, 0);
    const [events, looks, sweeps] = [this.bus.told, this.looks.sent, this.sweeps.sent];
    this.#passed = { events: events.length, looks: looks.length, sweeps: sweeps.length };
  }

  #enqueue(stage: QueueStage, message: unknown, delaySeconds: number): void {
    const at = new Date(Date.parse(this.clock.now()) + delaySeconds * 1000).toISOString();
    this.#queue.push({ stage, message, at });
  }
}

const rethrow = (error: unknown): never => {
  throw error;
};

/** The store, but for its next write: that one is made, or not, and then the function is gone. */
export function crashing(store: MemoryStore, when: 'before' | 'after'): MemoryStore {
  let crashes = 1;
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        const crash = name === 'write' && crashes-- > 0;
        if (crash && when === 'before') throw new Error('crashed before the write');
        const result: unknown = await value.apply(target, args);
        if (crash) throw new Error('crashed after the write');
        return result;
      };
    },
  });
}
