/** `schwifty job …`: a command over a dataset, chunk by chunk, by many workers. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { type JobAnswer, type JobVerb, parseJob } from '../api/client/jobs.ts';
import type { Desk } from './env.ts';
import { planCommand } from './job-plan.ts';
import { failuresText, jobLine, jobsText, jobText, overwriting, workersLines } from './job-text.ts';
import { verifiedText, verifyJob } from './job-verify.ts';
import { printed } from './links.ts';
import { standingCommands } from './standing-jobs.ts';

const job = ['<job>', 'team/job-…, as it was answered'] as const;
const watchMs = 2000;

const verbs: Readonly<Record<JobVerb, string>> = {
  pause: 'give back what its workers are at, and keep what is done',
  resume: 'go on where it was',
  cancel: 'end it; what is done is kept',
};

export function jobCommands(program: Command, { client, print }: Desk): void {
  const command = program
    .command('job')
    .description(
      'data jobs: submit, watch, list, get, pause, resume, cancel, retry, failures, results, verify, plan, standing',
    );
  command
    .command('submit')
    .argument('<team>')
    .requiredOption('--file <file>', 'as YAML or JSON: dataset, command, and what else it needs')
    .option('--watch', 'until it has ended')
    .description('run a command over a dataset')
    .action(async (team: string, { file, watch = false }: { file: string; watch?: boolean }) => {
      const asked = parseJob({ team, job: parse(readFileSync(file, 'utf8')) }, file);
      const answer = await client().jobs.submit(asked);
      print(answer, jobText);
      if (watch) await watchJob(client, idOf(answer));
    });
  command
    .command('watch')
    .argument(...job)
    .option('--workers', 'elsewhere than on a terminal too: the memory and the rate of each')
    .description('how far it is, and how fast its workers are, until it has ended')
    .action((id: string, { workers = false }: { workers?: boolean }) => watchJob(client, id, workers));
  command
    .command('list')
    .argument('<team>')
    .description("a team's jobs, the newest first")
    .action(async (team: string) => print(await client().jobs.list(team), jobsText));
  command
    .command('get')
    .argument(...job)
    .description('how far it is, who works at it, and what happened')
    .action(async (id: string) => print(await client().jobs.get(id), jobText));
  for (const verb of ['pause', 'resume', 'cancel'] as const)
    command
      .command(verb)
      .argument(...job)
      .description(verbs[verb])
      .action(async (id: string) => print(await client().jobs.say(id, verb), jobText));
  command
    .command('retry')
    .argument(...job)
    .option('--memory <MiB>', 'for each command, where it had too little')
    .description('of one that has ended: run again what has no result, and nothing else')
    .action(async (id: string, { memory }: { memory?: string }) =>
      print(await client().jobs.retry(id, memory === undefined ? undefined : mebibytes(memory)), jobText),
    );
  whatItMade(command, { client, print });
  standingCommands(command, { client, print });
}

function whatItMade(command: Command, { client, print }: Desk): void {
  command
    .command('failures')
    .argument(...job)
    .description('why chunks failed, and what the command said last')
    .action(async (id: string) => print(await client().jobs.failures(id), failuresText));
  command
    .command('results')
    .argument(...job)
    .option('--parts', 'of each chunk, also where they were brought together')
    .description(
      'to standard output: its results as they were brought together, or else end to end, in the order of the input',
    )
    .action(async (id: string, { parts = false }: { parts?: boolean }) => {
      const { result } = await client().jobs.files(id);
      if (result !== undefined && !parts) return copy(result, 'the result');
      for await (const { url, key } of client().jobs.results(id)) await copy(url, key);
    });
  command
    .command('verify')
    .argument(...job)
    .option('--results', 'read each result too, and compare its checksum')
    .description('whether its results are of its whole input: no gap, no overlap, no chunk without a result')
    .action(async (id: string, { results = false }: { results?: boolean }) => {
      const answer = await verifyJob(client().jobs, id, results);
      print(answer, verifiedText);
      if (answer.faults.length > 0) process.exitCode = 1;
    });
  planCommand(command, { client, print });
}

function mebibytes(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Error(`${text} is no memory: a whole number of MiB.`);
}

const idOf = ({ job: { team, name } }: JobAnswer): string => `${team}/${name}`;

async function copy(url: string, key: string): Promise<void> {
  const answer = await fetch(url);
  if (!answer.ok || answer.body === null) throw new Error(`${key} was not given (${answer.status}).`);
  for await (const bytes of answer.body) await printed(bytes);
}

/** On a terminal lines that change; elsewhere a line for each change. */
async function watchJob(client: Desk['client'], id: string, workers = false): Promise<void> {
  const { isTTY } = process.stdout;
  let before: readonly string[] = [];
  for (;;) {
    const answer = await client().jobs.get(id);
    const lines = [jobLine(answer.job), ...(isTTY || workers ? workersLines(answer) : [])];
    const text = lines.join('\n');
    if (isTTY) process.stdout.write(`${overwriting(before, process.stdout.columns)}${text}`);
    else if (text !== before.join('\n')) console.log(text);
    before = lines;
    if (answer.job.phase === 'ended') {
      if (isTTY) process.stdout.write('\n');
      if (answer.job.outcome !== 'succeeded') process.exitCode = 1;
      return;
    }
    await sleep(watchMs);
  }
}
