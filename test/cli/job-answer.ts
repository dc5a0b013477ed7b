import type { JobAnswer } from '#api/job-answers.ts';
import { JobRequest } from '#core/jobs/request.ts';
import { JobKey } from '#core/jobs/slots.ts';
import { start } from '../contracts/samples.ts';

export const key = JobKey.parse({ team: 'checkout', name: 'job-0123456789abcdef' });
export const id = 'checkout/job-0123456789abcdef';
export const job = (parts: Partial<JobAnswer['job']> = {}): JobAnswer['job'] => ({
  ...key,
  phase: 'running',
  paused: false,
  requester: 'rita',
  at: start,
  cluster: 'main',
  request: JobRequest.parse({ dataset: 's3://jobs/datasets/checkout/a', command: ['wc', '-l'] }),
  progress: {
    ...{
      chunks: 8,
      committed: 2,
      failed: 1,
      halved: 0,
      leased: 4,
      open: 5,
      bytesDone: 3 * 2 ** 20,
      bytes: 8 * 2 ** 20,
    },
    share: 3 / 8,
    ...{ records: 12, outputBytes: 2048, commandSeconds: 60, bytesPerSecond: 2 ** 20, secondsLeft: 5 },
  },
  cost: { currency: 'USD', soFar: 0.12, assumption: 'what ran.' },
  ...parts,
});
const rate = { bytesPerSecond: 3 * 2 ** 20, recordsPerSecond: 1200, at: start };
export const answer = (parts: Partial<JobAnswer['job']> = {}): JobAnswer => ({
  job: job(parts),
  workers: [{ slot: 0, state: 'running', restarts: 1, at: start, memoryBytes: 64 * 2 ** 20, rate }],
  history: [{ at: start, actor: 'rita', what: 'asked for wc' }],
});
