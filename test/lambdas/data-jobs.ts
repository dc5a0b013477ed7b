/** What the stages of data jobs know of the world, in memory; workers are played by a test. */
import { MemoryChunks } from '#adapters/memory/chunks.ts';
import { MemoryDemands } from '#adapters/memory/demands.ts';
import { MemoryJobCluster } from '#adapters/memory/job-cluster.ts';
import { MemoryJobObjects } from '#adapters/memory/job-objects.ts';
import { MemoryJobQueues } from '#adapters/memory/job-queues.ts';
import { MemoryJobs } from '#adapters/memory/jobs.ts';
import { MemorySlots } from '#adapters/memory/slots.ts';
import { MemoryWorkerIdentities } from '#adapters/memory/worker-identities.ts';
import type { JobCluster } from '#core/jobs/slot-sight.ts';
import type { Slots } from '#core/jobs/slots.ts';
import type { StandingJobs } from '#core/jobs/standing/ports.ts';
import type { JobsDeps } from '#lambdas/jobs/deps.ts';

export interface DataJobs extends Omit<JobsDeps, 'clock' | 'slots'> {
  readonly slots: Slots;
  readonly standing: StandingJobs;
  readonly cluster: JobCluster;
}

export function memoryDataJobs(jobs = new MemoryJobs()) {
  const objects = new MemoryJobObjects();
  return {
    jobs,
    standing: jobs.standing,
    chunks: new MemoryChunks(),
    queues: new MemoryJobQueues(),
    datasets: objects,
    input: () => objects,
    objects,
    slots: new MemorySlots(),
    identities: new MemoryWorkerIdentities(),
    demands: new MemoryDemands(),
    sharing: () => undefined,
    cluster: new MemoryJobCluster(),
    place: { table: 't', bucket: 'jobs', registry: 'registry.example' },
    database: () => undefined,
  } satisfies DataJobs;
}
