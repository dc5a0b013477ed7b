/** The queues of data jobs, in memory. */

import type { JobQueues } from '#core/jobs/job-ports.ts';
import { MemoryChunkQueue } from './chunks.ts';

const urlOf = (job: string): string => `https://sqs.example/getschwifty-${job}`;

export class MemoryJobQueues implements JobQueues {
  readonly queues = new Map<string, MemoryChunkQueue>();

  async make(job: string): Promise<string> {
    const url = urlOf(job);
    if (!this.queues.has(url)) this.queues.set(url, new MemoryChunkQueue());
    return url;
  }

  async url(job: string): Promise<string | undefined> {
    return this.queues.has(urlOf(job)) ? urlOf(job) : undefined;
  }

  async messages(job: string): Promise<number | undefined> {
    return this.queues.get(urlOf(job))?.size;
  }

  async remove(job: string): Promise<void> {
    this.queues.delete(urlOf(job));
  }

  at(url: string): MemoryChunkQueue {
    const queue = this.queues.get(url);
    if (queue === undefined) throw new Error(`there is no queue ${url}`);
    return queue;
  }
}
