/**
 * What a watcher knows of its cluster: the facts of each object as it last saw them, so that it tells what differs and
 * nothing twice. A few hundred bytes for each object; the objects themselves are not kept.
 */
import { parse } from './errors.ts';
import {
  changedFacts,
  DeploymentSeen,
  deploymentFacts,
  type Facts,
  PodSeen,
  podFacts,
  ServiceSeen,
  serviceFacts,
} from './facts.ts';
import { type EnvironmentKey, parseNamespace } from './names.ts';
import type { Fact } from './seen.ts';
import type * as z from './zod.ts';

export type WatchedKind = 'Pod' | 'Deployment' | 'Service';

interface Watched {
  readonly namespace: string;
  readonly facts: Facts;
}

export interface Difference {
  readonly environment: EnvironmentKey;
  readonly facts: readonly Fact[];
  /** It was there before this watcher began to look. */
  readonly found: boolean;
}

const read = <S extends z.ZodMiniType<{ metadata: { name: string; namespace: string } }>>(
  schema: S,
  facts: (object: z.infer<S>) => Facts,
) => {
  return (object: unknown, kind: WatchedKind): [string, Watched] => {
    const parsed = parse(schema, object, `a ${kind} of the cluster`);
    const { name, namespace } = parsed.metadata;
    return [`${namespace}/${name}`, { namespace, facts: facts(parsed) }];
  };
};

const readers = {
  Pod: read(PodSeen, podFacts),
  Deployment: read(DeploymentSeen, deploymentFacts),
  Service: read(ServiceSeen, serviceFacts),
} satisfies Record<WatchedKind, unknown>;

/** The objects of one kind. Each call answers what is to be told, if anything. */
export class Known {
  readonly #kind: WatchedKind;
  #objects = new Map<string, Watched>();
  #listing: Map<string, Watched> | undefined;
  #listedOnce = false;

  constructor(kind: WatchedKind) {
    this.#kind = kind;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** A list begins: what it does not name is gone when it ends. One that broke off is forgotten. */
  listing(): void {
    this.#listing = new Map();
  }

  /** @throws Rejected for an object that is none of this kind. */
  there(object: unknown): Difference | undefined {
    const [id, watched] = readers[this.#kind](object, this.#kind);
    const before = this.#objects.get(id);
    this.#objects.set(id, watched);
    this.#listing?.set(id, watched);
    return this.#difference(watched.namespace, before?.facts, watched.facts);
  }

  gone(object: unknown): Difference | undefined {
    const [id, watched] = readers[this.#kind](object, this.#kind);
    const before = this.#objects.get(id);
    this.#objects.delete(id);
    return this.#difference(watched.namespace, before?.facts, undefined);
  }

  /** The list is complete. */
  listed(): Difference[] {
    const there = this.#listing ?? new Map();
    const gone = [...this.#objects].filter(([id]) => !there.has(id));
    this.#objects = there;
    this.#listing = undefined;
    this.#listedOnce = true;
    return gone.flatMap(([, { namespace, facts }]) => this.#difference(namespace, facts, undefined) ?? []);
  }

  /** Labels are written by whoever may write an object: its namespace decides whose it is. */
  #difference(
    namespace: string,
    before: Facts | undefined,
    after: Facts | undefined,
  ): Difference | undefined {
    const environment = parseNamespace(namespace);
    const facts = changedFacts(before, after);
    if (!environment || facts.length === 0) return undefined;
    return { environment, facts, found: !this.#listedOnce };
  }
}
