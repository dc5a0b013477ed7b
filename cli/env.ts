/** `schwifty env …`, `image …`, `team …`, `catalog`, `health`: what people ask for, look at and decide. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parse } from 'yaml';
import {
  type Client,
  type CreateEnvironment,
  type EnvironmentAnswer,
  parseRequest,
} from '../api/client/client.ts';
import { catalogText, costText, imagesText, listText, planText, reportText, usageText } from './offers.ts';
import { statusText } from './status.ts';
import { traceText } from './trace.ts';

/** What every command needs. */
export interface Desk {
  readonly client: () => Client;
  readonly print: <T>(answer: T, inWords: (answer: T) => string) => void;
}

const environment = ['<environment>', 'team/name'] as const;

const specFile = [
  '--spec <file>',
  'its spec, as YAML or JSON: a base with packages and files, or an image, or a git repository; command, resources',
] as const;

/** @returns the command that what is done with one that exists is added to. */
export function environmentCommands(program: Command, { client, print }: Desk): Command {
  const env = program
    .command('env')
    .description(
      'environments: list, get, plan, create, change, rebuild, log, sessions, stop, start, extend, transfer, delete, events, cost',
    );
  env
    .command('list')
    .option('--team <team>', 'of this team alone')
    .description('the environments of your teams')
    .action(async ({ team }: { team?: string }) => print(await client().list(team), listText));
  env
    .command('get')
    .argument(...environment)
    .description('what runs, what waits, and why')
    .action(async (id: string) => print(await client().get(id), statusText));
  askCommands(env, { client, print });
  env
    .command('events')
    .argument(...environment)
    .option('--story <id>', 'one story alone')
    .description('what happened, step by step')
    .action(async (id: string, { story }: { story?: string }) =>
      print(await client().trace(id, story), (steps) => traceText(id, steps, story)),
    );
  env
    .command('cost')
    .argument(...environment)
    .description('an estimate of what it costs while it runs')
    .action(async (id: string) => print(await client().cost(id), costText));
  return env;
}

/** What is asked for, or would be. */
function askCommands(env: Command, { client, print }: Desk): void {
  env
    .command('plan')
    .argument(...environment)
    .requiredOption(...specFile)
    .option(...portOption)
    .option(...clusterOption)
    .description('what asking for it would do and cost; nothing is done')
    .action(async (id: string, options: AskOptions) =>
      print(await client().plan(asked(id, options)), planText),
    );
  env
    .command('create')
    .argument(...environment)
    .requiredOption(...specFile)
    .option(...portOption)
    .option(...clusterOption)
    .option(...dryRunOption)
    .description('ask for it')
    .action(async (id: string, options: AskOptions) => {
      if (options.dryRun) print(await client().planCreate(asked(id, options)), planText);
      else print(await client().create(asked(id, options)), statusText);
    });
}

/** What is done with one that exists. */
export function lifeCommands(env: Command, { client, print }: Desk): void {
  const verb = (name: string, says: string, what: (api: Client, id: string) => Promise<EnvironmentAnswer>) =>
    env
      .command(name)
      .argument(...environment)
      .description(says)
      .action(async (id: string) => print(await what(client(), id), statusText));
  verb('stop', 'end its pods and free its quota; its name and its images stay', (api, id) => api.stop(id));
  verb('start', 'roll out again what was stopped', (api, id) => api.start(id));
  verb('delete', 'take away all that was made for it, repositories included', (api, id) => api.delete(id));
  env
    .command('extend')
    .argument(...environment)
    .option('--ttl <ttl>', 'for this time, as 90m, 8h or 14d; without it as long as its spec says')
    .description('let its ttl begin anew, so that it is not deleted')
    .action(async (id: string, { ttl }: { ttl?: string }) =>
      print(await client().extend(id, ttl), statusText),
    );
  env
    .command('rebuild')
    .argument(...environment)
    .option('--cache', 'with what is in the cache')
    .description('build the same spec once more, without the cache')
    .action(async (id: string, { cache = false }: { cache?: boolean }) =>
      print(await client().rebuild(id, cache), statusText),
    );
  env
    .command('change')
    .argument(...environment)
    .requiredOption('--spec <file>', 'the whole spec, as YAML or JSON')
    .option(...portOption)
    .option('--version <version>', 'only if it is at this version still')
    .option(...dryRunOption)
    .description('give it another spec')
    .action(async (id: string, { version, ...options }: ChangeOptions) => {
      const { spec } = asked(id, options);
      if (options.dryRun) return print(await client().planChange(id, spec), planText);
      const expected = version === undefined ? undefined : versionOf(version);
      print(await client().change(id, spec, expected), statusText);
    });
}

