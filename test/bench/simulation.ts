/** `simulation`: a hundred thousand storms (test/sim/), each of which must end as it promises. It takes hours on two cores: docs/measured.md says how long. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from '#core/zod.ts';
import { run } from '#local/setup/run.ts';
import { atMost, type Entry, recorded } from './entry.ts';

const seeds = 100_000;

/** What `npm run sim -- --json FILE` writes. */
const Result = z.object({
  seeds: z.int(),
  seconds: z.number(),
  faults: z.record(z.string(), z.int()),
  failures: z.array(z.object({ seed: z.int(), broken: z.string() })),
});
type Result = z.infer<typeof Result>;

export async function simulation(): Promise<Entry[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const json = join(folder, 'sim.json');
    const program = fileURLToPath(new URL('../sim/sim.ts', import.meta.url));
    const log = join(folder, 'sim.log');
    const args = [program, '--seeds', String(seeds), '--json', json];
    // It ends with 1 where a seed broke: that is in the file.
    await run(process.execPath, args, { log }).catch(() => undefined);
    return simulated([readSimulation(json)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const readSimulation = (file: string): Result => Result.parse(JSON.parse(readFileSync(file, 'utf8')));

/** Of one run, or of one that was made in shares. */
export function simulated(results: readonly Result[]): Entry[] {
  const total = (of: (result: Result) => number) => results.reduce((sum, result) => sum + of(result), 0);
  const kinds: Record<string, number> = {};
  for (const { faults } of results)
    for (const [kind, count] of Object.entries(faults)) kinds[kind] = (kinds[kind] ?? 0) + count;
  const byKind = Object.entries(kinds)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${count}`);
  const failures = results.flatMap((result) => result.failures);
  const broken = failures.slice(0, 5).map(({ seed, broken }) => `seed ${seed}: ${broken}`);
  return [
    recorded({
      name: 'simulation/seeds',
      value: total((result) => result.seeds),
      unit: 'seeds',
      note: `each a story of the whole control plane, in ${Math.round(total(({ seconds }) => seconds))} s`,
    }),
    recorded({
      name: 'simulation/faults',
      value: Object.values(kinds).reduce((sum, count) => sum + count, 0),
      unit: 'faults',
      note: byKind.join(', '),
    }),
    atMost(0, {
      name: 'simulation/failures',
      value: failures.length,
      unit: 'seeds',
      note: broken.join('; ') || 'every invariant held in every seed',
    }),
  ];
}
