/** How many workers a job wants of its cluster, in each phase of its life. */
import { unreachable } from '../errors.ts';
import type { Job } from './job.ts';
import { holdersOf, readsRows } from './request.ts';
import { progressOf } from './tally.ts';

export type Wanted = { readonly phase: 'running' | 'paused' | 'ending'; readonly slots: number };

/** Of the slots that it wants, those that it has whatever its share of the cluster: who holds its snapshot lets all others read. */
export const beyondShare = (job: Job): number =>
  job.phase === 'sending' || job.phase === 'running' ? holdersOf(job.request) : 0;

/** What it wants of its cluster. No more workers than there are chunks left for them: one that finds none ends at once. */
export function slotsOf(job: Job): Wanted {
  switch (job.phase) {
    case 'listing':
      // Where a table is cut, a worker finds: nobody else reaches its database.
      return !readsRows(job.request) || job.paused
        ? { phase: 'paused', slots: 0 }
        : { phase: 'running', slots: 1 };
    case 'sending':
    case 'running': {
      if (job.paused) return { phase: 'paused', slots: 0 };
      const known = job.phase === 'sending' ? job.sent : job.chunks;
      const { open } = progressOf(job.tally, known);
      const atChunks = Math.max(0, Math.min(job.request.parallelism, open));
      return { phase: 'running', slots: atChunks + holdersOf(job.request) };
    }
    case 'reducing':
      return job.paused ? { phase: 'paused', slots: 0 } : { phase: 'running', slots: 1 };
    case 'finishing':
    case 'ended':
    case 'retrying':
      return { phase: 'ending', slots: 0 };
    default:
      return unreachable(job);
  }
}
