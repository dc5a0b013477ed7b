/** Two hundred stories of `npm run sim` in the daily run; and that a seed is a story, the same each time. */
import { expect, test } from 'vitest';
import { simulate } from './simulate.ts';

test('two hundred storms end as they must', { timeout: 600_000 }, async () => {
  const broken: string[] = [];
  for (let seed = 1; seed <= 200; seed++) {
    const outcome = await simulate(seed);
    if (outcome.broken) broken.push(`npm run sim -- --seed ${seed}: ${outcome.broken}`);
  }
  expect(broken).toEqual([]);
});

/** Some with data jobs of each kind, whose workers live beside all else. */
const told = [7, 12, 26, 33, 43];

test('a seed is the same story each time, step by step', { timeout: 120_000 }, async () => {
  const story = async (seed: number) => {
    const lines: string[] = [];
    const outcome = await simulate(seed, (line) => lines.push(line));
    return { lines, outcome };
  };
  const first: Awaited<ReturnType<typeof story>>[] = [];
  for (const seed of told) first.push(await story(seed));
  await simulate(8);
  for (const [i, seed] of told.toReversed().entries())
    expect(await story(seed)).toEqual(first[told.length - 1 - i]);
  for (const { lines } of first) expect(lines.length).toBeGreaterThan(100);
  const jobs = first.filter(({ outcome }) => outcome.endings.some((end) => end.startsWith('job ')));
  expect(jobs.length).toBeGreaterThan(2);
});
