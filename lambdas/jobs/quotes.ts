/**
 * The pass over CSV that says which of its chunks begin between quotes. Each chunk is read once, some side by side; what comes
 * behind the last beginning is not read, nor are objects of one chunk, nor what was read before as it is now, and cut alike.
 */
import { type Chunk, chunksOf, type Plan } from '#core/jobs/plan.ts';
import type { JobObjects } from '#core/jobs/ports.ts';
import { oddQuotes, quotedStarts } from '#core/jobs/quotes.ts';
import { sideBySide } from './lanes.ts';

type Reader = Pick<JobObjects, 'read'>;
/** Of each chunk of an object that is read, in their order, whether it has an odd number of quotes. */
type Odd = readonly boolean[];

/** What passes found before. Losing it costs a pass. */
export interface PassesBefore {
  /** @param read what is to be read of one object: its bytes are those of its ETag. */
  found(read: readonly Chunk[]): Promise<Odd | undefined>;
  keep(read: readonly Chunk[], odd: Odd): Promise<void>;
}

export interface Pass {
  /** To be read for it. */
  readonly bytes: number;
  /**
   * What is found is kept object by object, also where the pass is not finished.
   * @returns of each chunk by its number. @throws InputFailed as the port does.
   */
  run(): Promise<readonly boolean[]>;
}

/** Each has a chunk of a MiB at least to be read: of more objects nothing is looked up, for which there would be no time, and the pass is too long. */
const mostLookedUp = 10_000;

export async function passOver(objects: Reader, plan: Plan, before?: PassesBefore): Promise<Pass> {
  const byObject = [...Map.groupBy(chunksOf(plan), ({ key }) => key).values()];
  const toRead = byObject.map((chunks) => chunks.slice(0, -1));
  const known = new Map<readonly Chunk[], Odd>();
  const several = toRead.filter(({ length }) => length > 0);
  await sideBySide((several.length > mostLookedUp ? [] : several).values(), async (own) => {
    for (const read of own) {
      const odd = await before?.found(read);
      if (odd?.length === read.length) known.set(read, odd);
    }
  });
  const unknown = several.filter((read) => !known.has(read));
  const run = async () => {
    await sideBySide(lookedAt(unknown).values(), async (own) => {
      for (const one of own) {
        one.odd[one.at] = await oddWithin(objects, one.chunk);
        one.left.count -= 1;
        if (one.left.count > 0) continue;
        known.set(one.of, one.odd);
        await before?.keep(one.of, one.odd);
      }
    });
    return toRead.flatMap((read) => quotedStarts([...(known.get(read) ?? []), false]));
  };
  return { bytes: unknown.flat().reduce((sum, { start, end }) => sum + end - start, 0), run };
}

/** Chunk by chunk, so that one large object is read by many; what is found of an object is gathered. */
function lookedAt(unknown: readonly (readonly Chunk[])[]) {
  return unknown.flatMap((of) => {
    const gathered = { of, odd: of.map(() => false), left: { count: of.length } };
    return of.map((chunk, at) => ({ ...gathered, chunk, at }));
  });
}

async function oddWithin(objects: Reader, chunk: Chunk): Promise<boolean> {
  let odd = false;
  const bytes = await objects.read(chunk, chunk.start, chunk.end, new AbortController().signal);
  for await (const block of bytes) odd = odd !== oddQuotes(block);
  return odd;
}
