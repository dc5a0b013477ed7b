/** `schwifty job verify`: from a job's plan and manifest, whether its results are of its whole input. */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { DatasetObject, type Fault, type JobsClient, ManifestLine, verify } from '../api/client/jobs.ts';
import { bytesText } from './job-text.ts';

type Found = Fault | { readonly kind: 'no-result' | 'result'; readonly chunk: string; readonly why: string };

export interface VerifiedJob {
  readonly faults: readonly Found[];
  readonly objects: number;
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
  const objects: DatasetObject[] = [];
  for await (const line of linesOf(plan)) objects.push(DatasetObject.parse(JSON.parse(line)));
  const parts: ({ key: string } & ManifestLine['parts'][number])[] = [];
  const faults: Found[] = [];
  for await (const line of linesOf(manifest)) {
    const { chunk, key, state, parts: own, failure } = ManifestLine.parse(JSON.parse(line));
    parts.push(...own.map((part) => ({ ...part, key })));
    if (state !== 'committed' && state !== 'halved')
      faults.push({ kind: 'no-result', chunk, why: failure?.message ?? `it is ${state}` });
  }
  const { faults: found, bytes, records } = verify(objects, parts);
  faults.push(...found);
  const results = withResults ? await compare(jobs, id, faults) : 0;
  return { faults, objects: objects.length, bytes, records, results };
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

async function bodyOf(url: string): Promise<AsyncIterable<Uint8Array>> {
  const answer = await fetch(url);
  if (!answer.ok || answer.body === null)
    throw new Error(
      `${new URL(url).pathname} was not given (${answer.status}): links hold some minutes, so try again.`,
    );
  return answer.body;
}

async function* linesOf(url: string): AsyncGenerator<string> {
  yield* createInterface({ input: Readable.from(await bodyOf(url)), crlfDelay: Number.POSITIVE_INFINITY });
}

export function verifiedText({ faults, objects, bytes, records, results }: VerifiedJob): string {
  const read = `${objects} ${objects === 1 ? 'object' : 'objects'}, ${bytesText(bytes)}, ${records} records`;
  const compared = results > 0 ? ` ${results} results have the checksums that they were written with.` : '';
  if (faults.length === 0) return `Whole: ${read}, each byte read once.${compared}`;
  return [`${faults.length} faults in ${read}:`, ...faults.map(faultText)].join('\n');
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
    case 'result':
      return `  chunk ${fault.chunk}: ${fault.why}`;
  }
}
