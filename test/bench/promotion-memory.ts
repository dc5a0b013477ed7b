/** `promotion-memory`: 10 GB streamed through one promotion, and the most memory that it ever held. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as z from '#core/zod.ts';
import { atMost, type Entry } from './entry.ts';

const MB = 1_000_000;
const limitMB = 256;
const Registry = z.object({ origin: z.url(), digest: z.string() });
const Promotion = z.object({ seconds: z.number(), peakBytes: z.number() });

/** @param layers the size of each in bytes; none is mounted. @throws where the promotion fails. */
export async function promoteAlone(layers: readonly number[]): Promise<z.infer<typeof Promotion>> {
  const registry = started('streaming-registry.ts', layers.map(String));
  try {
    const { origin, digest } = Registry.parse(JSON.parse(await firstLine(registry)));
    const promotion = started('promote-alone.ts', [origin, digest]);
    const [line] = await Promise.all([firstLine(promotion), once(promotion, 'exit')]);
    return Promotion.parse(JSON.parse(line));
  } finally {
    registry.kill();
  }
}

export async function promotionMemory(): Promise<Entry[]> {
  const layers = [6000 * MB, 2500 * MB, 1000 * MB, 500 * MB];
  const { seconds, peakBytes } = await promoteAlone(layers);
  const note = `one promotion of 10 GB in ${layers.length} layers, none mounted, in ${Math.round(seconds)} s; the largest resident set of its process`;
  return [atMost(limitMB, { name: 'promotion-memory', value: peakBytes / MB, unit: 'MB', note })];
}

const started = (script: string, args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [fileURLToPath(new URL(script, import.meta.url)), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout) for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error('the process ended without a word: its error is above');
}
