/** What the DNS stage would do, asked of it without doing it: of one environment, or of a page of the zone. */
import type { DnsChange } from './dns.ts';
import type { ZonePlan } from './dns-batch.ts';
import { EnvironmentKey, environmentId } from './names.ts';
import * as z from './zod.ts';

const Position = z.object({ name: z.string(), type: z.optional(z.string()) });

export const DryRunRequest = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('plan-name'), environment: EnvironmentKey }),
  z.object({ kind: z.literal('plan-page'), from: z.optional(Position) }),
]);
export type DryRunRequest = z.infer<typeof DryRunRequest>;

const PlannedChange = z.object({
  action: z.enum(['CREATE', 'DELETE']),
  type: z.string(),
  name: z.string(),
  /** Addresses, text, or the load balancer that it is an alias of. */
  values: z.array(z.string()),
});

export const PlannedName = z.object({
  environment: z.string(),
  /** Where it is to point; without it, it goes. */
  target: z.optional(z.string()),
  changes: z.array(PlannedChange),
  /** Why it is left as it is. */
  left: z.optional(z.string()),
});
export type PlannedName = z.infer<typeof PlannedName>;

export const DryRunAnswer = z.object({ names: z.array(PlannedName), next: z.optional(Position) });
export type DryRunAnswer = z.infer<typeof DryRunAnswer>;

const plannedChange = ({ action, record }: DnsChange): z.infer<typeof PlannedChange> => ({
  action,
  type: record.type,
  name: record.name,
  values: 'alias' in record ? [`alias of ${record.alias.target}`] : [...record.values],
});

export function plannedName(
  key: EnvironmentKey,
  target: string | undefined,
  { groups, foreign }: ZonePlan,
): PlannedName {
  const environment = environmentId(key);
  const changes = groups.filter(({ id }) => id === environment).flatMap((group) => group.changes);
  const left = foreign.get(environment);
  return {
    environment,
    ...(target !== undefined && { target }),
    changes: changes.map(plannedChange),
    ...(left !== undefined && { left }),
  };
}
