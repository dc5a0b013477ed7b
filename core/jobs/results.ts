/** What a job made, as the dataset of another one: results of its chunks in the order of its input, or all of them in one. */
import type { Job } from './job.ts';
import type { ManifestLine } from './job-files.ts';

/** Why there is nothing to read; undefined where there is. */
export function whyNoResults(job: Job | undefined, name: string): string | undefined {
  if (job === undefined) return `The team has no job ${name}.`;
  if (job.phase !== 'ended') return `${name} has not ended: what it makes is not whole yet.`;
  if (job.outcome !== 'succeeded')
    return `${name} was not a success (${job.outcome}): its results are not whole.`;
  if (job.request.target !== undefined) return `The results of ${name} went on to a table: read that one.`;
  return undefined;
}

/** Of one line of its manifest. What was uploaded and never committed is in none. */
export const resultKeys = ({ state, parts }: ManifestLine): string[] =>
  state === 'committed' ? parts.flatMap(({ output }) => output?.key ?? []) : [];
