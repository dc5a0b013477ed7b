/** Snapshots that a team keeps: as they are asked for, and what is told of one. What the cluster calls it is no part of a request. */
import { ClusterName, EnvironmentKey, Instant, TeamName } from '#core/names.ts';
import { SnapshotName } from '#core/snapshot-name.ts';
import * as z from '#core/zod.ts';

export const SnapshotPath = z.object({ team: TeamName, name: SnapshotName });

export const SnapshotAnswer = z.object({
  name: SnapshotName,
  state: z.enum(['kept', 'unwanted']),
  /** Whose volume it was. */
  of: EnvironmentKey,
  cluster: ClusterName,
  class: z.string(),
  sizeGiB: z.int(),
  takenAt: Instant,
  /** For who looks for it in AWS. */
  driver: z.string(),
  handle: z.string(),
  /** At the most: what is stored is what differs from another snapshot of the volume. */
  perMonth: z.number(),
  currency: z.string(),
  by: z.optional(z.string()),
  since: z.optional(Instant),
});
export type SnapshotAnswer = z.infer<typeof SnapshotAnswer>;

/** One page, by name; `next` is the cursor of the page after it, if there is one. */
export const SnapshotsAnswer = z.object({
  snapshots: z.array(SnapshotAnswer),
  next: z.optional(z.string()),
});
export type SnapshotsAnswer = z.infer<typeof SnapshotsAnswer>;
