/** The story of an environment in words: who did what, what was told, how long each step took, and where the logs are. */
import type { TraceAnswer } from '../api/client/client.ts';

type Step = TraceAnswer['steps'][number];

/** @param story the one that was asked for; without it all are told, each under its id. */
export function traceText(id: string, steps: readonly Step[], story?: string): string {
  if (steps.length === 0) return `${id} has no step${story === undefined ? '' : ` in the story ${story}`}.`;
  const lines = steps.flatMap((step, i) => [
    ...(step.story === steps[i - 1]?.story ? [] : [`  story ${step.story ?? 'unknown'}`]),
    ...stepLines(step, steps.slice(0, i)),
  ]);
  return [id, ...lines, '', ...logQuery(id, steps, story)].join('\n');
}

function stepLines(step: Step, before: readonly Step[]): string[] {
  const since = before.findLast((earlier) => earlier.story === step.story);
  const took = since ? `+${duration(Date.parse(step.at) - Date.parse(since.at))}` : '';
  const version = step.kind === 'change' ? `v${step.version}` : `v${step.version}.${step.position}`;
  const line = `    ${step.at}  ${took.padStart(9)}  ${version.padEnd(7)} ${wordsOf(step)}`;
  if (step.kind === 'event') return [line];
  const cause = step.cause === undefined ? '' : `  (message ${step.cause})`;
  return [`${line}${cause}`, ...verdictLines(step)];
}

function wordsOf(step: Step): string {
  if (step.kind === 'change') return `${step.actor.padEnd(8)} ${step.what}`;
  const { event, at, sentAt } = step;
  const sent =
    sentAt === undefined ? 'NOT SENT YET' : `sent ${duration(Date.parse(sentAt) - Date.parse(at))} later`;
  return `  told   ${event.type}, ${sent}`;
}

function verdictLines({ verdict }: Extract<Step, { kind: 'change' }>): string[] {
  if (!verdict) return [];
  const { result, digest, policyVersion, blocking } = verdict;
  const why = blocking > 0 ? ` by ${blocking}` : '';
  return [
    `${' '.repeat(50)}verdict  ${result}${why} on ${digest.slice(0, 19)} under policy ${policyVersion}`,
  ];
}

/** Clocks of two functions differ: what seems to have taken less than nothing took nothing. */
export function duration(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < 1000) return `${ms} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} m ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
}

function logQuery(id: string, steps: readonly Step[], story?: string): string[] {
  const stories = story === undefined ? [...new Set(steps.flatMap((step) => step.story ?? []))] : [story];
  const filter =
    stories.length > 0
      ? `story in [${stories.map((one) => JSON.stringify(one)).join(', ')}]`
      : `@message like ${JSON.stringify(id)}`;
  return [
    'The log lines, by CloudWatch Logs Insights over the log groups of all functions:',
    `  fields @timestamp, stage, message, messageId, version, did, error.message | filter ${filter} | sort @timestamp asc | limit 1000`,
  ];
}
