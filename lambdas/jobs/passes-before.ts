/** What passes over CSV found, kept in the folder of the team that may read it, by what was read: bucket, key, ETag and cuts. */
import { createHash } from 'node:crypto';
import { readLines, writeLines } from '#adapters/json-lines.ts';
import { Rejected } from '#core/errors.ts';
import { quotesBelow } from '#core/jobs/job-files.ts';
import type { Chunk } from '#core/jobs/plan.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import type { TeamName } from '#core/names.ts';
import * as z from '#core/zod.ts';
import type { JobsDeps } from './deps.ts';
import type { PassesBefore } from './quotes.ts';

export function passesBefore(objects: JobsDeps['objects'], team: TeamName, bucket: string): PassesBefore {
  const keyOf = (read: readonly Chunk[]): string => {
    const hash = createHash('sha256');
    const [first] = read;
    hash.update(JSON.stringify([bucket, first?.key, first?.etag, first?.size]));
    for (const { start, end } of read) hash.update(`,${start}-${end}`);
    return `${quotesBelow(team)}${hash.digest('hex')}.ndjson`;
  };
  return {
    found: async (read) => {
      const odd: boolean[] = [];
      try {
        for await (const one of readLines(objects, keyOf(read), z.boolean())) odd.push(one);
      } catch (error) {
        // Nobody looked, or what is there says nothing: it is read again, and written over.
        if (error instanceof InputFailed || error instanceof Rejected) return undefined;
        throw error;
      }
      return odd;
    },
    keep: (read, odd) => writeLines(objects, keyOf(read), odd),
  };
}
