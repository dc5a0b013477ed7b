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

test('a seed is the same story each time, step by step', async () => {
  const story = async (seed: number) => {
    const lines: string[] = [];
    const outcome = await simulate(seed, (line) => lines.push(withoutIds(line)));
    return { lines, outcome };
  };
  const first = await story(7);
  await simulate(8);
  expect(await story(7)).toEqual(first);
  expect(first.lines.length).toBeGreaterThan(100);
});

/** EventBridge's own ids are counted over all stories. */
const withoutIds = (line: string): string => line.replace(/\be-\d+/g, 'e-n');
