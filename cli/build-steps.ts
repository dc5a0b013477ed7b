/** The steps of a build, for people. */
import type { BuildAnswer } from '../api/client/client.ts';

const nameLength = 100;

/** A line a step, and their sum. */
export function tableOf({ steps, left, cached }: Pick<BuildAnswer, 'steps' | 'left' | 'cached'>): string[] {
  const lines = steps.map(({ name, seconds, how }) => {
    const cut = name.length > nameLength ? `${name.slice(0, nameLength)}…` : name;
    return `${seconds.toFixed(1).padStart(7)} s  ${how.padEnd(9)}  ${cut}`;
  });
  const others = left === 0 ? '' : `; ${left} more are in its log alone`;
  return [...lines, `${steps.length} steps, ${cached} of them from a cache${others}`];
}
