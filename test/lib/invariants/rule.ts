/** An invariant over synthesized stacks as a value: what it finds wrong, and violations that it must find when planted. */
import * as z from '#core/zod.ts';
import { list, type Resource, target } from '../assembly.ts';

/** By stack, then by logical id. */
export type Stacks = ReadonlyMap<string, Readonly<Record<string, Resource>>>;

export interface Invariant {
  readonly says: string;
  /** One line each, naming the resource. */
  readonly problems: (stacks: Stacks) => readonly string[];
  /** Each breaks a copy of the stacks: what is done → how. */
  readonly plants: Readonly<Record<string, (stacks: Stacks) => void>>;
}

export interface Found extends Resource {
  readonly stack: string;
  readonly id: string;
}

export const every = (stacks: Stacks, ...types: string[]): Found[] =>
  [...stacks].flatMap(([stack, resources]) =>
    Object.entries(resources).flatMap(([id, resource]) =>
      types.includes(resource.Type) ? [{ stack, id, ...resource }] : [],
    ),
  );

/** For plants: the first of a type, or of those that have a property. */
export function first(stacks: Stacks, type: string, property?: string): Record<string, unknown> {
  const found = every(stacks, type).find(
    ({ Properties }) => property === undefined || Properties[property] !== undefined,
  );
  if (found === undefined) throw new Error(`there is no ${type} with ${property ?? 'anything'}`);
  return found.Properties;
}

/** The resource of the same stack that a reference names. */
export const referred = (stacks: Stacks, stack: string, value: unknown): Found | undefined => {
  const id = target(value);
  const resource = id === undefined ? undefined : stacks.get(stack)?.[id];
  return id === undefined || resource === undefined ? undefined : { stack, id, ...resource };
};

const Alarm = z.object({
  MetricName: z.string(),
  Dimensions: z._default(z.array(z.object({ Value: z.unknown() })), []),
  AlarmDescription: z.string().check(z.regex(/ Runbook: docs\/runbooks\/[a-z-]+\.md$/)),
  AlarmActions: z.array(z.unknown()).check(z.minLength(1)),
});

/** An alarm that names a runbook and reaches somebody, on a metric of the resource. */
export const hasAlarm = (stacks: Stacks, of: Found, metric: string): boolean =>
  every(stacks, 'AWS::CloudWatch::Alarm').some(({ stack, Properties }) => {
    const alarm = Alarm.safeParse(Properties).data;
    return (
      stack === of.stack &&
      alarm?.MetricName === metric &&
      alarm.Dimensions.some(({ Value }) => target(Value) === of.id)
    );
  });

/** Statements of any policy document, whatever property holds it. */
const Statement = z.object({
  Effect: z.string(),
  Principal: z.optional(z.union([z.string(), z.record(z.string(), z.unknown())])),
  Action: z.pipe(
    z.unknown(),
    z.transform((action) => z.catch(z.array(z.string()), []).parse(list(action))),
  ),
  Condition: z.optional(z.record(z.string(), z.unknown())),
});

export function statementsIn(value: unknown): z.infer<typeof Statement>[] {
  if (Array.isArray(value)) return value.flatMap(statementsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'Statement' ? list(inner).map((it) => Statement.parse(it)) : statementsIn(inner),
  );
}

export const copyOf = (stacks: Stacks): Stacks => structuredClone(new Map(stacks));
