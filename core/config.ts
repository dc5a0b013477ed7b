/**
 * getschwifty.config.yaml: what the people who run GetSchwifty decide. Checked as a whole at synth; each Lambda checks
 * again what it needs of it.
 */

import { Builds } from './builds.ts';
import { Catalog } from './catalog.ts';
import { Cluster, PlacedEnvironment } from './cluster.ts';
import { Prices } from './cost.ts';
import { Dns } from './dns.ts';
import { Identity } from './identity.ts';
import { type EnvironmentKey, environmentId } from './names.ts';
import { Policy, Waiver } from './policy.ts';
import { Rate } from './rate.ts';
import { Group, Team } from './team.ts';
import * as z from './zod.ts';

/** What must be there once: with two of a name, nobody could say which of them decides. */
const namesOf = (config: {
  clusters: readonly Cluster[];
  teams: readonly Team[];
  environments: readonly EnvironmentKey[];
  waivers: readonly Waiver[];
  catalog: Catalog;
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
    /** Who signs people in. Without it the stack makes a user pool, with the groups that are named here. */
    identity: z.optional(Identity),
    /** The group of those who run GetSchwifty: they see each environment's story and redrive what failed. */
    operators: z._default(Group, 'getschwifty-operators'),
    /** The group of those who see and refuse any team's images. */
    security: z._default(Group, 'getschwifty-security'),
    /** Their repositories are made by the stack, and stay with it. */
    environments: z.array(PlacedEnvironment),
    catalog: Catalog,
    builds: z.prefault(Builds, {}),
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
      config.clusters.forEach(({ certificates }, i) => {
        for (const team of Object.keys(certificates).filter((name) => !teams.has(name)))
          context.addIssue({
            code: 'custom',
            path: ['clusters', i, 'certificates', team],
            message: `no team is called ${team}`,
          });
      });
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
