/** What whoever keeps the queues of jobs must do: made twice they are one, and removed twice they are gone. */
import { randomBytes } from 'node:crypto';
import { beforeEach, expect, vi } from 'vitest';
import type { JobQueues } from '#core/jobs/job-ports.ts';
import { chunk } from '../core/jobs/samples.ts';
import { contract, type Deviations } from './contract.ts';

export function jobQueuesContract(name: string, make: () => JobQueues, deviations: Deviations = {}): void {
  contract(name, 'the queues of jobs', deviations, (test) => {
    let queues: JobQueues;
    let job: string;
    beforeEach(() => {
      queues = make();
      job = `job-${randomBytes(8).toString('hex')}`;
    });

    test('one that nobody made is not there, and is gone', async () => {
      expect(await queues.url(job)).toBeUndefined();
      expect(await queues.messages(job)).toBeUndefined();
      await queues.remove(job);
    });

    test('one that is made twice is one, and its name ends with the job', async () => {
      const url = await queues.make(job);
      expect(url).toMatch(new RegExp(`${job}$`));
      await queues.at(url).send([{ job, chunk }]);
      expect(await queues.make(job)).toBe(url);
      expect(await queues.url(job)).toBe(url);
      await vi.waitFor(async () => expect(await queues.messages(job)).toBe(1), { timeout: 5000 });
      await queues.remove(job);
      await vi.waitFor(async () => expect(await queues.url(job)).toBeUndefined(), { timeout: 5000 });
      await queues.remove(job);
    });
  });
}
