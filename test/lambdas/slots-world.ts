import { MemoryClock } from '#adapters/memory/clock.ts';
import { MemoryJobCluster } from '#adapters/memory/job-cluster.ts';
import { MemorySlots } from '#adapters/memory/slots.ts';
import type { SlotsWanted } from '#core/jobs/slots.ts';
import { EnvironmentKey } from '#core/names.ts';
import { jobSlots } from '#lambdas/job-slots/slots.ts';
import { place, wantedSlots } from '../core/jobs/slot-samples.ts';
import { t0 } from '../core/samples.ts';
import { look } from './events.ts';

export class World {
  readonly clock = new MemoryClock(t0);
  readonly cluster = new MemoryJobCluster();
  readonly slots = new MemorySlots();
  readonly job = wantedSlots();
  readonly handle = jobSlots({ ...this, clusterName: 'main', place });
  #version = 0;

  want(more: Partial<SlotsWanted> = {}): Promise<void> {
    return this.slots.want({ ...this.job, ...more, version: ++this.#version });
  }
  look(name: string = this.job.name): Promise<void> {
    return this.handle(look(EnvironmentKey.parse({ team: 'checkout', name })));
  }
  /** When its own look comes. */
  async later(seconds = 15): Promise<void> {
    this.clock.advance(seconds);
    await this.look();
  }
  async names(): Promise<string[]> {
    const { jobs } = await this.cluster.sight(this.job.name);
    return jobs.map(({ metadata }) => metadata.name).sort();
  }
  async seen() {
    const { slots = [], namespace } = (await this.slots.seen(this.job)) ?? {};
    return { namespace, states: slots.map(({ slot, state }) => `${slot} ${state}`) };
  }
  told(): number {
    return this.slots.told.filter(({ type }) => type === 'JobSlotsSeen').length;
  }
}
export const three = ['slot-0-0', 'slot-1-0', 'slot-2-0'];
