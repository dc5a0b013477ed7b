/** Waivers made by the API, in memory. */
import { Conflict } from '#core/errors.ts';
import type { TeamName } from '#core/names.ts';
import type { Waivers } from '#core/ports.ts';
import type { KeptWaiver } from '#core/waiver.ts';

export class MemoryWaivers implements Waivers {
  readonly #waivers = new Map<string, KeptWaiver>();

  async list(team: TeamName): Promise<readonly KeptWaiver[]> {
    const ours = [...this.#waivers.values()].filter((waiver) => waiver.team === team);
    return ours.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async write(waiver: KeptWaiver): Promise<void> {
    const id = `${waiver.team} ${waiver.id}`;
    if ((this.#waivers.get(id)?.version ?? 0) !== waiver.version - 1)
      throw new Conflict(`${waiver.id} is no longer at version ${waiver.version - 1}.`);
    this.#waivers.set(id, waiver);
  }
}
