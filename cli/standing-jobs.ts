/** `schwifty job standing …`: jobs that a schedule, an upload or the success of another one starts. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parse } from 'yaml';
import type { Client } from '../api/client/client.ts';
import { parseStandingJob, type StandingJobAnswer, type StandingVerb } from '../api/client/standing-jobs.ts';
import type { Desk } from './env.ts';
import { table } from './offers.ts';

const standing = ['<standing-job>', 'team/name'] as const;
const file = [
  '--file <file>',
  'as YAML or JSON: when (a schedule, an upload, or after which one), and job, as for submit',
] as const;

const verbs: readonly { readonly name: string; readonly verb: StandingVerb; readonly says: string }[] = [
  { name: 'pause', verb: 'pause', says: 'let nothing start it' },
  { name: 'resume', verb: 'resume', says: 'start what waits, and what comes from now on' },
  { name: 'run', verb: 'runs', says: 'start one of a schedule now' },
];

export function standingCommands(job: Command, { client, print }: Desk): void {
  const command = job
    .command('standing')
    .description('jobs that start by themselves: create, list, get, change, pause, resume, run, delete');
  command
    .command('create')
    .argument(...standing)
    .requiredOption(...file)
    .description('let a schedule, an upload or another job start one, again and again')
    .action(async (id: string, options: { file: string }) =>
      print(await client().standingJobs.create(asked(id, options.file)), standingText),
    );
  command
    .command('list')
    .argument('<team>')
    .description("a team's standing jobs")
    .action(async (team: string) => print(await client().standingJobs.list(team), standingListText));
  command
    .command('get')
    .argument(...standing)
    .description('what starts it, what waits and goes on, and what came of the causes before')
    .action(async (id: string) => print(await client().standingJobs.get(id), standingText));
  command
    .command('change')
    .argument(...standing)
    .requiredOption(...file)
    .description('the whole of it; of what waits for a cause that it has no more, none is started')
    .action(async (id: string, options: { file: string }) => {
      const { standing: next } = asked(id, options.file);
      const change = (version: number) => client().standingJobs.change(id, next, version);
      print(await atVersion(client(), id, change), standingText);
    });
  for (const { name, verb, says } of verbs)
    command
      .command(name)
      .argument(...standing)
      .description(says)
      .action(async (id: string) => print(await client().standingJobs.say(id, verb), standingText));
  command
    .command('delete')
    .argument(...standing)
    .description('nothing starts it any more; what runs goes on, and all results stay')
    .action(async (id: string) => {
      const gone = await atVersion(client(), id, (version) => client().standingJobs.delete(id, version));
      print(gone, () => `${id} is deleted.`);
    });
}

const atVersion = async <T>(api: Client, id: string, change: (version: number) => Promise<T>): Promise<T> =>
  change((await api.standingJobs.get(id)).standingJob.version);

function asked(id: string, path: string) {
  const [team, name] = id.split('/');
  return parseStandingJob({ team, name, standing: parse(readFileSync(path, 'utf8')) }, path);
}

type StandingJob = StandingJobAnswer['standingJob'];

function whenText({ standing: { when }, overlap }: StandingJob): string {
  const meanwhile = `what comes while one runs ${overlap === 'skip' ? 'is skipped' : 'waits'}`;
  return `${startText(when)}; ${meanwhile}`;
}

function startText(when: StandingJob['standing']['when']): string {
  switch (when.kind) {
    case 'schedule':
      return `${when.cron} in ${when.timeZone}`;
    case 'upload':
      return `an upload below ${when.prefix}`;
    case 'after':
      return `each success of ${when.job}`;
  }
}

export function standingText({ standingJob, history }: StandingJobAnswer): string {
  const { team, name, paused, owner, next, current, waiting, runs, standing: spec } = standingJob;
  return [
    `${team}/${name}${paused ? '  paused' : ''}`,
    `  when      ${whenText(standingJob)}`,
    `  runs      ${spec.job.command.join(' ')}`,
    `  for       ${owner}`,
    ...(next === undefined ? [] : [`  next      ${next}`]),
    ...(current ? [`  now       ${current.job}, since ${current.at}, for ${current.text}`] : []),
    ...waiting.map(({ text, since, why, again }) => {
      const refused = why === undefined ? '' : `: not started yet, again at ${again}: ${why}`;
      return `  waits     ${text}, since ${since}${refused}`;
    }),
    ...runs.map(({ at, outcome, job, why, text }) => {
      const reason = why === undefined ? '' : `: ${why}`;
      return `  ${at}  ${outcome}${job === undefined ? '' : ` ${job}`}, for ${text}${reason}`;
    }),
    ...history.map((line) => `  ${line.at}  ${line.actor}: ${line.what}`),
  ].join('\n');
}

export function standingListText(all: readonly StandingJob[]): string {
  if (all.length === 0)
    return 'No standing jobs. Ask for one: schwifty job standing create <team/name> --file standing.yaml';
  const rows = all.map((one) => {
    const [last] = one.runs;
    return [
      `${one.team}/${one.name}`,
      one.paused ? 'paused' : (one.current?.job ?? (one.waiting.length > 0 ? 'waits' : 'ready')),
      one.next ?? '',
      last === undefined ? '' : `${last.outcome} at ${last.at}`,
      whenText(one),
    ];
  });
  return table([['standing job', 'now', 'next', 'last', 'when'], ...rows]);
}
