/**
 * A plan of 10 TB in a process of its own: planned, and each chunk made into the message that SQS would take, in batches. Its
 * line says how long it took and how much memory it ever had (getrusage, ru_maxrss).
 */
import { batchesOf, chunksOf, maxBytes, planChunks } from '#core/jobs/plan.ts';

const began = performance.now();
const plan = planChunks({
  objects: [{ key: 'data/large.ndjson', size: maxBytes, etag: '"0123456789abcdef0123456789abcdef-1193"' }],
  records: { kind: 'lines' },
  compression: 'none',
  chunkBytes: 128 * 2 ** 20,
});
const planned = performance.now();
let batches = 0;
let chunks = 0;
for (const batch of batchesOf(chunksOf(plan).map((chunk) => JSON.stringify({ job: 'bench', chunk })))) {
  batches += 1;
  chunks += batch.length;
}
const seconds = (performance.now() - began) / 1000;
const planSeconds = (planned - began) / 1000;
const peakBytes = process.resourceUsage().maxRSS * 1024;
process.stdout.write(`${JSON.stringify({ seconds, planSeconds, chunks, batches, peakBytes })}\n`);
