/** `schwifty job plan`: the chunks of a job for engines that fit better, and what reads them there. */
import { copyFileSync, createWriteStream, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import { DatasetObject, type JobsClient, readsRows, splitsOf } from '../api/client/jobs.ts';
import type { Desk } from './env.ts';
import { linesOf, printed } from './links.ts';

/** Of each engine the program beside the reader, and what starts it. */
const engines = {
  dask: { program: 'dask_bag.py', start: 'python dask_bag.py' },
  ray: { program: 'ray_data.py', start: 'python ray_data.py' },
  spark: { program: 'spark_rdd.py', start: 'spark-submit --py-files getschwifty_splits.py spark_rdd.py' },
} as const;
type Engine = keyof typeof engines;
const reader = 'getschwifty_splits.py';

type Jobs = Pick<JobsClient, 'get' | 'files'>;

interface HandedOver {
  readonly folder: string;
  readonly splits: number;
  readonly files: readonly string[];
  readonly start: string;
}

export function planCommand(command: Command, { client, print }: Desk): void {
  command
    .command('plan')
    .argument('<job>', 'team/job-…, as it was answered')
    .addOption(
      new Option('--as <engine>', 'write them into a folder, with what reads them there').choices(
        Object.keys(engines),
      ),
    )
    .option('--into <folder>', "of --as: an empty one or one to be made; by default the job's name")
    .description('its chunks as splits for other engines, a line of JSON each, to standard output')
    .action(async (id: string, { as, into }: { as?: Engine; into?: string }) => {
      const { jobs } = client();
      if (as !== undefined) return print(await handOver(jobs, id, as, into), handedOverText);
      for await (const line of splitLines(jobs, id)) await printed(line);
    });
}

async function* splitLines(jobs: Jobs, id: string): AsyncGenerator<string> {
  const { job } = await jobs.get(id);
  if (readsRows(job.request))
    throw new Error(`${id} reads rows of a database: other engines ask it by themselves.`);
  if (job.request.compression === 'zstd-seekable')
    throw new Error(`${id} is cut where frames of zstd begin, which the splits of other engines do not say.`);
  const { results } = job.request;
  if (results !== undefined)
    throw new Error(`${id} reads what ${results} made: ask for the plan of that one, or for its results.`);
  if (job.phase === 'listing')
    throw new Error(`${id} has no plan yet: its dataset is being listed. Ask again in a minute.`);
  const { plan, quoted } = await jobs.files(id);
  const objects: DatasetObject[] = [];
  for await (const line of linesOf(plan)) objects.push(DatasetObject.parse(JSON.parse(line)));
  const numbers = new Set<number>();
  if (quoted !== undefined) for await (const line of linesOf(quoted)) numbers.add(Number(line));
  for (const split of splitsOf(job.request, objects, (number) => numbers.has(number)))
    yield `${JSON.stringify(split)}\n`;
}

async function handOver(
  jobs: Jobs,
  id: string,
  engine: Engine,
  into = id.split('/').at(-1) ?? id,
): Promise<HandedOver> {
  if (existsSync(into) && readdirSync(into).length > 0)
    throw new Error(`${into} is not empty: say another folder by --into.`);
  const { program, start } = engines[engine];
  let splits = 0;
  const counted = async function* () {
    for await (const line of splitLines(jobs, id)) {
      splits += 1;
      yield line;
    }
  };
  mkdirSync(into, { recursive: true });
  await pipeline(Readable.from(counted()), createWriteStream(join(into, 'splits.ndjson')));
  for (const file of [reader, program])
    copyFileSync(fileURLToPath(new URL(`hand-over/${file}`, import.meta.url)), join(into, file));
  return { folder: into, splits, files: ['splits.ndjson', reader, program], start };
}

const handedOverText = ({ folder, splits, files, start }: HandedOver): string =>
  [
    `${splits} splits in ${folder}: ${files.join(', ')}.`,
    `What reads them needs boto3 and s3:GetObject there. Try it: cd ${folder} && ${start}`,
  ].join('\n');
