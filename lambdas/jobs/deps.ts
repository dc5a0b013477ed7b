/** What the stage of jobs needs of the world. */
import type { Database } from '#core/jobs/databases.ts';
import type { Datasets, JobQueues, JobStore } from '#core/jobs/job-ports.ts';
import type { ChunkStore, JobObjects } from '#core/jobs/ports.ts';
import type { Demands, Sharing } from '#core/jobs/share.ts';
import type { Slots } from '#core/jobs/slots.ts';
import type { WorkerIdentities } from '#core/jobs/worker-identities.ts';
import type { TeamName } from '#core/names.ts';
import type { Clock } from '#core/ports.ts';
import type { Pause } from '../runtime/queue.ts';

export interface JobsDeps {
  readonly jobs: JobStore;
  readonly chunks: Omit<ChunkStore, 'runs'>;
  readonly queues: JobQueues;
  readonly datasets: Datasets;
  /** Of the bucket that a dataset is in. */
  readonly input: (bucket: string) => Pick<JobObjects, 'read'>;
  /** Of the bucket that results go to. */
  readonly objects: Pick<JobObjects, 'begin' | 'result' | 'sweep'>;
  readonly slots: Pick<Slots, 'wanted' | 'seen' | 'want'>;
  readonly identities: WorkerIdentities;
  readonly demands: Demands;
  /** As the configuration has it now; undefined where the cluster has workers for whoever wants some. */
  readonly sharing: (cluster: string) => Sharing | undefined;
  /** As the workers know it. */
  readonly place: { readonly table: string; readonly bucket: string; readonly registry: string };
  /** As the configuration has it now; undefined where it has none of that name. */
  readonly database: (team: TeamName, name: string) => Database | undefined;
  readonly clock: Clock;
  /** Before it is written again upon what others wrote. */
  readonly pause?: Pause;
}
