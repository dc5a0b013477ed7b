/** `schwifty job verify`: from a job's plan and manifest, whether its results are of its whole input. */
import { crc32 } from 'node:zlib';
import {
  type Fault,
  type JobsClient,
  type KeyTuple,
  type ListedObject,
  ManifestLine,
  PlanLine,
  type RangeFault,
  type RowPlan,
  verify,
  verifyRanges,
} from '../api/client/jobs.ts';
import { bytesText } from './job-text.ts';
import { bodyOf, linesOf } from './links.ts';

type Found =
  | Fault
  | RangeFault
  | { readonly kind: 'no-result' | 'result'; readonly chunk: string; readonly why: string };

export interface VerifiedJob {
  readonly faults: readonly Found[];
  /** That were read: objects, or ranges of a table. */
  readonly objects: number;
  /** Of objects: S3 has a CRC-32 of all their bytes, and it was compared. */
  readonly sums?: number;
  readonly table?: string;
  readonly bytes: number;
  readonly records: number;
  /** Read and compared. */
  readonly results: number;
}

export async function verifyJob(
  jobs: Pick<JobsClient, 'files' | 'results'>,
  id: string,
  withResults: boolean,
): Promise<VerifiedJob> {
  const { plan, manifest } = await jobs.files(id);
  if (manifest === undefined)
    throw new Error(`${id} has no manifest yet: it is written when the job has ended.`);
  const planned = await planOf(plan);
  const lines: ManifestLine[] = [];
  for await (const line of linesOf(manifest)) lines.push(ManifestLine.parse(JSON.parse(line)));
  const faults: Found[] = lines
    .filter(({ state }) => state !== 'committed' && state !== 'halved')
    .map(({ chunk, state, failure }) => ({
      kind: 'no-result',
      chunk,
      why: failure?.message ?? `it is ${state}`,
    }));
  const parts = lines.flatMap(({ key, parts }) => parts.map((part) => ({ ...part, key })));
  const { faults: found, bytes, records } = verify(planned.objects, planned.table ? [] : parts);
  faults.push(...found);
  const results = withResults ? await compare(jobs, id, faults) : 0;
  if (planned.table === undefined) return { faults, ...objectsOf(planned.objects), bytes, records, results };
  faults.push(
    ...verifyRanges(
      planned.bounds,
      lines.map(({ chunk, range }) => ({ chunk, range })),
    ),
  );
  const { chunks } = planned.table;
  const sum = (of: (part: (typeof parts)[number]) => number) =>
    parts.reduce((total, part) => total + of(part), 0);
  return {
    faults,
    objects: chunks,
    table: 'query' in planned.table ? 'the query' : `${planned.table.schema}.${planned.table.table}`,
    bytes: sum(({ from, to }) => to - from),
    records: sum((part) => part.records),
    results,
  };
}

const objectsOf = (objects: readonly ListedObject[]) => ({
  objects: objects.length,
  sums: objects.filter(({ crc32 }) => crc32 !== undefined).length,
});

/** Objects, or a table and where it was cut. */
async function planOf(url: string) {
  const objects: ListedObject[] = [];
  const bounds: KeyTuple[] = [];
  let table: RowPlan | undefined;
  for await (const text of linesOf(url)) {
    const line = PlanLine.parse(JSON.parse(text));
    if ('types' in line) table = line;
    else if ('etag' in line) objects.push(line);
    else bounds.push(line);
  }
  return { objects, bounds, table };
}

async function compare(jobs: Pick<JobsClient, 'results'>, id: string, faults: Found[]): Promise<number> {
  let count = 0;
  for await (const { chunk, key, bytes, crc32: expected, url } of jobs.results(id)) {
    let size = 0;
    let sum = 0;
    for await (const some of await bodyOf(url)) {
      size += some.length;
      sum = crc32(some, sum);
    }
    count += 1;
    if (size !== bytes || sum !== expected)
      faults.push({
        kind: 'result',
        chunk,
        why: `${key} has ${size} bytes with checksum ${sum}, not ${bytes} with ${expected}`,
      });
  }
  return count;
}

export function verifiedText({ faults, objects, sums, table, bytes, records, results }: VerifiedJob): string {
  const what = table === undefined ? 'object' : 'range';
  const all = `${objects} ${what}${objects === 1 ? '' : 's'}${table === undefined ? '' : ` of ${table}`}`;
  const read = `${all}, ${bytesText(bytes)}, ${records} records`;
  const compared = results > 0 ? ` ${results} results have the checksums that they were written with.` : '';
  if (faults.length === 0)
    return `Whole: ${read}, each ${table === undefined ? 'byte' : 'range'} read once.${sumsText(objects, sums)}${compared}`;
  return [`${faults.length} faults in ${read}:`, ...faults.map(faultText)].join('\n');
}

function sumsText(objects: number, sums: number | undefined): string {
  if (sums === undefined || objects === 0) return '';
  if (sums === 0) return ' S3 has no CRC-32 of any to compare with.';
  return ` Of ${sums === objects ? 'each' : `${sums} of them`} S3 has a CRC-32, and it is that of what was read.`;
}

function faultText(fault: Found): string {
  switch (fault.kind) {
    case 'gap':
    case 'overlap':
      return `  ${fault.kind} in ${fault.key}: bytes ${fault.from} to ${fault.to}`;
    case 'unknown-object':
      return `  ${fault.key} is not in the plan`;
    case 'checksum':
      return `  ${fault.key} has checksum ${fault.expected}, what was read ${fault.found}`;
    case 'no-result':
    case 'range':
    case 'result':
      return `  chunk ${fault.chunk}: ${fault.why}`;
  }
}
