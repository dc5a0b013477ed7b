/** What is kept of builds, in memory. */
import type { BuildRecords } from '#core/build-ports.ts';
import type { BuildRecord } from '#core/build-record.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';

export class MemoryBuildRecords implements BuildRecords {
  readonly #records = new Map<string, BuildRecord>();

  async read(key: EnvironmentKey, number: number): Promise<BuildRecord | undefined> {
    return this.#records.get(`${environmentId(key)} ${number}`);
  }

  async keep(key: EnvironmentKey, record: BuildRecord): Promise<void> {
    const known = await this.read(key, record.number);
    if (!known?.isWhole) this.#records.set(`${environmentId(key)} ${record.number}`, record);
  }
}
