/** Catalog, lists, plans, costs, images, reports and usage in words. */
import {
  type CatalogAnswer,
  type CostAnswer,
  type EnvironmentsAnswer,
  explain,
  type ImagesAnswer,
  type PlanAnswer,
  type ReportAnswer,
  type UsageAnswer,
} from '../api/client/client.ts';
import { warningLines } from './status.ts';

const short = (digest: string): string => digest.slice(0, 19);

/** Columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function listText(environments: EnvironmentsAnswer['environments']): string {
  if (environments.length === 0)
    return 'No environments. Ask for one: schwifty env create team/name --spec file';
  return table([
    ['environment', 'phase', 'image', 'cluster', 'asked for by', 'since'],
    ...environments.map(({ key, phase, candidate, cluster, requester, createdAt }) => [
      `${key.team}/${key.name}`,
      phase,
      candidate.phase,
      cluster,
      requester,
      createdAt,
    ]),
  ]);
}

export const catalogText = ({ bases, git, clusters, policy }: CatalogAnswer): string =>
  [
    table([['base', 'title', 'takes', 'MB', 'digest', 'last scan'], ...bases.map(baseRow)]),
    '',
    `git       ${git.map((prefix) => `${prefix}…`).join(', ') || 'nothing is built from Git'}`,
    `clusters  ${clusters.map(({ name }) => name).join(', ')}`,
    `policy    ${policy.version}: blocks ${policy.block.join(', ')}; a scan counts for ${policy.maxScanAgeHours} hours`,
  ].join('\n');

type Base = CatalogAnswer['bases'][number];
const baseRow = ({ name, title, takes, image, missing }: Base): string[] => {
  const head = [name, title, takes.join(', ') || 'nothing'];
  if (!image) return [...head, '', '', missing ?? 'it is not in the registry'];
  return [...head, String(image.sizeMB), short(image.digest), scanText(image.scan)];
};

function scanText(scan: NonNullable<Base['image']>['scan']): string {
  if (!scan) return 'none';
  const found = Object.entries(scan.findings).map(([severity, count]) => `${count} ${severity}`);
  return `${scan.completedAt}: ${found.join(', ') || 'nothing found'}`;
}

const amount = ({ least, most }: { least: number; most: number }): string =>
  least === most ? String(least) : `${least} to ${most}`;

export const costText = ({ currency, perHour, perMonth, parts, assumptions }: CostAnswer): string =>
  [
    `${amount(perHour)} ${currency} an hour while it runs, ${amount(perMonth)} ${currency} a month`,
    ...parts.map(
      ({ what, units, unitPerHour }) =>
        `  ${amount(units)} ${what} at ${unitPerHour} ${currency} an hour each`,
    ),
    ...assumptions.map((line) => `  - ${line}`),
  ].join('\n');

export const planText = ({ steps, dockerfile, objects, cost, warnings }: PlanAnswer): string =>
  [
    'Nothing was done. It would go so:',
    ...steps.map((step, i) => `  ${i + 1}. ${step}`),
    ...warningLines(warnings),
    '',
    'Dockerfile',
    ...dockerfile
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
    '',
    `Objects: ${objects.map((object) => String(object['kind'])).join(', ')} (--json shows them whole)`,
    '',
    `Cost: ${costText(cost)}`,
  ].join('\n');

export function imagesText({ images }: ImagesAnswer): string {
  if (images.length === 0) return 'No image yet.';
  return images
    .map(({ digest, is, verdict }) => {
      const said = verdict ? `${verdict.result} under policy ${verdict.policyVersion}` : 'not judged yet';
      const blocking = verdict && verdict.blocking > 0 ? `, blocked by ${verdict.blocking}` : '';
      return `${digest}  ${is.join(', ')}: ${said}${blocking}`;
    })
    .join('\n');
}

const attachedAs: Readonly<Record<string, string>> = {
  'application/vnd.cyclonedx+json': 'What is in it (CycloneDX)',
  'application/vnd.in-toto+json': 'Where it comes from (in-toto)',
};

export const reportText = ({ verdict, url, expiresAt, attached }: ReportAnswer): string =>
  [
    `${short(verdict.digest)}: ${verdict.result} under policy ${verdict.policyVersion}, decided ${verdict.decidedAt}`,
    ...verdict.reasons.map((reason) => `  ${explain(reason, verdict.policyVersion)}`),
    `All findings, until ${expiresAt}: ${url}`,
    ...attached.map(({ type, digest, url }) => `${attachedAs[type] ?? type}: ${url ?? digest}`),
  ].join('\n');

export function usageText({ team, quota, used, left }: UsageAnswer): string {
  const names = {
    cpu: 'cores',
    memoryMiB: 'MiB of memory',
    gpu: 'GPUs',
    storageGiB: 'GiB of volumes',
    environments: 'environments',
  } as const;
  const row = (what: keyof typeof names) => [
    names[what],
    String(used[what]),
    String(quota[what]),
    String(left[what]),
  ];
  return [
    `Team ${team}`,
    table([
      ['', 'used', 'quota', 'left'],
      row('cpu'),
      row('memoryMiB'),
      row('gpu'),
      row('storageGiB'),
      row('environments'),
    ]),
  ].join('\n');
}
