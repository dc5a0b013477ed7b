/** The fakes of adapters/memory pass what the real adapters pass. */
import { MemoryBuckets } from '#adapters/memory/buckets.ts';
import { MemoryBuildLogs } from '#adapters/memory/build-logs.ts';
import { MemoryBuildRecords } from '#adapters/memory/build-records.ts';
import { MemoryBuilder } from '#adapters/memory/builder.ts';
import { MemoryChunkQueue, MemoryChunks } from '#adapters/memory/chunks.ts';
import { MemoryClock } from '#adapters/memory/clock.ts';
import { MemoryCluster } from '#adapters/memory/cluster.ts';
import { MemoryDeadLetters } from '#adapters/memory/dead-letters.ts';
import { MemoryDemands } from '#adapters/memory/demands.ts';
import { MemoryHeartbeat } from '#adapters/memory/heartbeat.ts';
import { MemoryJobCluster } from '#adapters/memory/job-cluster.ts';
import { MemoryJobObjects } from '#adapters/memory/job-objects.ts';
import { MemoryJobQueues } from '#adapters/memory/job-queues.ts';
import { MemoryJobs } from '#adapters/memory/jobs.ts';
import { MemoryBus, MemoryLooks, MemoryPager } from '#adapters/memory/messages.ts';
import { MemoryNotices } from '#adapters/memory/notices.ts';
import { MemoryPersonKeys } from '#adapters/memory/person-keys.ts';
import { MemoryReports } from '#adapters/memory/reports.ts';
import { mergeApplied } from '#adapters/memory/server-side-apply.ts';
import { MemorySlots } from '#adapters/memory/slots.ts';
import { MemorySshSessions } from '#adapters/memory/ssh-sessions.ts';
import { MemoryStore } from '#adapters/memory/store.ts';
import { MemoryWaivers } from '#adapters/memory/waivers.ts';
import { MemoryWorkerIdentities } from '#adapters/memory/worker-identities.ts';
import { MemoryZone } from '#adapters/memory/zone.ts';
import { lineOf } from '#core/build-log.ts';
import type { JobKey } from '#core/jobs/slots.ts';
import type { StandingKey } from '#core/jobs/standing/cause.ts';
import { addSeconds } from '#core/names.ts';
import { told } from '../lambdas/world.ts';
import { bucketsContract } from './buckets.ts';
import { buildLogsContract } from './build-logs.ts';
import { buildRecordsContract } from './build-records.ts';
import { builderContract } from './builder.ts';
import { chunkQueueContract } from './chunk-queue.ts';
import { chunkStoreContract } from './chunk-store.ts';
import { clusterContract } from './cluster.ts';
import { clusterFieldsContract } from './cluster-fields.ts';
import { datasetsContract } from './datasets.ts';
import { deadLetterQueuesContract } from './dead-letter-queues.ts';
import { demandsContract } from './demands.ts';
import { dnsZoneContract } from './dns-zone.ts';
import { eventBusContract } from './event-bus.ts';
import { heartbeatContract } from './heartbeat.ts';
import { jobClusterContract } from './job-cluster.ts';
import { jobObjectsContract } from './job-objects.ts';
import { jobQueuesContract } from './job-queues.ts';
import { jobStoreContract } from './job-store.ts';
import { keptSnapshotsContract } from './kept-snapshots.ts';
import { lookQueuesContract } from './look-queues.ts';
import { noticesContract } from './notices.ts';
import { outboxContract } from './outbox.ts';
import { pagerContract } from './pager.ts';
import { personKeysContract } from './person-keys.ts';
import { quotaContract } from './quota.ts';
import { reportsContract } from './reports.ts';
import { requestsContract } from './requests.ts';
import { digestOf, start } from './samples.ts';
import { slotsContract } from './slots.ts';
import { sshSessionsContract } from './ssh-sessions.ts';
import { standingContract } from './standing.ts';
import { storeContract } from './store.ts';
import { transfersContract } from './transfers.ts';
import { waiversContract } from './waivers.ts';
import { workerIdentitiesContract } from './worker-identities.ts';

