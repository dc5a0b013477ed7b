/** Token buckets in memory. */
import type { Instant } from '#core/names.ts';
import { type Rate, take } from '#core/rate.ts';
import type { Buckets } from '#core/request-ports.ts';

export class MemoryBuckets implements Buckets {
  readonly #fullAt = new Map<string, number>();

  async take(owner: string, rate: Rate, now: Instant): Promise<number | undefined> {
    const taken = take(this.#fullAt.get(owner), rate, Date.parse(now));
    if (!taken.taken) return taken.waitMs;
    this.#fullAt.set(owner, taken.fullAt);
    return undefined;
  }
}
