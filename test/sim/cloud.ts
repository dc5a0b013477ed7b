/**
 * The control plane on memory adapters and virtual time: what there is of it, each function's ports made faulty, and the stages over
 * them. Messages are in deliveries.ts, the table's stream and reconcile in outgoing.ts, the API in front.ts. The code of the stages is
 * the product's own.
 */
import * as items from '#adapters/aws/items.ts';
import { MemoryBuildLogs } from '#adapters/memory/build-logs.ts';
import { MemoryBuildRecords } from '#adapters/memory/build-records.ts';
import { MemoryBuilder } from '#adapters/memory/builder.ts';
import { MemoryCluster } from '#adapters/memory/cluster.ts';
import { MemoryPager } from '#adapters/memory/messages.ts';
import { MemoryNotices } from '#adapters/memory/notices.ts';
import { MemoryRegistry } from '#adapters/memory/registry.ts';
import { MemoryReports } from '#adapters/memory/reports.ts';
import { MemoryStore } from '#adapters/memory/store.ts';
import { MemoryWaivers } from '#adapters/memory/waivers.ts';
import { MemoryZone } from '#adapters/memory/zone.ts';
import type { Config } from '#core/config.ts';
import type { Change } from '#core/decision.ts';
import { Rejected } from '#core/errors.ts';
import type { Enclosed } from '#core/ports.ts';
import type { KeptWaiver } from '#core/waiver.ts';
import { digestOf, start } from '../contracts/samples.ts';
import { registryHost, stagesOf } from '../lambdas/stages.ts';
import { Deliveries, type HandleOf } from './deliveries.ts';
import { Faults, type Invocation } from './faults.ts';
import { Front } from './front.ts';
import { Functions, type Setting } from './functions.ts';
import { JobsWorld } from './jobs/world.ts';
import { Oracle } from './oracle.ts';
import { Outgoing } from './outgoing.ts';
import { Random } from './random.ts';
import { Timeline } from './timeline.ts';
import { snapshotDriver } from './volumes.ts';

export class Cloud implements Setting {
  readonly timeline = new Timeline(start);
  readonly random: Random;
  readonly faults: Faults;
  readonly oracle: Oracle;
  readonly trace: (line: string) => void;
  readonly store = new MemoryStore();
  readonly registry = new MemoryRegistry(this.timeline);
  readonly builder = new MemoryBuilder(registryHost);
  readonly clusters: ReadonlyMap<string, MemoryCluster>;
  readonly zone = new MemoryZone(this.timeline);
  readonly notices = new MemoryNotices();
  readonly reports = new MemoryReports();
  readonly pager = new MemoryPager();
  readonly waivers = new MemoryWaivers();
  readonly #records = new MemoryBuildRecords();
  readonly data: JobsWorld;
  readonly functions: Functions;
  readonly deliveries: Deliveries;
  readonly outgoing: Outgoing;
  readonly front: Front;

  readonly hasJobs: boolean;

