/** The story of an environment in words: who did what, what was told, how long each step took, and where the logs are. */
import type { TraceAnswer } from '../api/client/client.ts';

type Step = TraceAnswer['steps'][number];

/** @param story the one that was asked for; without it all are told, and each line names its own. */
export function traceText(id: string, steps: readonly Step[], story?: string): string {
  if (steps.length === 0) return `${id} has no step${story === undefined ? '' : ` in the story ${story}`}.`;
  const lines = steps.flatMap((step, i) => stepLines(step, steps.slice(0, i), story === undefined));
  return [id, ...lines, '', ...logQuery(id, steps, story)].join('\n');
}

function stepLines(step: Step, before: readonly Step[], withStory: boolean): string[] {
  const since = before.findLast((earlier) => earlier.story === step.story);
  const took = since ? `+${duration(Date.parse(step.at) - Date.parse(since.at))}` : '';
  const version = step.kind === 'change' ? `v${step.version}` : `v${step.version}.${step.position}`;
  const origin = [
    ...(withStory && step.story ? [`story ${step.story}`] : []),
    ...(causeOf(step) ? [`cause ${causeOf(step)}`] : []),
  ];
  const tail = origin.length > 0 ? `  [${origin.join(', ')}]` : '';
  return [
    `  ${step.at}  ${took.padStart(9)}  ${version.padEnd(7)} ${wordsOf(step)}${tail}`,
    ...(step.kind === 'change' ? verdictLines(step) : []),
  ];
}

const causeOf = (step: Step) => (step.kind === 'change' ? step.cause : step.event.cause);

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
    `${' '.repeat(48)}verdict  ${result}${why} on ${digest.slice(0, 19)} under policy ${policyVersion}`,
  ];
}

/** Clocks of two functions differ: what seems to have taken less than nothing took nothing. */
export function duration(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < 1000) return `${ms} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  return minutes < 60
    ? `${minutes} m ${Math.round((ms % 60_000) / 1000)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
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
