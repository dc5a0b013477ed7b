/** docs/flow.md, drawn from core/flow.ts. `npm run docs` writes it, a test holds it. */
import { type FlowStage, flow, type Subscription } from './flow.ts';

export function drawFlow(): string {
  return [
    '# The flow',
    '',
    'Drawn from [core/flow.ts](../core/flow.ts) by `npm run docs`: change it there.',
    '',
    '```mermaid',
    'flowchart TD',
    ...flow.map(({ stage }) => `  ${stage}([${stage}])`),
    ...flow.flatMap(arrows),
    '```',
    '',
    '| stage | what it does | taken | told | when it does not run |',
    '|---|---|---|---|---|',
    ...flow.map(row),
    '',
  ].join('\n');
}

function arrows({ stage, on, also, asks }: FlowStage): string[] {
  const fromStages = on.flatMap(({ detailTypes }) =>
    detailTypes.flatMap((type) =>
      flow
        .filter(({ tells }) => tells.some((told) => told === type))
        .map((teller) => `  ${teller.stage} -- ${type} --> ${stage}`),
    ),
  );
  const fromAws = on
    .filter(({ source }) => source.startsWith('aws.'))
    .map(
      ({ source, detailTypes }) =>
        `  ${source.replace('.', '_')}[${source}] -- ${detailTypes.join(', ')} --> ${stage}`,
    );
  const fromElsewhere = also?.startsWith('POST')
    ? [`  person((person)) -- ${also.replaceAll(/[{}]/g, ':')} --> ${stage}`]
    : [];
  const toAsked = asks ? [`  ${stage} -. seen .-> ${asks}`] : [];
  return [...fromElsewhere, ...fromAws, ...fromStages, ...toAsked];
}

function row({ stage, does, impact, on, also, tells }: FlowStage): string {
  const taken = [...on.flatMap(takes), ...(also ? [also] : [])].join(', ');
  return `| ${stage} | ${does} | ${taken} | ${tells.join(', ') || '–'} | ${impact} |`;
}

const takes = ({ source, detailTypes }: Subscription): string[] =>
  detailTypes.map((type) => (source.startsWith('aws.') ? `${source}: ${type}` : type));
