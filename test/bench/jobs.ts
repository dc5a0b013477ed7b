/** `plan-10tb`: what planning 10 TB takes. `job-stream`: a worker beside a bare client of the same ranges, into the same command. */
import * as z from '#core/zod.ts';
import { bundled } from '../bundled.ts';
import { here, said, withServer } from './alone.ts';
import { atLeast, atMost, type Entry, inTurn, median } from './entry.ts';

const MiB = 2 ** 20;
const Planned = z.object({
  seconds: z.number(),
  chunks: z.number(),
  batches: z.number(),
  peakBytes: z.number(),
});
const Streamed = z.object({ seconds: z.number(), peakBytes: z.number() });
const runs = 5;

export async function plan10Tb(): Promise<Entry[]> {
  const found: z.infer<typeof Planned>[] = [];
  for (let i = 0; i < runs; i++) found.push(await said(Planned, here('plan-alone.ts')));
  const [{ chunks, batches } = { chunks: 0, batches: 0 }] = found;
  const note = `${chunks} chunks of 128 MiB planned and written as ${batches} batches for SQS; median of ${runs} processes`;
  const seconds = median(found.map(({ seconds }) => seconds));
  const peak = median(found.map(({ peakBytes }) => peakBytes / MiB));
  const held = `${note}; the largest resident set, Node's own included`;
  const entries = [
    atMost(5, { name: 'plan-10tb/time', value: seconds, unit: 's', note }),
    atMost(200, { name: 'plan-10tb/memory', value: peak, unit: 'MiB', note: held }),
  ];
  return chunks === 74_506 ? entries : entries.map((entry) => ({ ...entry, ok: false }));
}

export const jobStream = (): Promise<Entry[]> =>
  bundled([here('part-alone.ts'), here('ranges-alone.ts')], ([ours = '', theirs = '']) =>
    withServer('object-server.ts', [100], async (origin) => {
      const args = [origin, String(1024 * MiB), 'wc', '-l'];
      const seconds = async (script: string) => (await said(Streamed, script, ...args)).seconds;
      const { a, b } = await inTurn(
        runs,
        () => seconds(ours),
        () => seconds(theirs),
      );
      const value = median(b) / median(a);
      const [own, bare] = [a, b].map((times) => Math.round(1024 / median(times)));
      const note = `1 GiB of lines of 100 bytes into wc -l: ${own} MiB/s beside a bare client's ${bare}; medians of ${runs}, the server on the same machine`;
      return [atLeast(0.9, { name: 'job-stream', value, unit: '×', note })];
    }),
  );
