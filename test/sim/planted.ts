/** Bugs to plant into the product, and the simulation that is to find them. */
import { vi } from 'vitest';
import type { JobStory } from './simulate.ts';

/**
 * What it is, how it gets in, what the simulation says of it. Last, of a bug that few stories meet: a seed shortly before such a story,
 * for the search to begin at; what is decided of a seed moves with the model, then it takes longer, and a new one is to be found.
 */
export type Bug = readonly [name: string, plantIt: () => void, says: RegExp, from?: number];

const planted: string[] = [];

export function plant<Module extends object>(path: string, bug: (real: Module) => Partial<Module>): void {
  planted.push(path);
  vi.doMock(path, async (importActual) => {
    const real = await importActual<Module>();
    return { ...real, ...bug(real) };
  });
}

export function unplant(): void {
  for (const path of planted.splice(0)) vi.doUnmock(path);
  vi.resetModules();
}

const storms = 5000;

/**
 * @returns what broke in the first storm that the product did not weather.
 * @param from the seed to begin at. @param jobs in those stories alone that have such data jobs.
 */
export async function found(from = 1, ...jobs: readonly JobStory[]): Promise<string | undefined> {
  vi.resetModules();
  const { jobsOf, simulate } = await import('./simulate.ts');
  for (let seed = from; seed < from + storms; seed++) {
    const story = jobsOf(seed);
    if (jobs.length > 0 && (story === undefined || !jobs.includes(story))) continue;
    const { broken } = await simulate(seed);
    if (broken) return broken;
  }
  return undefined;
}
