/** The stages that read queues, over whatever adapters they are given; a configuration and two people to run them with. */
import { makeHostKey } from '#adapters/host-key.ts';
import type { BuildLogs, BuildRecords, ImageBuilder } from '#core/build-ports.ts';
import { Config } from '#core/config.ts';
import { flow, type Stage } from '#core/flow.ts';
import type { SlotsPlace } from '#core/jobs/slot-objects.ts';
import type {
  Clock,
  ClusterClient,
  DnsZone,
  EnvironmentStore,
  ImagePromoter,
  ImageScanner,
  Notices,
  Pager,
  Reports,
  RepositoryMaker,
  RepositoryRemover,
  Sweeps,
  Waivers,
} from '#core/ports.ts';
import { type LookStage, lookStages } from '#core/reconcile.ts';
import type { Person } from '#core/roles.ts';
import type { KeptSnapshots } from '#core/snapshot-ports.ts';
import type { Transfers } from '#core/transfer/ports.ts';
import { build } from '#lambdas/build/build.ts';
import { deploy } from '#lambdas/deploy/deploy.ts';
import { dns } from '#lambdas/dns/dns.ts';
import { gate } from '#lambdas/gate/gate.ts';
import { jobSlots } from '#lambdas/job-slots/slots.ts';
import { jobStarts } from '#lambdas/job-starts/starts.ts';
import { jobs } from '#lambdas/jobs/jobs.ts';
import { tellPager } from '#lambdas/pager/pager.ts';
import { promote } from '#lambdas/promote/promote.ts';
import { remove } from '#lambdas/remove/remove.ts';
import type { HandleAll } from '#lambdas/runtime/batch.ts';
import type { Handle } from '#lambdas/runtime/queue.ts';
import { schedule } from '#lambdas/schedule/schedule.ts';
import type { DataJobs } from './data-jobs.ts';
import { type Envelope, matches } from './event-pattern.ts';

export const config = Config.parse({
  dns: { zone: 'schwifty.example' },
  clusters: [{ name: 'main', kubernetesVersion: '1.36' }],
  teams: [{ name: 'checkout', members: 'checkout-members', approvers: 'checkout-approvers' }],
  environments: [
    { team: 'checkout', name: 'web', cluster: 'main' },
    { team: 'checkout', name: 'shop', cluster: 'main' },
  ],
  catalog: {
    bases: [{ name: 'debian-12', repository: 'base/debian', tag: 'bookworm', takes: ['pip', 'npm'] }],
  },
  policy: { version: '1', block: ['CRITICAL', 'HIGH'], maxScanAgeHours: 24, maxRemediations: 2 },
});

export const registryHost = '000000000000.dkr.ecr.us-east-1.amazonaws.com';
/** What gates are made from, and whom they ask. */
const access = {
  image: `${registryHost}/assets@sha256:${'a'.repeat(64)}`,
  url: 'http://10.96.0.10:8080',
};
const slotsPlace: SlotsPlace = {
  kubernetesVersion: '1.36',
  workerImage: `${registryHost}/assets@sha256:${'b'.repeat(64)}`,
  architecture: 'amd64',
  region: 'us-east-1',
};
export const rita: Person = { name: 'rita', groups: ['checkout-members'] };
export const anna: Person = { name: 'anna', groups: ['checkout-members', 'checkout-approvers'] };

export type QueueStage = LookStage;
const withQueues: readonly Stage[] = lookStages;
const isQueueStage = (stage: Stage): stage is QueueStage => withQueues.includes(stage);

/** The stages whose rule takes this event. */
export const takersOf = (event: Envelope): QueueStage[] =>
  flow.flatMap(({ stage, on }) =>
    isQueueStage(stage) && on.some((subscription) => matches(subscription, event)) ? [stage] : [],
  );

export interface StageDeps {
  readonly store: EnvironmentStore;
  readonly scanner: ImageScanner;
  readonly reports: Reports;
  readonly promoter: ImagePromoter;
  readonly builder: ImageBuilder;
  readonly logs: BuildLogs;
  readonly records: BuildRecords;
  readonly cluster: ClusterClient;
  readonly clusterName: string;
  readonly zone: DnsZone;
  readonly sweeps: Sweeps;
  readonly waivers: Waivers;
  readonly snapshots: KeptSnapshots;
  readonly transfers: Transfers;
  readonly repositories: RepositoryMaker & RepositoryRemover;
  readonly notices: Notices;
  readonly pager: Pager;
  readonly clock: Clock;
  readonly config: Config;
  readonly data: DataJobs;
}

export const installation = '0123456789ab';

/** A stage that takes batches, given one message at a time. */
const alone =
  (handleAll: HandleAll): Handle =>
  async (signal, cause) => {
    const [error] = await handleAll([{ signal, cause }]);
    if (error !== undefined) throw error;
  };

export function stagesOf(deps: StageDeps): Record<QueueStage, Handle> {
  return {
    build: build(deps),
    gate: gate(deps),
    promote: promote(deps),
    deploy: deploy({ ...deps, registry: registryHost, access, makeHostKey }),
    dns: alone(dns({ ...deps, installation })),
    remove: remove(deps),
    jobs: jobs({ ...deps.data, clock: deps.clock }),
    'job-slots': jobSlots({ ...deps, ...deps.data, place: slotsPlace }),
    'job-starts': jobStarts({ ...deps, ...deps.data, bucket: deps.data.place.bucket }),
    schedule: schedule(deps),
    pager: tellPager(deps),
  };
}
