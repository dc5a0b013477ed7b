/**
 * Whose the workers of a cluster are where it has fewer than all data jobs together could use. Each job says how many it could use,
 * and works out its own share of what all say: nobody gives shares out. A worker is there for a chunk, so shares move with the chunks.
 */
import { addSeconds, ClusterName, Instant, TeamName } from '../names.ts';
import * as z from '../zod.ts';
import { type Priority, priorities } from './priority.ts';
import { JobName } from './slots.ts';

/** What a job could use, said by itself; what it said before counts no more. */
export const Demand = z.object({
  cluster: ClusterName,
  team: TeamName,
  name: JobName,
  priority: z.enum(priorities),
  /** Workers at chunks; none once it has no use for any. */
  workers: z.int().check(z.minimum(0), z.maximum(1000)),
  at: Instant,
});
export type Demand = z.infer<typeof Demand>;

export interface Demands {
  /** All that jobs of the cluster said, of any age up to a day. */
  of(cluster: Demand['cluster']): Promise<readonly Demand[]>;
  /** Of two that a job said, the later counts, whichever comes first. */
  say(demand: Demand): Promise<void>;
}

/** What the configuration says of one cluster. */
export interface Sharing {
  /** All that data jobs may have there at once. */
  readonly workers: number;
  /** Of two teams, one of weight 2 gets twice as many as one of weight 1. */
  readonly weightOf: (team: TeamName) => number;
}

/** A job that runs says it again each few minutes: one that said nothing for so long has gone without a word. */
const freshSeconds = 600;
const againSeconds = 240;

export const isFresh = ({ at }: Demand, now: Instant): boolean => addSeconds(at, freshSeconds) > now;

/** Whether it is to be said, beside what was said before. */
export function isNews(demand: Demand, before: Demand | undefined): boolean {
  if (before === undefined) return demand.workers > 0;
  const { workers, priority } = before;
  if (workers !== demand.workers || priority !== demand.priority) return true;
  return demand.workers > 0 && addSeconds(before.at, againSeconds) <= demand.at;
}

/**
 * One worker after the other goes to the team that has the fewest for its weight, of equals to the one whose job is the oldest, and in
 * it to the job of the highest priority that can use one more, of equals to the one that has the fewest. A priority is told within a team: between teams it would be everybody's.
 * @param demands fresh ones, one of each job.
 * @returns by the job's name; together `sharing.workers` at most, and no fewer unless nobody could use more.
 */
export function sharesOf(demands: readonly Demand[], sharing: Sharing): ReadonlyMap<JobName, number> {
  const teams = teamsOf(demands, sharing);
  const shares = new Map<JobName, number>(demands.map(({ name }) => [name, 0]));
  for (let left = sharing.workers; left > 0; left--) {
    const team = least(
      teams.filter(({ jobs }) => jobs.length > 0),
      (one) => one.has / one.weight,
    );
    const job = team && nextJob(team.jobs, shares);
    if (team === undefined || job === undefined) break;
    const has = (shares.get(job.name) ?? 0) + 1;
    shares.set(job.name, has);
    team.has += 1;
    if (has === job.workers) team.jobs = team.jobs.filter((one) => one !== job);
  }
  return shares;
}

interface TeamShare {
  readonly weight: number;
  has: number;
  /** That can use more, the oldest first. */
  jobs: readonly Demand[];
}

function teamsOf(demands: readonly Demand[], { weightOf }: Sharing): TeamShare[] {
  const wanting = demands
    .filter(({ workers }) => workers > 0)
    .sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  // In the order of their oldest jobs: where there are fewer workers than teams, each has its turn when those before it are done.
  const byTeam = Map.groupBy(wanting, ({ team }) => team);
  return [...byTeam].map(([team, jobs]) => ({ weight: weightOf(team), has: 0, jobs }));
}

const rank: Readonly<Record<Priority, number>> = { low: 0, normal: 1, high: 2 };

function nextJob(jobs: readonly Demand[], shares: ReadonlyMap<JobName, number>): Demand | undefined {
  const highest = Math.max(...jobs.map(({ priority }) => rank[priority]));
  return least(
    jobs.filter(({ priority }) => rank[priority] === highest),
    ({ name }) => shares.get(name) ?? 0,
  );
}

/** The first of those that have the least. */
function least<T>(all: readonly T[], of: (one: T) => number): T | undefined {
  let [found, lowest]: [T | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
  for (const one of all) {
    const value = of(one);
    if (value < lowest) [found, lowest] = [one, value];
  }
  return found;
}
