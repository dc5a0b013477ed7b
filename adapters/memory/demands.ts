/** What data jobs could use of a cluster's workers, in memory. */
import { Demand, type Demands } from '#core/jobs/share.ts';

export class MemoryDemands implements Demands {
  readonly #said = new Map<string, string>();

  async of(cluster: string): Promise<readonly Demand[]> {
    return [...this.#said.values()]
      .map((text) => Demand.parse(JSON.parse(text)))
      .filter((demand) => demand.cluster === cluster);
  }

  async say(demand: Demand): Promise<void> {
    const key = `${demand.cluster} ${demand.name}`;
    const before = this.#said.get(key);
    if (before !== undefined && Demand.parse(JSON.parse(before)).at > demand.at) return;
    this.#said.set(key, JSON.stringify(demand));
  }
}
