/** Whether a team may have a job as it is asked for, and in which cluster: held against the configuration when somebody asks, and again when a standing job starts one. */
import type { Cluster } from '../cluster.ts';
import type { Team } from '../team.ts';
import { mayRead, readableBy } from './location.ts';
import type { JobRequest } from './request.ts';

export interface Fault {
  /** 403: the team may not. 422: there is no such thing. */
  readonly status: 403 | 422;
  /** Of the job's fields. */
  readonly path: string;
  readonly message: string;
}

type Clusters = readonly Pick<Cluster, 'name' | 'jobNodePools'>[];

interface Where {
  readonly team: Pick<Team, 'name' | 'datasets' | 'databases'>;
  readonly clusters: Clusters;
  /** Of jobs. */
  readonly bucket: string;
}

/** @returns its cluster: the one that is asked for, or the first; or what is wrong. */
export function admitted(
  request: JobRequest,
  { team, clusters, bucket }: Where,
): { readonly cluster: string } | readonly [Fault, ...Fault[]] {
  const cluster = clusters.find(({ name }) => request.cluster === undefined || name === request.cluster);
  const [first, ...others] = [
    ...unreadable(request, team, bucket),
    ...otherDatabases(request, team),
    ...otherImage(request, team),
    ...(cluster === undefined ? [noCluster(request, clusters)] : otherPool(request, cluster)),
  ];
  if (first !== undefined) return [first, ...others];
  return { cluster: cluster?.name ?? '' };
}

const fault = (path: string, message: string): Fault => ({ status: 422, path, message });

function unreadable({ dataset }: JobRequest, team: Where['team'], bucket: string): Fault[] {
  if (dataset === undefined) return [];
  const allowed = readableBy(team, bucket);
  if (mayRead(dataset, allowed)) return [];
  const message = `Jobs of team ${team.name} read below ${allowed.join(', ')}, not ${dataset}. Put it there, or ask whoever runs GetSchwifty for another place.`;
  return [{ status: 403, path: 'dataset', message }];
}

function otherDatabases(request: JobRequest, { name, databases }: Where['team']): Fault[] {
  return (['table', 'query', 'target'] as const).flatMap((field) => {
    const asked = request[field]?.database;
    if (asked === undefined || databases.some((one) => one.name === asked)) return [];
    const known =
      databases.length === 0 ? 'it has none' : `it has ${databases.map((one) => one.name).join(', ')}`;
    const message = `team ${name} has no database ${asked}; ${known}: whoever runs GetSchwifty names them`;
    return [fault(`${field}.database`, message)];
  });
}

/** What was released for another team is theirs to run: the cluster would refuse it too. */
function otherImage({ image }: JobRequest, { name }: Where['team']): Fault[] {
  if (image === undefined || image.startsWith(`release/${name}/`)) return [];
  const message = `a job of team ${name} runs what was released for an environment of its own: release/${name}/…`;
  return [fault('image', message)];
}

const noCluster = ({ cluster }: JobRequest, clusters: Clusters): Fault =>
  fault(
    'cluster',
    `no cluster is called ${cluster}; there is ${clusters.map(({ name }) => name).join(', ')}`,
  );

function otherPool({ nodePool }: JobRequest, { name, jobNodePools: pools = [] }: Clusters[number]): Fault[] {
  if (nodePool === undefined || pools.includes(nodePool)) return [];
  const known = pools.length === 0 ? 'none' : pools.join(', ');
  const message = `cluster ${name} lets data jobs ask for ${known}, not ${nodePool}: leave it out, or ask whoever runs GetSchwifty`;
  return [fault('nodePool', message)];
}
