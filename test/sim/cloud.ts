/**
 * The control plane on memory adapters and virtual time: queues with redelivery and DLQs, the bus, the table's stream,
 * reconcile's minute and the API, each function's ports made faulty. The code of the stages is the product's own.
 */
import * as items from '#adapters/aws/items.ts';
import { MemoryBuckets } from '#adapters/memory/buckets.ts';
import { MemoryBuildLogs } from '#adapters/memory/build-logs.ts';
import { MemoryBuildRecords } from '#adapters/memory/build-records.ts';
import { MemoryBuilder } from '#adapters/memory/builder.ts';
import { MemoryCluster } from '#adapters/memory/cluster.ts';
import { MemoryDeadLetters } from '#adapters/memory/dead-letters.ts';
import { MemoryPager } from '#adapters/memory/messages.ts';
import { MemoryNotices } from '#adapters/memory/notices.ts';
import { MemoryPersonKeys } from '#adapters/memory/person-keys.ts';
import { MemoryRegistry } from '#adapters/memory/registry.ts';
import { MemoryReports } from '#adapters/memory/reports.ts';
import { MemorySshSessions } from '#adapters/memory/ssh-sessions.ts';
import { MemoryStore } from '#adapters/memory/store.ts';
import { MemoryWaivers } from '#adapters/memory/waivers.ts';
import { MemoryZone } from '#adapters/memory/zone.ts';
import { makeApp } from '#api/app.ts';
import { attempts as attemptsOfQueue } from '#core/attempts.ts';
import type { Config } from '#core/config.ts';
import type { Change } from '#core/decision.ts';
import { Rejected } from '#core/errors.ts';
import { addSeconds, type Instant } from '#core/names.ts';
import type { Clock, Due, EventBus, LookQueues, OutboxEntry, Sweeps } from '#core/ports.ts';
import type { Person } from '#core/roles.ts';
import { send } from '#lambdas/outbox/send.ts';
import { reconcile } from '#lambdas/reconcile/reconcile.ts';
import { handleRecord } from '#lambdas/runtime/queue.ts';
import { ask } from '../api/ask.ts';
import { digestOf, start } from '../contracts/samples.ts';
import type { Envelope } from '../lambdas/event-pattern.ts';
import { sqsRecord, told } from '../lambdas/events.ts';
import { type QueueStage, registryHost, stagesOf, takersOf } from '../lambdas/stages.ts';
import { Faults, faulty, Invocation } from './faults.ts';
import { JobsWorld } from './jobs/world.ts';
import { Oracle } from './oracle.ts';
import { Random } from './random.ts';
import { Timeline } from './timeline.ts';

export interface DeadLetter {
  readonly stage: QueueStage;
  readonly cluster: string;
  readonly body: string;
  /** Undefined where SQS moved it after five attempts. */
  readonly reason: string | undefined;
}
interface Message {
  readonly stage: QueueStage;
  readonly cluster: string;
  readonly body: string;
  readonly attempts: number;
}

const skews = [0, 0, 0, 1.5, -1.5, 4];

export class Cloud {
  readonly timeline = new Timeline(start);
  readonly random: Random;
  readonly faults: Faults;
  readonly oracle: Oracle;
  readonly store = new MemoryStore();
  readonly registry = new MemoryRegistry(this.timeline);
  readonly builder = new MemoryBuilder(registryHost);
  readonly clusters: ReadonlyMap<string, MemoryCluster>;
  readonly zone = new MemoryZone(this.timeline);
  readonly notices = new MemoryNotices();
  readonly #buckets = new MemoryBuckets();
  readonly #reports = new MemoryReports();
  readonly pager = new MemoryPager();
  readonly dead: DeadLetter[] = [];
  readonly data: JobsWorld;
  readonly trace: (line: string) => void;
  /** Each function's own: a deployment reaches one after the other. */
  readonly #configs = new Map<string, Config>();
  readonly #config: Config;
  readonly #deployed = new Map<string, number>();
  #deployments = 0;
  readonly #skews = new Map<string, number>();
  #depth = 0;
  #messages = 0;
  #randoms = 0;
  #events = 0;

