/** What a bench says: one entry a figure. Ratios are of medians, both sides measured in turn in one run. */
import * as z from '#core/zod.ts';

export const Entry = z.object({
  /** `verdict-latency`; a figure of one of several things is `cold-import/gate`. */
  name: z.string(),
  value: z.number(),
  /** `×` for a ratio, else `s`, `ms`, `MB`, … */
  unit: z.string(),
  /** As people read it: `≤ 2.5`; `recorded` where nothing is promised. */
  target: z.string(),
  ok: z.boolean(),
  /** What was measured beside what, how often, and the figures behind a ratio. */
  note: z.string(),
});
export type Entry = z.infer<typeof Entry>;

type Figure = Pick<Entry, 'name' | 'value' | 'unit' | 'note'>;

export const atMost = (limit: number, figure: Figure): Entry => ({
  ...figure,
  target: `≤ ${limit}`,
  ok: figure.value <= limit,
});

export const atLeast = (limit: number, figure: Figure): Entry => ({
  ...figure,
  target: `≥ ${limit}`,
  ok: figure.value >= limit,
});

export const recorded = (figure: Figure): Entry => ({ ...figure, target: 'recorded', ok: true });

/** The value below which a share of the values lies, by the nearest rank. @throws where there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('no value was measured');
  return value;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** A, B, A, B, …: what the machine does meanwhile meets both. The first pair warms up and does not count. */
export async function inTurn(
  pairs: number,
  a: (run: number) => Promise<number>,
  b: (run: number) => Promise<number>,
): Promise<{ a: number[]; b: number[] }> {
  const found = { a: [] as number[], b: [] as number[] };
  for (let run = 0; run <= pairs; run++) {
    const pair = { a: await a(run), b: await b(run) };
    if (run === 0) continue;
    found.a.push(pair.a);
    found.b.push(pair.b);
  }
  return found;
}
