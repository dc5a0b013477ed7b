/** The pass over a CSV that says which of its chunks begin between quotes: each is read once, many at once. */
import type { DatasetObject } from '#core/jobs/dataset.ts';
import { chunksOf, type Plan } from '#core/jobs/plan.ts';
import type { JobObjects } from '#core/jobs/ports.ts';
import { oddQuotes, quotedStarts } from '#core/jobs/quotes.ts';
import { blocksOf, type Reading } from './ranges.ts';

export interface QuotePass {
  readonly objects: JobObjects;
  readonly how: Reading;
  readonly signal: AbortSignal;
}

/** @returns of each chunk by its number. It reads all objects of the plan to their ends. */
export async function quotedChunks(pass: QuotePass, plan: Plan): Promise<readonly boolean[]> {
  const quoted: boolean[] = [];
  for (const [i, object] of plan.objects.entries()) {
    const chunks = [...chunksOf({ ...plan, objects: [object], first: [0, countOf(plan, i)] })];
    const odd: boolean[] = [];
    for (const { start, end } of chunks) odd.push(await oddWithin(pass, object, start, end));
    quoted.push(...quotedStarts(odd));
  }
  return quoted;
}

const countOf = ({ first }: Plan, i: number): number => (first[i + 1] ?? 0) - (first[i] ?? 0);

async function oddWithin(
  { objects, how, signal }: QuotePass,
  object: DatasetObject,
  from: number,
  to: number,
): Promise<boolean> {
  let odd = false;
  // As if it ended there: nothing behind is asked for.
  const cut = { ...object, size: to };
  for await (const { bytes, release } of blocksOf({ objects, object: cut, signal, how }, from, to)) {
    odd = odd !== oddQuotes(bytes);
    release();
  }
  return odd;
}
