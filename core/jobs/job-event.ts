/** What is said of a data job: by its stage, which looks at it, and by people. */
import type { Part } from './chunk.ts';
import type { Tally } from './tally.ts';

export type JobEvent =
  /** @property chunks of the plan; none for a dataset without a byte in it. */
  | {
      readonly kind: 'listed';
      readonly chunks: number;
      readonly bytes: number;
      /** Read once over before it could be cut. */
      readonly passBytes?: number;
    }
  /** The dataset can't be read, or can't be planned: why, and what to do. */
  | { readonly kind: 'unreadable'; readonly reason: string }
  /** All chunks before this number were taken by the queue. */
  | { readonly kind: 'sent'; readonly upTo: number }
  /** @property why a worker could not go on, as the cluster has it. */
  | { readonly kind: 'tallied'; readonly tally: Tally; readonly why?: string | undefined }
  /** For how long workers had room on nodes, all of them added up. */
  | { readonly kind: 'workers-seen'; readonly seconds: number }
  /** What the cluster would not have of its namespace, in the cluster's words; absent where it took all. */
  | { readonly kind: 'cluster-seen'; readonly refused?: string | undefined }
  /** Who was to cut its table did not come to its database: why. */
  | { readonly kind: 'database-away'; readonly why: string }
  /** What all its chunks are to be read of is gone: why. The sums are of later than that. */
  | { readonly kind: 'snapshot-lost'; readonly reason: string; readonly tally: Tally }
  /** How many messages its queue has, those that workers are at with them. */
  | { readonly kind: 'queue-seen'; readonly messages: number }
  | { readonly kind: 'pause' | 'resume' | 'cancel'; readonly by: string }
  /** @property memoryMiB of each command from then on; as it was, where nobody says. */
  | { readonly kind: 'retry'; readonly by: string; readonly memoryMiB?: number | undefined }
  /** The failed chunks are waiting again. */
  | { readonly kind: 'retried'; readonly tally: Tally }
  /** Absent where it made nothing. */
  | { readonly kind: 'reduced'; readonly result: Part['output'] }
  | { readonly kind: 'not-reduced'; readonly reason: string }
  | { readonly kind: 'manifest-written' }
  /** Nothing of it is left but its results. */
  | { readonly kind: 'taken-away' };
