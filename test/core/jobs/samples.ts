/** A chunk of the middle of an object, with rules that are easy to reckon with; slots of a job. */
import type { ChunkRules, Part } from '#core/jobs/chunk.ts';
import type { Chunk } from '#core/jobs/plan.ts';
import { JobKey, type SlotsSeen, type SlotsWanted } from '#core/jobs/slots.ts';
import { JobSpec } from '#core/jobs/spec.ts';

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

const at = '2026-01-05T10:00:00.000Z';
export const jobKey = (name = 'job-0123456789abcdef'): JobKey => JobKey.parse({ team: 'checkout', name });
const jobSpec = (job: string): JobSpec =>
  JobSpec.parse({
    job,
    input: { bucket: 'lake' },
    results: { bucket: 'results', prefix: `jobs/${job}/` },
    records: { kind: 'lines' },
    command: ['wc', '-l'],
  });

export const slotsWanted = (name: string): SlotsWanted => ({
  ...jobKey(name),
  cluster: 'main',
  version: 1,
  at,
  phase: 'running',
  slots: 4,
  resources: { cpu: 0.5, memoryMiB: 256 },
  priority: 'normal',
  spot: false,
  spec: jobSpec(name),
  queueUrl: `https://sqs.example/getschwifty-${name}`,
  table: 't',
});

export const slotsSeen = (name: string): SlotsSeen => ({
  ...jobKey(name),
  cluster: 'main',
  version: 1,
  at,
  wanted: 1,
  namespace: 'there',
  slots: [{ slot: 0, state: 'oom-killed', reason: 'OOMKilled', restarts: 1, at }],
});
