/** What data jobs need of the simulation around them. */
import type { MemoryStore } from '#adapters/memory/store.ts';
import type { Deliveries } from '../deliveries.ts';
import type { Front } from '../front.ts';
import type { Functions, Setting } from '../functions.ts';
import type { Outgoing } from '../outgoing.ts';

export interface Around extends Setting {
  readonly store: MemoryStore;
  /** By name. */
  readonly clusters: ReadonlyMap<string, unknown>;
  readonly functions: Functions;
  readonly deliveries: Pick<Deliveries, 'emit'>;
  readonly outgoing: Pick<Outgoing, 'written'>;
  readonly front: Front;
}
