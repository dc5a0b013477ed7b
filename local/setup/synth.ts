/** Lambdas bundled once, then the stacks synthesized by the plain `cdk` CLI: what is checked is what is deployed. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Team } from '#core/team.ts';
import { bundleLambdas } from '#lib/bundle.ts';
import { loadConfig } from '#lib/config-file.ts';
import { ensureBaseImage } from '#local/images/base.ts';
import { ensureNodeBase, linkTo } from '#local/images/node-base.ts';
import type { Instance } from '#local/instance.ts';
import { everyContext, everyOption } from '#local/judges/every-option.ts';
import { snapshotClass } from '#local/kubernetes/snapshots.ts';
import { run } from '#local/setup/run.ts';

interface Synth {
  readonly root: string;
  /** Gets `cdk.out` and `lambdas`: one of each instance's own, so that two never write the same files. */
  readonly folder: string;
  /** Bundled before, for templates that nobody deploys: what is in a bundle changes none of them. */
  readonly bundled?: string;
  readonly log: string;
  /** A file, where it is not the checkout's own configuration. */
  readonly config?: string;
  readonly context?: Readonly<Record<string, string>>;
}

/** The path of the cloud assembly. */
export async function synthesize({
  root,
  folder,
  bundled,
  log,
  config,
  context = {},
}: Synth): Promise<string> {
  const lambdas = bundled ?? join(folder, 'lambdas');
  const output = join(folder, 'cdk.out');
  if (bundled === undefined) await bundleLambdas(lambdas, config);
  const settings = Object.entries({ ...context, bundles: lambdas }).flatMap(([key, value]) => [
    '--context',
    `${key}=${value}`,
  ]);
  // `--build true`: cdk.json's own bundling is done already.
  await run('cdk', ['synth', '--quiet', '--build', 'true', '--output', output, ...settings], {
    log,
    cwd: root,
    env: {
      ...process.env,
      // Neither the account nor the look-ups of whoever is signed in to AWS here.
      CDK_DEFAULT_ACCOUNT: '000000000000',
      CDK_DEFAULT_REGION: 'us-east-1',
      CDK_DISABLE_VERSION_CHECK: '1',
      CI: 'true',
      ...(config !== undefined && { GETSCHWIFTY_CONFIG: config }),
    },
  });
  return output;
}

/** The same with all that the configuration and the context can ask for, which only judges read. */
export async function synthesizeEveryOption({ root, folder, log }: Synth): Promise<string> {
  const every = join(folder, 'every-option');
  const config = join(every, 'config.yaml');
  await mkdir(every, { recursive: true });
  // JSON is YAML too.
  await writeFile(config, JSON.stringify(everyOption(loadConfig()), null, 2));
  const bundled = join(folder, 'lambdas');
  return synthesize({ root, folder: every, bundled, log, config, context: everyContext });
}

/** What the local cloud chooses where an account keeps the defaults. */
export const localContext = async (
  instance: Instance,
  log: string,
): Promise<Readonly<Record<string, string>>> => ({
  // What the cloud keeps on purpose is removed with the local one.
  retain: 'false',
  deletionProtection: 'false',
  // No public registry need be in reach; the node is this machine.
  watcherBase: await ensureNodeBase(instance),
  debianBase: await debianBase(instance, log),
  architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
});

/** Each team's jobs may read and write them; who starts one says in its secret how it is reached. */
export const localDatabases = {
  postgres: { name: 'local', secret: 'getschwifty/local-database', port: 5432 },
  mariadb: { name: 'local-mariadb', secret: 'getschwifty/local-mariadb', port: 3306 },
} as const;

/** As the emulator names them (local/aws/emulator/secretsmanager.py). */
const secretArn = (name: string): string =>
  `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}-${createHash('sha256').update(name).digest('hex').slice(0, 6)}`;

/** Private repositories of the first team; who needs them puts both the secret and a server there. */
export const localGit = {
  prefix: 'https://git.schwifty.example/checkout/private/',
  secretName: 'getschwifty/local-git',
  secret: secretArn('getschwifty/local-git'),
} as const;

const team = (name: string) =>
  Team.parse({ name, members: `${name}-members`, approvers: `${name}-approvers` });
/** What an environment goes to, that goes to another team; and one of which nobody uses anything whose story is not about that. */
const moreTeams = [team('billing'), team('ledger')];

/** The load balancers here are addresses of this machine: they lead to nothing that has gone. */
const drainSeconds = 5;

/** More than two cores have a use for: jobs that run beside each other share them. */
export const jobWorkers = 8;

/** Of a team: what tests ask for within minutes, people ask for within days. */
const rate = { perSecond: 100, burst: 200 };

/**
 * The configuration as the local cloud has it: nobody waits for a load balancer that is none, and workers of data jobs reach AWS, the
 * agent of identities on the node, and databases that somebody may start there, at addresses of this machine; and there are three teams.
 * @returns its path.
 */
export async function localConfig({
  state,
  network,
  ports,
}: Pick<Instance, 'state' | 'network' | 'ports'>): Promise<string> {
  const config = loadConfig();
  const awsEndpoints = [ports.aws, ports.services].map((port) => ({ cidr: `${network.host}/32`, port }));
  const clusters = config.clusters.map((cluster) => {
    const volumes = cluster.volumes.map((each) => ({ ...each, snapshotClass }));
    return { ...cluster, volumes, drainSeconds, awsEndpoints, jobWorkers };
  });
  const databases = Object.values(localDatabases).map((each) => ({ ...each, network: `${network.host}/32` }));
  const teams = [...config.teams, ...moreTeams].map((team) => ({
    ...team,
    git: moreTeams.some(({ name }) => name === team.name)
      ? team.git
      : [...team.git, { prefix: localGit.prefix, secret: localGit.secret }],
    databases: [...team.databases, ...databases],
  }));
  const path = join(state, 'config.yaml');
  await mkdir(state, { recursive: true });
  // JSON is YAML too.
  await writeFile(path, JSON.stringify({ ...config, clusters, teams, rate }, null, 2));
  return path;
}

/** The base of environments here is a Debian too. buildah wants a path in which no folder begins with a dot. */
async function debianBase(instance: Instance, log: string): Promise<string> {
  const layout = await ensureBaseImage(instance, { log });
  return `oci:${await linkTo(layout, instance)}:base`;
}
