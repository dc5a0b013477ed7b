/** Transfers in memory: written with the environments that they are of (store.ts), in JSON as the table's items are. */
import { Conflict } from '#core/errors.ts';
import { type EnvironmentKey, environmentId, type TeamName } from '#core/names.ts';
import { Transfer } from '#core/transfer/item.ts';
import { isOpen } from '#core/transfer/open.ts';
import type { Transfers } from '#core/transfer/ports.ts';

export class MemoryTransfers implements Transfers {
  readonly #transfers = new Map<string, string>();

  async read(from: EnvironmentKey): Promise<Transfer | undefined> {
    return this.#stored(from);
  }

  async offeredTo(team: TeamName): Promise<readonly Transfer[]> {
    const all = [...this.#transfers.values()].map((text) => Transfer.parse(JSON.parse(text)));
    return all
      .filter((transfer) => transfer.to === team && isOpen(transfer))
      .sort((a, b) => (environmentId(a.from) < environmentId(b.from) ? -1 : 1));
  }

  /** @throws Conflict where it is no longer what was read. */
  expect({ from, version }: Transfer): void {
    if ((this.#stored(from)?.version ?? 0) !== version - 1)
      throw new Conflict(
        `The transfer of ${environmentId(from)} is no longer at version ${version - 1}: somebody else wrote first.`,
      );
  }

  keep(transfer: Transfer): void {
    this.#transfers.set(environmentId(transfer.from), JSON.stringify(transfer));
  }

  #stored(from: EnvironmentKey): Transfer | undefined {
    const text = this.#transfers.get(environmentId(from));
    return text === undefined ? undefined : Transfer.parse(JSON.parse(text));
  }
}
