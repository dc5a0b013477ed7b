/** docs/phases.md, drawn from the turns of core/machine.ts. `npm run docs` writes it, a test holds it. */
import { candidateTurns, releaseTurns, type Turn } from './machine.ts';

export function drawPhases(): string {
  return [
    '# The phases of an environment',
    '',
    'Drawn from [core/machine.ts](../core/machine.ts) by `npm run docs`: change it there.',
    '',
    'The newest image and what runs move apart, so that a new image never disturbs what runs.',
    ...section('The newest image', candidateTurns),
    ...section('What runs', releaseTurns),
    '',
  ].join('\n');
}

function section(title: string, turns: readonly Turn[]): string[] {
  return [
    '',
    `## ${title}`,
    '',
    '```mermaid',
    'stateDiagram-v2',
    ...(turns.some(isFromAnywhere) ? ['  state "any phase" as any_phase'] : []),
    ...turns.flatMap(arrows),
    '```',
    '',
    '| from | by the news | to |',
    '|---|---|---|',
    ...turns.map(({ from, news, to }) => `| ${from.join(', ') || '–'} | ${news} | ${to.join(', ')} |`),
  ];
}

/** Drawn from each of them, such a turn would hide the others. */
const isFromAnywhere = ({ from }: Turn): boolean => from.length > 5;

function arrows({ from, news, to }: Turn): string[] {
  const begins = from.length === 0 ? ['[*]'] : from.map(stateOf);
  const drawn = isFromAnywhere({ from, news, to }) ? ['any_phase'] : begins;
  return drawn.flatMap((begin) => to.map((end) => `  ${begin} --> ${stateOf(end)}: ${news}`));
}

/** Mermaid takes no hyphen in a state's name. */
const stateOf = (phase: string): string => phase.replaceAll('-', '_');
