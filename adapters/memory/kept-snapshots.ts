/** Snapshots that teams keep, in memory: written with environments (store.ts), in JSON as the table's items are. */
import { Conflict } from '#core/errors.ts';
import { KeptSnapshot } from '#core/kept-snapshot.ts';
import type { TeamName } from '#core/names.ts';
import type { KeptSnapshots } from '#core/snapshot-ports.ts';

export class MemoryKeptSnapshots implements KeptSnapshots {
  readonly #snapshots = new Map<string, string>();

  async read(team: TeamName, name: string): Promise<KeptSnapshot | undefined> {
    return this.#stored({ team, name });
  }

  async list(team: TeamName): Promise<readonly KeptSnapshot[]> {
    const all = [...this.#snapshots.values()].map((text) => KeptSnapshot.parse(JSON.parse(text)));
    return all
      .filter((each) => each.team === team && each.state !== 'gone')
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws Conflict where it is no longer what was read. */
  expect({ team, name, version }: KeptSnapshot): void {
    if ((this.#stored({ team, name })?.version ?? 0) !== version - 1)
      throw new Conflict(`Snapshot ${name} of team ${team} changed meanwhile.`);
  }

  keep(snapshot: KeptSnapshot): void {
    this.#snapshots.set(idOf(snapshot), JSON.stringify(snapshot));
  }

  #stored(named: Pick<KeptSnapshot, 'team' | 'name'>): KeptSnapshot | undefined {
    const text = this.#snapshots.get(idOf(named));
    return text === undefined ? undefined : KeptSnapshot.parse(JSON.parse(text));
  }
}

const idOf = ({ team, name }: Pick<KeptSnapshot, 'team' | 'name'>): string => `${team} ${name}`;
