/** SSH keys of people, in memory. */
import { Conflict } from '#core/errors.ts';
import type { TeamName } from '#core/names.ts';
import type { GoodKey, PersonKey, RevokedKey } from '#core/person-key.ts';
import type { PersonKeys } from '#core/ports.ts';

export class MemoryPersonKeys implements PersonKeys {
  readonly #keys = new Map<string, PersonKey>();

  async list(team: TeamName): Promise<readonly PersonKey[]> {
    const ours = [...this.#keys.values()].filter((key) => key.team === team);
    return ours.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async add(key: GoodKey): Promise<void> {
    if (this.#keys.has(idOf(key))) throw new Conflict(`${key.fingerprint} was not written: it is there.`);
    this.#keys.set(idOf(key), key);
  }

  async revoke(key: RevokedKey): Promise<void> {
    if (this.#keys.get(idOf(key))?.state !== 'good')
      throw new Conflict(`${key.fingerprint} was not written: it is revoked, or was never added.`);
    this.#keys.set(idOf(key), key);
  }
}

const idOf = ({ team, id }: PersonKey): string => `${team} ${id}`;
