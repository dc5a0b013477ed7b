/**
 * The AWS identity of a job's workers: their team's role, which is given to the service account of the job's namespace. It is
 * made before the first worker is wanted, by who is outside of the cluster's network, and taken away when none is there any more.
 */
import type { SlotsWanted } from './slots.ts';

/** A job in its cluster. */
export type PlacedJob = Pick<SlotsWanted, 'team' | 'name' | 'cluster'>;

export interface WorkerIdentities {
  /** Doing it twice is doing it once. It counts some seconds later: a worker asks again until then. */
  make(job: PlacedJob): Promise<void>;
  /** What is not there is gone. */
  remove(job: PlacedJob): Promise<void>;
}
