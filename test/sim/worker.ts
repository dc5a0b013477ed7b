/** One thread's share of the seeds. */
import { parentPort, workerData } from 'node:worker_threads';
import * as z from '#core/zod.ts';
import { type Outcome, simulate } from './simulate.ts';

const Share = z.object({ first: z.int(), step: z.int().check(z.positive()), end: z.int() });
export type Share = z.infer<typeof Share>;
/** So that a long run is seen to go on, and its first failure soon. */
export interface SoFar {
  readonly kind: 'so far';
  readonly seeds: number;
  readonly failure?: Outcome;
}
export interface Answer {
  readonly kind: 'end';
  readonly faults: Record<string, number>;
  readonly endings: Record<string, number>;
  readonly failures: readonly Outcome[];
}

// Thousands of errors are thrown on purpose, and nobody reads where.
Error.stackTraceLimit = 0;
const { first, step, end } = Share.parse(workerData);
const faults: Record<string, number> = {};
const endings: Record<string, number> = {};
const failures: Outcome[] = [];
const seedsBetween = 500;
let unsaid = 0;
const say = (message: SoFar | Answer): void => parentPort?.postMessage(message);
for (let seed = first; seed < end; seed += step) {
  const outcome = await simulate(seed);
  for (const [kind, count] of Object.entries(outcome.faults)) faults[kind] = (faults[kind] ?? 0) + count;
  for (const end of outcome.endings) endings[end] = (endings[end] ?? 0) + 1;
  if (outcome.broken !== undefined) failures.push(outcome);
  unsaid++;
  if (unsaid < seedsBetween && outcome.broken === undefined) continue;
  say({ kind: 'so far', seeds: unsaid, ...(outcome.broken === undefined ? {} : { failure: outcome }) });
  unsaid = 0;
}
say({ kind: 'end', faults, endings, failures });
