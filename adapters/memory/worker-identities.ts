/** The identities of workers, in memory: `cluster/job` of each. */
import type { PlacedJob, WorkerIdentities } from '#core/jobs/worker-identities.ts';

export class MemoryWorkerIdentities implements WorkerIdentities {
  readonly made = new Set<string>();

  async make(job: PlacedJob): Promise<void> {
    this.made.add(idOf(job));
  }

  async remove(job: PlacedJob): Promise<void> {
    this.made.delete(idOf(job));
  }
}

const idOf = ({ cluster, name }: PlacedJob): string => `${cluster}/${name}`;
