/**
 * What separates a cluster from what an environment wants, field by field. Only fields that we apply are ours: what a
 * person, the autoscaler or an add-on sets beside them is theirs, and is left. Rollout and repair are one plan, from here.
 */
import type { Environment } from './environment.ts';
import { formerName } from './isolation.ts';
import { fieldManager, type KubernetesObject, managedBy } from './labels.ts';
import { isRecord, isSame } from './same.ts';
import * as z from './zod.ts';

/** An object as the API server gives it, with the field managers that have touched it. */
export const LiveObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.optional(z.string()),
    labels: z.optional(z.record(z.string(), z.string())),
    uid: z.optional(z.string()),
    deletionTimestamp: z.optional(z.string()),
    managedFields: z.optional(z.array(z.looseObject({ manager: z.optional(z.string()) }))),
  }),
});
export type LiveObject = z.infer<typeof LiveObject>;

export interface Plan {
  /** Missing, or other than we apply them; in their order. */
  readonly apply: readonly KubernetesObject[];
  /** Ours, and no longer wanted. */
  readonly remove: readonly LiveObject[];
  /** Each object with the first of its fields that differs, for people. */
  readonly differences: readonly string[];
}

/** The kinds in which something can become unwanted: a budget for one replica, a policy of an older version of ours. */
export const removableKinds: readonly string[] = ['NetworkPolicy', 'PodDisruptionBudget'];

type Named = Pick<LiveObject, 'kind'> & { readonly metadata: { readonly name: string } };
export const objectId = ({ kind, metadata }: Named): string => `${kind} ${metadata.name}`;

export function planOf(desired: readonly KubernetesObject[], live: readonly LiveObject[]): Plan {
  const there = new Map(live.map((object) => [objectId(object), object]));
  const wanted = new Set(desired.map(objectId));
  const different = desired.flatMap((object) => {
    const found = there.get(objectId(object));
    if (!found) return [{ object, where: 'it is missing' }];
    const path = firstDifference(object, found, '');
    return path === undefined ? [] : [{ object, where: path.slice(1) }];
  });
  const remove = live.filter(
    (object) => removableKinds.includes(object.kind) && !wanted.has(objectId(object)) && isOurs(object),
  );
  return {
    apply: different.map(({ object }) => object),
    remove,
    differences: [
      ...different.map(({ object, where }) => `${objectId(object)} (${where})`),
      ...remove.map((object) => `${objectId(object)} (no longer wanted)`),
    ],
  };
}

/** By label and by manager: the label alone may have been copied with the rest of an object. */
function isOurs({ metadata }: LiveObject): boolean {
  const labelled = Object.entries(managedBy).every(([name, value]) => metadata.labels?.[name] === value);
  const applied = metadata.managedFields?.some(({ manager }) => manager === fieldManager) ?? false;
  return labelled && applied && metadata.deletionTimestamp === undefined;
}

/** Kubernetes takes these whole: something added to one changes what it means. */
export const wholeFields = new Set(['selector', 'podSelector', 'labelSelector']);

function firstDifference(ours: unknown, live: unknown, path: string): string | undefined {
  if (Array.isArray(ours)) return inList(ours, live, path);
  if (!isRecord(ours)) return ours === live ? undefined : path;
  if (!isRecord(live)) return Object.keys(ours).length === 0 && live === undefined ? undefined : path;
  for (const [name, value] of Object.entries(ours)) {
    const there = `${path}.${name}`;
    const found = wholeFields.has(name)
      ? differsWhole(value, live[name], there)
      : firstDifference(value, live[name], there);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A list whose elements have a key holds what others add as well; any other is ours as a whole. */
function inList(ours: readonly unknown[], live: unknown, path: string): string | undefined {
  // Kubernetes leaves an empty list out.
  if (ours.length === 0 && live === undefined) return undefined;
  if (!Array.isArray(live)) return path;
  const keys = ours.map(keyOf);
  if (ours.length === 0 || keys.includes(undefined)) return differsWhole(ours, live, path);
  for (const [index, element] of ours.entries()) {
    const there = `${path}.${keys[index]}`;
    const found = live.find((other) => keyOf(other) === keys[index]);
    const difference = found === undefined ? there : firstDifference(element, found, there);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** What Kubernetes tells the elements of a list apart by, in the lists that we apply; undefined where it takes a list whole. */
export function keyOf(element: unknown): string | undefined {
  if (!isRecord(element)) return undefined;
  const key = element['name'] ?? element['topologyKey'];
  return typeof key === 'string' ? key : undefined;
}

const differsWhole = (ours: unknown, live: unknown, path: string): string | undefined =>
  isSame(ours, live) ? undefined : path;

/** More of them do not help whoever reads the audit trail. */
const differencesTold = 4;

/** What differs then is what is being brought about. */
const underWay: ReadonlySet<Environment['release']['phase']> = new Set([
  'deploying',
  'rolling-back',
  'stopping',
]);

/** It goes when its pods have gone: nobody changed anything. */
const passing = `${objectId({ kind: 'NetworkPolicy', metadata: { name: formerName } })} `;

/** What a plan puts back that was there before: while a rollout or a stop is under way nothing is back yet. */
export function repairedBy({ release }: Environment, { differences }: Plan): string | undefined {
  const told = differences.filter((line) => !line.startsWith(passing));
  if (underWay.has(release.phase) || told.length === 0) return undefined;
  const more = told.length - differencesTold;
  return `${told.slice(0, differencesTold).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
