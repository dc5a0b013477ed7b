/** getschwifty.config.yaml: what the people who run GetSchwifty decide. Checked at synth and again in each Lambda. */

import { Prices } from './cost.ts';
import { ClusterName, EnvironmentKey, environmentId, TeamName } from './names.ts';
import { isSystem, PackageManager } from './packages.ts';
import { Policy, Waiver } from './policy.ts';
import { Rate } from './rate.ts';
import { Quota } from './usage.ts';
import * as z from './zod.ts';

const Group = z.string().check(z.minLength(1), z.maxLength(128));

export const Team = z.strictObject({
  name: TeamName,
  /** Groups of the identity provider, as its tokens name them. */
  members: Group,
  approvers: Group,
  /** May all in this team that members and approvers may; without it nobody is. */
  admins: z.optional(Group),
  /** Four eyes unless the team says otherwise. */
  requesterMayApprove: z._default(z.boolean(), false),
  /** What all its environments may ask for together, in all clusters. */
  quota: z.prefault(Quota, {}),
  /** How often its people may ask the API, all together. */
  rate: z.optional(Rate),
});
export type Team = z.infer<typeof Team>;

export const BaseImage = z.strictObject({
  name: z.string().check(z.regex(/^[a-z0-9][a-z0-9.-]{0,63}$/)),
  /** A repository of our own registry: bases are mirrored, so that what is built from is scanned and stays. */
  repository: z.string().check(z.regex(/^base\/[a-z0-9][a-z0-9/_.-]*$/)),
  tag: z.string().check(z.minLength(1), z.maxLength(128)),
  takes: z
    .array(PackageManager)
    .check(
      z.refine((takes) => takes.filter(isSystem).length <= 1, 'apt, apk and dnf: a base has one of them'),
    ),
});
type BaseImage = z.infer<typeof BaseImage>;

export const Cluster = z.strictObject({
  name: ClusterName,
  kubernetesVersion: z.string().check(z.regex(/^1\.\d+$/)),
  /** Who reaches an environment's address: the VPC, or everybody. */
  loadBalancerScheme: z._default(z.enum(['internal', 'internet-facing']), 'internal'),
});
export type Cluster = z.infer<typeof Cluster>;

const Dns = z.strictObject({
  /** Environments are called `<name>.<team>.<zone>`. */
  zone: z.string().check(z.regex(/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/)),
  /** The id of a zone that exists; without it the zone is made. */
  hostedZoneId: z.optional(z.string()),
});

/** What must be there once: with two of a name, nobody could say which of them decides. */
const namesOf = (config: {
  clusters: readonly Cluster[];
  teams: readonly Team[];
  environments: readonly EnvironmentKey[];
  waivers: readonly Waiver[];
  catalog: { bases: readonly BaseImage[] };
}): Record<string, string[]> => ({
  clusters: config.clusters.map(({ name }) => name),
  teams: config.teams.map(({ name }) => name),
  environments: config.environments.map(environmentId),
  waivers: config.waivers.map(({ id }) => id),
  'catalog.bases': config.catalog.bases.map(({ name }) => name),
});

export const Config = z
  .strictObject({
    dns: Dns,
    clusters: z.array(Cluster).check(z.minLength(1)),
    teams: z.array(Team).check(z.minLength(1)),
    /** The group of those who run GetSchwifty: they see each environment's story and redrive what failed. */
    operators: z._default(Group, 'getschwifty-operators'),
    /** The group of those who see and refuse any team's images. */
    security: z._default(Group, 'getschwifty-security'),
    /** Their repositories are made at deploy time; a request for any other environment is refused. */
    environments: z.array(z.strictObject({ ...EnvironmentKey.shape, cluster: ClusterName })),
    catalog: z.strictObject({ bases: z.array(BaseImage).check(z.minLength(1)) }),
    policy: Policy,
    prices: z.prefault(Prices, {}),
    /** Of a team that says nothing else, and of each person who is in none. */
    rate: z.prefault(Rate, {}),
    waivers: z._default(z.array(Waiver), []),
  })
  .check(
    z.superRefine((config, context) => {
      const teams = new Set<string>(config.teams.map((team) => team.name));
      const clusters = new Set(config.clusters.map((cluster) => cluster.name));
      for (const [list, names] of Object.entries(namesOf(config))) {
        const twice = new Set(names.filter((name, i) => names.indexOf(name) < i));
        for (const name of twice)
          context.addIssue({ code: 'custom', path: [list], message: `${name} twice` });
      }
      config.environments.forEach((environment, i) => {
        const complain = (field: string, message: string) =>
          context.addIssue({ code: 'custom', path: ['environments', i, field], message });
        if (!teams.has(environment.team)) complain('team', `no team is called ${environment.team}`);
        if (!clusters.has(environment.cluster))
          complain('cluster', `no cluster is called ${environment.cluster}`);
      });
    }),
  );
export type Config = z.infer<typeof Config>;
