/**
 * The pass over CSV that says which of its chunks begin between quotes. Each chunk is read once, some side by side; what comes
 * behind the last beginning is not read, nor are objects of one chunk.
 */
import { type Chunk, chunksOf, type Plan } from '#core/jobs/plan.ts';
import type { JobObjects } from '#core/jobs/ports.ts';
import { oddQuotes, quotedStarts } from '#core/jobs/quotes.ts';
import { sideBySide } from './lanes.ts';

type Reader = Pick<JobObjects, 'read'>;

/** What a pass reads. */
export const passBytes = (plan: Plan): number =>
  chunksByObject(plan)
    .flatMap((chunks) => chunks.slice(0, -1))
    .reduce((bytes, { start, end }) => bytes + end - start, 0);

/** @returns of each chunk by its number. @throws InputFailed as the port does. */
export async function quotedChunks(objects: Reader, plan: Plan): Promise<readonly boolean[]> {
  const byObject = chunksByObject(plan);
  const read = byObject.flatMap((chunks) => chunks.slice(0, -1));
  const odd = new Map<string, boolean>();
  await sideBySide(read.values(), async (own) => {
    for (const chunk of own) odd.set(chunk.id, await oddWithin(objects, chunk));
  });
  return byObject.flatMap((chunks) => quotedStarts(chunks.map(({ id }) => odd.get(id) ?? false)));
}

const chunksByObject = (plan: Plan): Chunk[][] => [...Map.groupBy(chunksOf(plan), ({ key }) => key).values()];

async function oddWithin(objects: Reader, chunk: Chunk): Promise<boolean> {
  let odd = false;
  const bytes = await objects.read(chunk, chunk.start, chunk.end, new AbortController().signal);
  for await (const block of bytes) odd = odd !== oddQuotes(block);
  return odd;
}
