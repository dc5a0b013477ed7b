/** What data jobs need of the simulation around them. */
import type { MemoryStore } from '#adapters/memory/store.ts';
import type { Person } from '#core/roles.ts';
import type { Deliveries } from '../deliveries.ts';
import type { Functions, Setting } from '../functions.ts';
import type { Outgoing } from '../outgoing.ts';

export interface Around extends Setting {
  readonly store: MemoryStore;
  /** By name. */
  readonly clusters: ReadonlyMap<string, unknown>;
  readonly functions: Functions;
  readonly deliveries: Pick<Deliveries, 'emit'>;
  readonly outgoing: Pick<Outgoing, 'written'>;
  readonly front: Api;
}

/** As people ask it. */
export interface Api {
  api(
    person: Person,
    path: string,
    body: unknown,
    headers: Headers,
    method?: string,
  ): Promise<number | undefined>;
  /** What is there. */
  ask(person: Person, path: string): Promise<unknown>;
}

/** Of a request, as a client sends it: the version that it read, and a key that stays when it asks again. */
export type Headers = Readonly<Record<string, string>>;
