/** Bugs to plant into the product, and the simulation that is to find them. */
import { vi } from 'vitest';
import type { JobStory } from './simulate.ts';

export type Bug = readonly [string, () => void, RegExp];

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

/** @returns what broke in the first storm that the product did not weather. @param jobs in those alone that have such data jobs. */
export async function found(...jobs: readonly JobStory[]): Promise<string | undefined> {
  vi.resetModules();
  const { jobsOf, simulate } = await import('./simulate.ts');
  for (let seed = 1; seed <= storms; seed++) {
    const story = jobsOf(seed);
    if (jobs.length > 0 && (story === undefined || !jobs.includes(story))) continue;
    const { broken } = await simulate(seed);
    if (broken) return broken;
  }
  return undefined;
}
