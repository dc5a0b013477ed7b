/** Records cut as workers cut them: a range of the data each, in blocks. */
import type { Records } from '#core/jobs/dataset.ts';
import { type Cutter, cutterOf, type Range } from '#core/jobs/records.ts';

/** What is cut where its bytes say; row groups are cut where their footer does. */
export type Cuttable = Exclude<Records, { kind: 'parquet' }>;
export const lines: Cuttable = { kind: 'lines' };
export const noLimit = 1_000_000;
export const rangeOf = (start: number, end: number, size: number, more: Partial<Range> = {}): Range => ({
  start,
  end,
  size,
  aligned: start === 0,
  quoted: false,
  scanFrom: start,
  ...more,
});

/** Feeds it as a worker does, in blocks of these sizes in turn, each in memory that is then used again. */
export function cut(cutter: Cutter, data: Buffer, blocks: readonly number[] = [7]): Buffer {
  const ours: Buffer[] = [];
  let at = cutter.readFrom;
  for (let turn = 0; !cutter.done && at < data.length; turn++) {
    const block = Buffer.from(data.subarray(at, at + (blocks[turn % blocks.length] ?? 1)));
    ours.push(Buffer.from(cutter.push(block)));
    at += block.length;
    block.fill('\n');
  }
  cutter.end();
  return Buffer.concat(ours);
}

export function pieces(
  data: Buffer,
  records: Cuttable,
  bounds: readonly number[],
  blocks?: readonly number[],
) {
  const all = [0, ...bounds, data.length];
  return all.slice(1).map((end, i) => {
    const start = all[i] ?? 0;
    const quoted = records.kind === 'csv' && quotesIn(data.subarray(0, start)) % 2 === 1;
    const cutter = cutterOf(rangeOf(start, end, data.length, { quoted }), records, noLimit);
    const bytes = cut(cutter, data, blocks);
    return { bytes, start, end, ...cutter.found };
  });
}
const quotesIn = (bytes: Buffer): number => bytes.filter((byte) => byte === 0x22).length;