const dryRunOption = ['--dry-run', 'say what it would do, or why not, and do nothing'] as const;

const portOption = ['--port <port>', 'the port that it serves, whatever its spec says'] as const;
const clusterOption = ['--cluster <cluster>', 'one of the catalog; without it the first of them'] as const;

interface AskOptions {
  readonly spec: string;
  readonly port?: string;
  readonly cluster?: string;
  readonly dryRun?: boolean;
}
interface ChangeOptions extends Omit<AskOptions, 'cluster'> {
  readonly version?: string;
}

function versionOf(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new Error(`${text} is no version: \`schwifty env get\` shows it as a number.`);
}

export function imageCommands(program: Command, { client, print }: Desk): void {
  const image = program.command('image').description('images: list, report, approve, reject');
  const digest = ['--digest <digest>', 'without it the newest one'] as const;
  image
    .command('list')
    .argument(...environment)
    .description('the newest image and what runs, each with its verdict')
    .action(async (id: string) => print(await client().images(id), imagesText));
  image
    .command('report')
    .argument(...environment)
    .option(...digest)
    .description('the verdict, and a link to all that the scan found')
    .action(async (id: string, options: { digest?: string }) =>
      print(await client().report(id, options.digest ?? (await newestDigest(client(), id))), reportText),
    );
  image
    .command('approve')
    .argument(...environment)
    .option(...digest)
    .description('let an image that passed the gate be released')
    .action(async (id: string, options: { digest?: string }) =>
      print(await client().approve(id, options.digest ?? (await newestDigest(client(), id))), statusText),
    );
  image
    .command('reject')
    .argument(...environment)
    .requiredOption('--reason <reason>', 'one line for whoever asked for it')
    .option(...digest)
    .description('refuse an image, whatever its verdict says')
    .action(async (id: string, { reason, ...options }: { reason: string; digest?: string }) => {
      const rejected = options.digest ?? (await newestDigest(client(), id));
      print(await client().reject(id, rejected, reason), statusText);
    });
}

export function offerCommands(program: Command, { client, print }: Desk): void {
  program
    .command('catalog')
    .description('what can be asked for: bases with what they take, clusters, policy')
    .action(async () => print(await client().catalog(), catalogText));
  program
    .command('health')
    .description('whether the API is there')
    .action(async () => print(await client().health(), ({ status }) => `The API says ${status}.`));
  const team = program.command('team').description('teams: usage');
  team
    .command('usage')
    .argument('<team>')
    .description('what its environments ask for, against its quota')
    .action(async (name: string) => print(await client().usage(name), usageText));
}

export async function newestDigest(api: Client, id: string): Promise<string> {
  const { environment: known } = await api.get(id);
  if ('image' in known.candidate) return known.candidate.image.digest;
  throw new Error(`${id} has no image to decide on: it is ${known.candidate.phase}.`);
}

/** Held to the API's own schema before it is sent: each field that is wrong is named at once. */
function asked(id: string, { spec: file, port, cluster }: AskOptions): CreateEnvironment {
  const [team, name, ...rest] = id.split('/');
  if (!team || !name || rest.length > 0) throw new Error(`${id} is no environment: write team/name.`);
  const spec = port === undefined ? readSpec(file) : withPort(readSpec(file), port);
  return parseRequest({ team, name, cluster, spec }, `${id} by ${file}`);
}

/** What is no number is sent as it is: the schema says what a port is. */
function withPort(spec: unknown, port: string): unknown {
  if (typeof spec !== 'object' || spec === null) return spec;
  return { ...spec, port: /^\d{1,5}$/.test(port) ? Number(port) : port };
}

function readSpec(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${file} can't be read as YAML or JSON: ${why}`);
  }
}