  constructor(seed: number, config: Config, trace: (line: string) => void, hasJobs = false) {
    this.hasJobs = hasJobs;
    this.random = new Random(seed);
    this.faults = new Faults(this.random);
    this.oracle = new Oracle(() => this.timeline.now());
    this.trace = trace;
    const { times, handed, kept } = this.oracle;
    times.onDone = (what) => this.faults.count(what);
    handed.onDone = (what) => this.faults.count(what);
    kept.onDone = (what) => this.faults.count(what);
    times.wasTold = (incident) =>
      this.pager.notices.some(({ body }) => body['state'] === 'open' && body['incident'] === incident);
    this.functions = new Functions(this, config);
    this.clusters = new Map(config.clusters.map(({ name }) => [name, new MemoryCluster()]));
    for (const { name, volumes } of config.clusters)
      if (volumes.some(({ snapshotClass }) => snapshotClass !== undefined))
        this.clusterNamed(name).snapshotClass = { deletionPolicy: 'Retain', driver: snapshotDriver };
    // One that resizes pods that run, and one that does not.
    for (const cluster of this.clusters.values()) cluster.resizes = this.random.chance(0.5);
    for (const cluster of this.clusters.values()) cluster.before = () => this.#refuseObject();
    this.deliveries = new Deliveries(this, this.functions, this.#handleOf);
    this.data = new JobsWorld(this);
    const { jobs } = this.data;
    const indexed = { store: this.store, jobs, standing: jobs.standing };
    this.outgoing = new Outgoing(this, this.functions, this.deliveries, indexed);
    this.front = new Front(this);
    this.builder.addBase('base/debian', 'bookworm', digestOf('base'));
    this.registry.push('base/debian', digestOf('base'), 'bookworm');
    this.registry.onlyMade = true;
    for (const environment of config.environments) void this.registry.make(environment);
    this.outgoing.everyMinute();
  }

  /** An admission webhook of somebody else that says no. */
  #refuseObject(): void {
    if (this.faults.strikes('object refused', 0.3))
      throw new Rejected('admission webhook denied the request');
  }

  clusterNamed(name: string): MemoryCluster {
    const cluster = this.clusters.get(name);
    if (!cluster) throw new Error(`there is no cluster ${name}`);
    return cluster;
  }

  /** What every function has. */
  partsOf(invocation: Invocation) {
    const written = (method: string, args: readonly unknown[]): void => {
      if (method !== 'write') return;
      const { also } = (args[1] ?? {}) as Enclosed;
      for (const change of also ? [args[0] as Change, also] : [args[0] as Change]) this.#written(change);
    };
    const watched = this.oracle.watching(this.store, invocation);
    const port = this.functions.portsOf(invocation);
    const store = port('store', watched, written);
    const beside = this.functions.portsBeside(invocation);
    const waivers = beside('waivers', this.waivers, (method, [waiver]) => {
      if (method === 'write') this.oracle.waived(waiver as KeptWaiver);
    });
    const { transfers, snapshots } = this.store;
    const kept = { transfers: beside('transfers', transfers), snapshots: beside('snapshots', snapshots) };
    return { clock: this.functions.clockOf(invocation), store, waivers, ...kept };
  }

  #handleOf: HandleOf = (stage, cluster, invocation) => {
    const handle = stagesOf(this.#depsOf(cluster, invocation))[stage];
    if (stage !== 'jobs') return handle;
    return async (signal, cause) => {
      this.data.looks(invocation);
      await handle(signal, cause);
      this.data.looked(invocation);
    };
  };

  #depsOf(clusterName: string, invocation: Invocation) {
    const cluster = this.clusters.get(clusterName) ?? new MemoryCluster();
    const { oracle, builder, registry, zone, notices, pager, reports, functions, outgoing } = this;
    const port = functions.portsOf(invocation);
    return {
      ...this.partsOf(invocation),
      scanner: port('scanner', registry),
      promoter: port('promoter', registry, (_, args) => oracle.copied(invocation, args)),
      builder: port(
        'builder',
        builder,
        (method, _, id) => method === 'start' && oracle.buildStarted(String(id)),
      ),
      cluster: port('cluster', cluster, (method, args) => {
        if (method === 'apply') oracle.applied(clusterName, args[0], invocation);
      }),
      clusterName,
      zone: port('zone', zone),
      sweeps: port('sweeps', outgoing.sweeps),
      // Nobody prints in the simulation.
      logs: new MemoryBuildLogs(),
      records: functions.portsBeside(invocation)('records', this.#records),
      repositories: port('repositories', registry),
      notices: port('notices', notices),
      reports: port('reports', reports),
      pager: port('pager', pager),
      config: invocation.config,
      data: this.data.depsOf(clusterName, invocation, functions.around),
    };
  }

  #written(change: Change): void {
    this.oracle.wrote(change);
    this.outgoing.written(items.outboxItems(change).map((item) => items.outboxEntry(item)));
  }
}
