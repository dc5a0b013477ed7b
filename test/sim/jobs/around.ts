/** What data jobs need of the simulation around them. */
import type { MemoryStore } from '#adapters/memory/store.ts';
import type { Config } from '#core/config.ts';
import type { OutboxEntry } from '#core/ports.ts';
import type { Person } from '#core/roles.ts';
import type { Faults, Invocation } from '../faults.ts';
import type { Oracle } from '../oracle.ts';
import type { Random } from '../random.ts';
import type { Timeline } from '../timeline.ts';

export interface Around {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly faults: Faults;
  readonly oracle: Oracle;
  readonly store: MemoryStore;
  /** By name. */
  readonly clusters: ReadonlyMap<string, unknown>;
  readonly trace: (line: string) => void;
  configOf(name: string): Config;
  invoked(name: string): Invocation;
  /** Others go on for a while. */
  pause(mostSeconds: number): Promise<void>;
  /** What was written to the outbox: its stream tells of it, if nothing is lost. */
  sent(entries: readonly OutboxEntry[]): void;
  api(
    person: Person,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
  ): Promise<number | undefined>;
  ask(person: Person, path: string): Promise<unknown>;
}