  constructor(seed: number, config: Config, trace: (line: string) => void) {
    this.random = new Random(seed);
    this.faults = new Faults(this.random);
    this.oracle = new Oracle(() => this.timeline.now());
    this.trace = trace;
    this.#config = config;
    this.clusters = new Map(config.clusters.map(({ name }) => [name, new MemoryCluster()]));
    // One that resizes pods that run, and one that does not.
    for (const cluster of this.clusters.values()) cluster.resizes = this.random.chance(0.5);
    for (const cluster of this.clusters.values()) cluster.before = () => this.#refuseObject();
    this.data = new JobsWorld(this);
    this.builder.addBase('base/debian', 'bookworm', digestOf('base'));
    this.registry.push('base/debian', digestOf('base'), 'bookworm');
    this.registry.onlyMade = true;
    for (const environment of config.environments) void this.registry.make(environment);
    this.#everyMinute();
  }

  /** An admission webhook of somebody else that says no. */
  #refuseObject(): void {
    if (this.faults.strikes('object refused', 0.3))
      throw new Rejected('admission webhook denied the request');
  }

  configOf = (name: string): Config => this.#configs.get(name) ?? this.#config;

  /** A newer configuration reaches the functions within a minute, in any order. */
  deployConfig(config: Config): void {
    const number = ++this.#deployments;
    for (const name of ['api', 'build', 'gate', 'promote', 'deploy', 'dns', 'pager']) {
      this.timeline.in(this.random.between(0, 60), `${name} gets policy ${config.policy.version}`, () => {
        if ((this.#deployed.get(name) ?? 0) > number) return;
        this.#deployed.set(name, number);
        this.#configs.set(name, config);
        this.oracle.ruled();
      });
    }
  }

  clusterNamed(name: string): MemoryCluster {
    const cluster = this.clusters.get(name);
    if (!cluster) throw new Error(`there is no cluster ${name}`);
    return cluster;
  }

  /** EventBridge: to each stage whose rule takes it, once, twice or not at all, soon or late. */
  emit(event: Envelope, cluster: string): void {
    // Its own are counted over all stories.
    const id = `e-${this.#events++}`;
    for (const stage of takersOf(event)) {
      if (this.faults.strikes('event lost', 2)) continue;
      const copies = this.faults.strikes('event doubled', 2) ? 2 : 1;
      for (let i = 0; i < copies; i++) {
        const late = this.faults.strikes('event delayed', 2) ? this.random.between(5, 400) : 0;
        this.queue(stage, cluster, { ...event, id }, this.random.between(0.05, 1) + late);
      }
    }
  }

  queue(stage: QueueStage, cluster: string, message: unknown, delaySeconds: number): void {
    const body = typeof message === 'string' ? message : JSON.stringify(message);
    this.#deliverIn(delaySeconds, { stage, cluster, body, attempts: 0 });
  }

  #deliverIn(seconds: number, message: Message): void {
    const { stage, cluster, body } = message;
    this.timeline.in(seconds, `${stage}@${cluster} ← ${body.slice(0, 160)}`, () => this.#deliver(message));
  }

  async #deliver(message: Message): Promise<void> {
    const { stage, cluster, body, attempts } = message;
    const end = await this.run(stage, async (invocation) => {
      const refused = (_: unknown, reason: string) => this.#bury({ stage, cluster, body, reason });
      const handle = stagesOf(this.#depsOf(cluster, invocation))[stage];
      // Its clock is its own: nobody waits in ours.
      const pause = async () => undefined;
      await handleRecord(sqsRecord(body, `m-${this.#messages++}`), handle, { refuse: refused, pause });
    });
    if (end === undefined) return;
    this.trace(`  ${stage} failed: ${end}`);
    if (attempts + 1 >= attemptsOfQueue) await this.#bury({ stage, cluster, body, reason: undefined });
    else this.#deliverIn(this.random.between(60, 120), { ...message, attempts: attempts + 1 });
  }

  async #bury(letter: DeadLetter): Promise<void> {
    this.trace(`  DLQ of ${letter.stage}: ${letter.reason ?? 'five attempts'}`);
    this.dead.push(letter);
  }

  /** What an operator does once the cause is gone. */
  redrive(): void {
    for (const { stage, cluster, body, reason } of this.dead.splice(0)) {
      if (reason === undefined) this.queue(stage, cluster, body, this.random.between(0, 5));
      else this.dead.push({ stage, cluster, body, reason });
    }
  }

  invoked = (name: string): Invocation => new Invocation(name, this.#skewOf(name), this.configOf(name));

  /** @returns why it failed; undefined when it did not. */
  async run(name: string, work: (invocation: Invocation) => Promise<void>): Promise<string | undefined> {
    const invocation = this.invoked(name);
    const done = work(invocation).then(
      () => undefined,
      (error: unknown) => String(error),
    );
    return Promise.race([done, invocation.crashed]);
  }

  /** @param headers as a client sends them: the version that it read, and a key that stays when it asks again. */
  async api(
    person: Person,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
    method = 'POST',
  ): Promise<number | undefined> {
    const answer = await this.#answer(person, path, body, headers, method);
    this.trace(`  ${person.name}: ${method} ${path} → ${answer?.status ?? 'no answer'}`);
    return answer?.status;
  }

  /** What is there. */
  async ask(person: Person, path: string): Promise<unknown> {
    return (await this.#answer(person, path, undefined, {}, 'GET'))?.json();
  }

  async #answer(
    person: Person,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
    method: string,
  ): Promise<Response | undefined> {
    let answer: Response | undefined;
    await this.run('api', async (invocation) => {
      const parts = this.#partsOf(invocation);
      const operators = {
        deadLetters: new MemoryDeadLetters([], parts.clock),
        failures: this.store,
        requests: this.store.requests,
        buckets: this.#buckets,
        reports: this.#reports,
        keys: new MemoryPersonKeys(),
        sessions: new MemorySshSessions(),
        buildLogs: new MemoryBuildLogs(),
        buildRecords: new MemoryBuildRecords(),
        waivers: new MemoryWaivers(),
        transfers: this.store.transfers,
        snapshots: this.store.snapshots,
        outbox: { drain: async () => ({ sent: 0, unsent: [] }) },
        names: { plan: async () => ({ names: [] }) },
        ...this.data.depsOf('', invocation, parts.around),
        jobFiles: { link: async (key: string) => ({ url: key, expiresSeconds: 300 }) },
        jobBucket: 'jobs',
        random: () => (this.#randoms++).toString(16).padStart(4, '0'),
      };
      const bases = faulty('bases', this.registry, invocation, parts.around);
      const deps = { ...parts, ...operators, bases, attachments: bases, config: invocation.config };
      const failed = (error: unknown) => {
        throw error;
      };
      const told = { person: () => person, requestId: invocation.name };
      const sent = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
      answer = await ask(makeApp(deps, { failed }), told, path, sent);
    });
    return answer;
  }

  #skewOf(name: string): number {
    if (this.faults.rate === 0) return 0;
    const known = this.#skews.get(name);
    if (known !== undefined) return known;
    const skew = this.random.pick(skews);
    if (skew !== 0) this.faults.count('clock skew');
    this.#skews.set(name, skew);
    return skew;
  }

  /** Others go on meanwhile. */
  async pause(mostSeconds: number): Promise<void> {
    if (this.#depth >= 3) return;
    this.#depth++;
    const seconds = this.random.between(0.01, mostSeconds);
    await this.timeline.until(this.timeline.milliseconds + seconds * 1000, this.trace);
    this.#depth--;
  }

  #around = {
    pause: (): Promise<void> => this.pause(8),
    watch: (invocation: Invocation, call: string): void => {
      if (invocation.name === 'promote') this.oracle.seeGood(invocation);
      this.trace(`    ${invocation.name}: ${call}`);
    },
  };

  #partsOf(invocation: Invocation) {
    const around = { ...this.#around, faults: this.faults };
    const { timeline, store } = this;
    const clock: Clock = { now: () => addSeconds(timeline.now(), invocation.skewSeconds) };
    const written = (method: string, args: readonly unknown[]): void => {
      if (method === 'write') this.#written(args[0] as Change);
    };
    const watched = this.oracle.watching(store, invocation);
    return { around, clock, store: faulty('store', watched, invocation, around, written) };
  }

  #depsOf(clusterName: string, invocation: Invocation) {
    const cluster = this.clusters.get(clusterName) ?? new MemoryCluster();
    const { around, ...parts } = this.#partsOf(invocation);
    const { oracle, builder, registry, zone, notices, pager } = this;
    const port = <P extends object>(name: string, it: P, effect?: Parameters<typeof faulty>[4]) =>
      faulty(name, it, invocation, around, effect);
    return {
      ...parts,
      scanner: port('scanner', registry),
      promoter: port('promoter', registry, (_, args) => oracle.copied(invocation, args)),
      builder: port(
        'builder',
        builder,
        (method, _, id) => method === 'start' && oracle.buildStarted(String(id)),
      ),
      cluster: port('cluster', cluster, (method, args) => {
        if (method === 'apply') oracle.applied(clusterName, args[0]);
      }),
      clusterName,
      zone: port('zone', zone),
      sweeps: port('sweeps', this.#sweeps),
      waivers: new MemoryWaivers(),
      transfers: this.store.transfers,
      snapshots: this.store.snapshots,
      // Nobody prints in the simulation.
      logs: new MemoryBuildLogs(),
      records: new MemoryBuildRecords(),
      repositories: port('repositories', registry),
      notices: port('notices', notices),
      reports: port('reports', this.#reports),
      pager: port('pager', pager),
      config: invocation.config,
      data: this.data.depsOf(clusterName, invocation, around),
    };
  }

  /** The table's stream tells the outbox, if nothing is lost. */
  #written(change: Change): void {
    this.oracle.wrote(change);
    this.sent(items.outboxItems(change).map((item) => items.outboxEntry(item)));
  }

  sent(entries: readonly OutboxEntry[]): void {
    if (entries.length > 0 && !this.faults.strikes('stream lost')) this.#stream(entries, 0);
  }

  #stream(entries: readonly OutboxEntry[], attempts: number): void {
    this.timeline.in(this.random.between(0.1, 2), 'stream → outbox', async () => {
      let unsent: readonly OutboxEntry[] = [];
      const end = await this.run('outbox', async (invocation) => {
        unsent = (await send(this.#sending(invocation), entries)).map(({ entry }) => entry);
      });
      const left = end === undefined ? unsent : entries;
      if (left.length > 0 && attempts < attemptsOfQueue) this.#stream(left, attempts + 1);
    });
  }

  #sending(invocation: Invocation) {
    const { around, clock } = this.#partsOf(invocation);
    const port = <P extends object>(name: string, it: P): P => faulty(name, it, invocation, around);
    return {
      outbox: port('outbox', this.store),
      bus: port('bus', this.#bus),
      looks: port('looks', this.#looks),
      clock,
    };
  }

  readonly #bus: EventBus = {
    tell: async (events) =>
      events.map((event) => {
        if (this.faults.strikes('entry refused')) return 'InternalFailure';
        this.emit(told(event), event.cluster);
        return undefined;
      }),
  };

  readonly #looks: LookQueues = {
    send: async (stage, cluster, look, delaySeconds) => {
      if (this.faults.strikes('look lost', 2)) return;
      const copies = this.faults.strikes('look doubled', 2) ? 2 : 1;
      for (let i = 0; i < copies; i++)
        this.queue(stage, cluster, look, delaySeconds + this.random.between(0.05, 1));
    },
  };

  readonly #sweeps: Sweeps = {
    send: async (sweep) => {
      if (this.faults.strikes('look lost', 2)) return;
      this.queue('dns', '', sweep, this.random.between(0.05, 1));
    },
  };

  #everyMinute(): void {
    this.timeline.in(60, 'reconcile', async () => {
      this.#everyMinute();
      if (this.faults.strikes('reconcile missed', 2)) return;
      const end = await this.run('reconcile', (invocation) => {
        const sending = this.#sending(invocation);
        const store = faulty('store', this.#index, invocation, { ...this.#around, faults: this.faults });
        const sweeps = faulty('sweeps', this.#sweeps, invocation, { ...this.#around, faults: this.faults });
        const jobs = faulty('jobs', this.#dueJobs, invocation, { ...this.#around, faults: this.faults });
        return reconcile({ ...sending, store, sweeps, jobs, standing: this.data.jobs.standing })();
      });
      if (end !== undefined) this.trace(`  reconcile failed: ${end}`);
    });
  }

  /** An index is read as it was a moment ago: what is new may be missing. */
  readonly #index = {
    due: async (...asked: Parameters<MemoryStore['due']>): Promise<Due> => {
      const due = await this.store.due(...asked);
      const isSeen = () => !this.faults.strikes('index behind');
      return { ...due, environments: due.environments.filter(isSeen) };
    },
  };

  readonly #dueJobs = {
    due: async (now: Instant, limit: number) => {
      const due = await this.data.jobs.due(now, limit);
      return { ...due, jobs: due.jobs.filter(() => !this.faults.strikes('index behind')) };
    },
  };
}