storeContract('MemoryStore', () => new MemoryStore());
outboxContract('MemoryStore', () => new MemoryStore());
quotaContract('MemoryStore', () => new MemoryStore());
requestsContract('MemoryRequests', () => {
  const store = new MemoryStore();
  return { requests: store.requests, store };
});
heartbeatContract('MemoryHeartbeat', () => {
  const heartbeat = new MemoryHeartbeat();
  return { heartbeat, heard: async () => heartbeat.beats };
});
bucketsContract('MemoryBuckets', () => new MemoryBuckets());
reportsContract('MemoryReports', async () => {
  const reports = new MemoryReports();
  return { reports, get: async (url) => reports.kept.get(url) };
});
noticesContract('MemoryNotices', () => new MemoryNotices());
sshSessionsContract('MemorySshSessions', () => new MemorySshSessions());
buildRecordsContract('MemoryBuildRecords', () => new MemoryBuildRecords());
personKeysContract('MemoryPersonKeys', () => new MemoryPersonKeys());
keptSnapshotsContract('MemoryKeptSnapshots', () => {
  const store = new MemoryStore();
  return { store, snapshots: store.snapshots };
});
transfersContract('MemoryTransfers', () => {
  const store = new MemoryStore();
  return { store, transfers: store.transfers };
});
demandsContract('MemoryDemands', () => new MemoryDemands());
waiversContract('MemoryWaivers', () => new MemoryWaivers());
jobStoreContract('MemoryJobs', () => {
  const jobs = new MemoryJobs();
  const looks = async ({ name }: JobKey) =>
    jobs.looks.flatMap(({ job, stage }) => (job.name === name ? [stage] : []));
  return { jobs, looks };
});
standingContract('MemoryStanding', () => {
  const store = new MemoryStore();
  const jobs = new MemoryJobs(store);
  const looks = async ({ team, name }: StandingKey) =>
    (await store.pending(addSeconds(start, 1), 100)).flatMap(({ environment, message }) =>
      environment.team === team && environment.name === name && message.kind === 'look'
        ? [message.delaySeconds]
        : [],
    );
  return { standing: jobs.standing, jobs, looks };
});
jobQueuesContract('MemoryJobQueues', () => new MemoryJobQueues());
datasetsContract('MemoryJobObjects', async () => {
  const datasets = new MemoryJobObjects();
  const put = async (...of: Parameters<typeof datasets.put>) => datasets.put(...of);
  return { datasets, bucket: 'lake', put, putParts: put };
});
const identities = new MemoryWorkerIdentities();
workerIdentitiesContract('MemoryWorkerIdentities', {
  identities,
  count: async (job) => [...identities.made].filter((id) => id.endsWith(`/${job}`)).length,
});
jobClusterContract('MemoryJobCluster', () => new MemoryJobCluster());
slotsContract('MemorySlots', () => {
  const slots = new MemorySlots();
  return {
    slots,
    told: async ({ name }) => slots.told.flatMap(({ type, job }) => (job.name === name ? [type] : [])).sort(),
    looks: async ({ name }) =>
      slots.looks.flatMap(({ job, delaySeconds }) => (job.name === name ? [delaySeconds] : [])),
  };
});
chunkStoreContract('MemoryChunks', () => new MemoryChunks());
chunkQueueContract('MemoryChunkQueue', async () => {
  const queue = new MemoryChunkQueue();
  return { queue, put: async (body) => queue.put(body) };
});
jobObjectsContract('MemoryJobObjects', async () => {
  const objects = new MemoryJobObjects();
  return {
    objects,
    put: async (key, bytes) => objects.put(key, bytes),
    remove: async (key) => objects.remove(key),
    result: async (key) => objects.results.get(key),
    unfinished: async () => [...objects.unfinished],
  };
});
dnsZoneContract('MemoryZone', 'schwifty.example', () => new MemoryZone());

eventBusContract('MemoryBus', async () => {
  const bus = new MemoryBus();
  return { bus, received: async () => bus.told.splice(0).map(told) };
});

lookQueuesContract('MemoryLooks', async () => {
  const looks = new MemoryLooks();
  looks.clusters = ['main', 'second'];
  const of = (stage: string, cluster: string, isDelayed: boolean) =>
    looks.sent.filter(
      (one) => one.stage === stage && one.cluster === cluster && one.delaySeconds > 0 === isDelayed,
    );
  return {
    looks,
    received: async (stage, cluster) => of(stage, cluster, false).map(({ look }) => look),
    delayed: async (stage, cluster) => of(stage, cluster, true).length,
  };
});

pagerContract('MemoryPager', async () => {
  const pager = new MemoryPager();
  return { pager, received: async () => pager.notices.splice(0) };
});

deadLetterQueuesContract('MemoryDeadLetters', async () => {
  const url = 'https://sqs.example/dead';
  const stage = { name: 'stage', url, queueUrl: 'https://sqs.example/stage', remedy: 'move' as const };
  const places = [stage, { name: 'stream', url, remedy: 'drain' as const }];
  const queues = new MemoryDeadLetters(places, new MemoryClock(start));
  let sent = 0;
  return {
    queues,
    put: async (body, attributes) => {
      sent += 1;
      queues.put('stage', { id: `m-${sent}`, body, sentAt: start, attributes, movedBySqs: false });
    },
    resent: async () => queues.resent.splice(0).map(({ body }) => body),
  };
});

buildLogsContract('MemoryBuildLogs', async () => {
  const logs = new MemoryBuildLogs();
  return {
    logs,
    write: async (key, number, texts) => logs.write(key, number, ...texts.map((text) => lineOf(0, text))),
  };
});

builderContract('MemoryBuilder', async () => {
  const builder = new MemoryBuilder('r.example');
  builder.addBase('base/debian', 'bookworm', digestOf('base'));
  return {
    builder,
    base: {
      repository: 'base/debian',
      tag: 'bookworm',
      reference: `r.example/base/debian@${digestOf('base')}`,
    },
    stop: async (id) => builder.end(id, 'STOPPED.'),
  };
});

clusterContract('MemoryCluster', async () => new MemoryCluster());

clusterFieldsContract('MemoryCluster', 'memory', async () => {
  const cluster = new MemoryCluster();
  return {
    cluster,
    edit: async (key, kind, name, patch) =>
      cluster.edit(key, kind, (object) => mergeApplied(object, patch), name),
    delete: async (key, kind, name) => cluster.delete(key, kind, name),
  };
});
