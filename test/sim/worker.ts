/** One thread's share of the seeds. */
import '../lambdas/quiet.ts';
import { parentPort, workerData } from 'node:worker_threads';
import * as z from 'zod';
import { type Outcome, simulate } from './simulate.ts';

const Share = z.object({ first: z.int(), step: z.int().positive(), end: z.int() });
export type Share = z.infer<typeof Share>;
export interface Answer {
  readonly faults: Record<string, number>;
  readonly endings: Record<string, number>;
  readonly failures: readonly Outcome[];
}

const { first, step, end } = Share.parse(workerData);
const faults: Record<string, number> = {};
const endings: Record<string, number> = {};
const failures: Outcome[] = [];
for (let seed = first; seed < end; seed += step) {
  const outcome = await simulate(seed);
  for (const [kind, count] of Object.entries(outcome.faults)) faults[kind] = (faults[kind] ?? 0) + count;
  for (const end of outcome.endings) endings[end] = (endings[end] ?? 0) + 1;
  if (outcome.broken !== undefined) failures.push(outcome);
}
parentPort?.postMessage({ faults, endings, failures } satisfies Answer);
