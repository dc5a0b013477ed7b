/** What the configuration says of shares: core/jobs/share.ts has what comes of it. */
import type { TeamName } from '../names.ts';
import * as z from '../zod.ts';
import type { Sharing } from './share.ts';

/** That data jobs may have in a cluster at once, those that hold a snapshot not counted. Without it, as many as they want. */
export const JobWorkers = z.optional(z.int().check(z.minimum(1), z.maximum(10_000)));

/** Where a cluster's workers are shared, a team of weight 2 has twice as many as one of weight 1. */
export const JobWeight = z._default(z.int().check(z.minimum(1), z.maximum(100)), 1);

interface Settings {
  readonly teams: readonly { readonly name: TeamName; readonly jobWeight: number }[];
  readonly clusters: readonly { readonly name: string; readonly jobWorkers?: number | undefined }[];
}

/** Of each cluster; undefined where it has workers for whoever wants some. */
export function sharingOf({ teams, clusters }: Settings): (cluster: string) => Sharing | undefined {
  const weightOf = (team: TeamName) => teams.find(({ name }) => name === team)?.jobWeight ?? 1;
  return (cluster) => {
    const workers = clusters.find(({ name }) => name === cluster)?.jobWorkers;
    return workers === undefined ? undefined : { workers, weightOf };
  };
}
