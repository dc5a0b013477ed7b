/** The queues of data jobs, in memory. */

import { Retryable } from '#core/errors.ts';
import type { JobQueues } from '#core/jobs/job-ports.ts';
import { MemoryChunkQueue } from './chunks.ts';

const urlOf = (job: string): string => `https://sqs.example/getschwifty-${job}`;

export class MemoryJobQueues implements JobQueues {
  readonly queues = new Map<string, MemoryChunkQueue>();
  readonly #removed = new Map<string, number>();
  readonly #now: () => number;
  readonly #keepsNameSeconds: number;

  /** @param keepsNameSeconds for so long nobody can make one of the name of one that was removed; SQS has 60. */
  constructor(now: () => number = Date.now, keepsNameSeconds = 0) {
    this.#now = now;
    this.#keepsNameSeconds = keepsNameSeconds;
  }

  async make(job: string): Promise<string> {
    const url = urlOf(job);
    if (this.queues.has(url)) return url;
    const removed = this.#removed.get(url);
    if (removed !== undefined && this.#now() < removed + this.#keepsNameSeconds * 1000)
      throw new Retryable(`The queue of ${job} was removed a moment ago.`);
    this.queues.set(url, new MemoryChunkQueue(this.#now));
    return url;
  }

  async url(job: string): Promise<string | undefined> {
    return this.queues.has(urlOf(job)) ? urlOf(job) : undefined;
  }

  async messages(job: string): Promise<number | undefined> {
    return this.queues.get(urlOf(job))?.size;
  }

  async remove(job: string): Promise<void> {
    if (this.queues.delete(urlOf(job))) this.#removed.set(urlOf(job), this.#now());
  }

  at(url: string): MemoryChunkQueue {
    const queue = this.queues.get(url);
    if (queue === undefined) throw new Error(`there is no queue ${url}`);
    return queue;
  }
}
