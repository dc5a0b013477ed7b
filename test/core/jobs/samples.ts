/** A chunk of the middle of an object, with rules that are easy to reckon with. */
import type { ChunkRules, Part } from '#core/jobs/chunk.ts';
import type { Chunk } from '#core/jobs/plan.ts';

export const chunk: Chunk = {
  id: '3',
  key: 'data/a.ndjson',
  size: 1000,
  etag: '"e"',
  start: 300,
  end: 400,
  aligned: false,
  quoted: false,
  scanFrom: 300,
};
export const rules: ChunkRules = { leaseSeconds: 60, maxFailures: 3, halveFromBytes: 20, mayHalve: true };

export const part = (attempt: number, from = 305, to = 410): Part => ({
  from,
  to,
  records: 1,
  crc32: 0,
  attempt,
  milliseconds: 5,
  output: { key: `results/3-${attempt}-${from}`, bytes: 10, crc32: 1 },
});
