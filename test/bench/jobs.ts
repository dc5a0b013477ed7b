/** `plan-10tb`: what planning 10 TB takes, time and memory. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from '#core/zod.ts';
import { atMost, type Entry, median } from './entry.ts';

const run = promisify(execFile);
const Planned = z.object({
  seconds: z.number(),
  planSeconds: z.number(),
  chunks: z.number(),
  batches: z.number(),
  peakBytes: z.number(),
});
const runs = 5;

export async function plan10Tb(): Promise<Entry[]> {
  const script = fileURLToPath(new URL('plan-alone.ts', import.meta.url));
  const found: z.infer<typeof Planned>[] = [];
  for (let i = 0; i < runs; i++) {
    const { stdout } = await run(process.execPath, [script]);
    found.push(Planned.parse(JSON.parse(stdout)));
  }
  const [{ chunks, batches } = { chunks: 0, batches: 0 }] = found;
  const note = `${chunks} chunks of 128 MiB planned and written as ${batches} batches for SQS; median of ${runs} processes`;
  const entries = [
    atMost(5, {
      name: 'plan-10tb/time',
      value: median(found.map(({ seconds }) => seconds)),
      unit: 's',
      note,
    }),
    atMost(200, {
      name: 'plan-10tb/memory',
      value: median(found.map(({ peakBytes }) => peakBytes / 2 ** 20)),
      unit: 'MiB',
      note: `${note}; the largest resident set, Node's own included`,
    }),
  ];
  return chunks === 74_506 ? entries : entries.map((entry) => ({ ...entry, ok: false }));
}
