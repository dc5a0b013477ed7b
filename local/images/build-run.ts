/** One build from its source to its last phase: the files that it needs, its environment, its processes. */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  abortedAs,
  type BuildPhase,
  type BuildRequest,
  type BuildSettings,
  type BuildStatus,
} from './build-contract.ts';
import { DiskFull } from './build-disk.ts';
import type { BuildLog } from './build-log.ts';
import { type Buildspec, parseBuildspec, phaseNames, phaseScript } from './buildspec.ts';
import { containerSettings, egressHere } from './container-settings.ts';
import { downloadSource } from './source.ts';

interface Build {
  readonly settings: BuildSettings;
  readonly request: BuildRequest;
  /** A folder that lasts as long as the build. */
  readonly work: string;
  readonly log: BuildLog;
  readonly signal: AbortSignal;
  /** The socket of the build's proxy. */
  readonly way: string;
  /** Filled as they end. */
  readonly phases: BuildPhase[];
  readonly begins: (phase: string) => Promise<void>;
}

export async function runBuild(build: Build): Promise<BuildStatus> {
  const buildspec = parseBuildspec(build.request.buildspec);
  const source = join(build.work, 'src');
  await mkdir(source, { recursive: true });
  const downloaded = await inPhase(build, 'DOWNLOAD_SOURCE', async () => {
    const files = await downloadSource(build.request, build.settings.region, source, build.signal);
    build.log.write(`[Container] ${files} files of s3://${build.request.source.location}\n`);
    return 0;
  });
  if (downloaded !== 'SUCCEEDED') return downloaded;
  const environment = await environmentOf(build, buildspec, source);
  const status = await runPhases(build, buildspec, environment);
  // Containers of a build that was interrupted stay in the storage until somebody removes them.
  if (status !== 'SUCCEEDED') await execute(build, ['buildah', 'rm', '--all'], environment, undefined);
  return status;
}

async function runPhases(
  build: Build,
  buildspec: Buildspec,
  environment: NodeJS.ProcessEnv,
): Promise<BuildStatus> {
  let status: BuildStatus = 'SUCCEEDED';
  for (const name of phaseNames) {
    const phase = buildspec.phases[name];
    // CodeBuild runs post_build after a build that failed too; nothing else follows a failure, and nothing what was ended.
    const isAfterAll = name === 'post_build' && hasRun(build, 'BUILD') && !build.signal.aborted;
    const runs = status === 'SUCCEEDED' || (status === 'FAILED' && isAfterAll);
    if (!phase || !runs) continue;
    const script = join(build.work, `${name}.sh`);
    await writeFile(script, phaseScript(phase));
    const env = { ...environment, CODEBUILD_BUILD_SUCCEEDING: status === 'SUCCEEDED' ? '1' : '0' };
    const command = ['unshare', '--fork', '--pid', '--mount', '--mount-proc', '--kill-child', 'bash', script];
    const ended = await inPhase(build, upper(name), () => execute(build, command, env, build.signal));
    if (status === 'SUCCEEDED') status = ended;
  }
  return status;
}

const hasRun = (build: Build, phase: BuildPhase['phaseType']) =>
  build.phases.some((each) => each.phaseType === phase);

function upper(name: (typeof phaseNames)[number]): BuildPhase['phaseType'] {
  const names = {
    install: 'INSTALL',
    pre_build: 'PRE_BUILD',
    build: 'BUILD',
    post_build: 'POST_BUILD',
  } as const;
  return names[name];
}

async function inPhase(
  build: Build,
  phaseType: BuildPhase['phaseType'],
  body: () => Promise<number | string>,
): Promise<BuildPhase['phaseStatus']> {
  const startTime = Date.now() / 1000;
  build.log.write(`[Container] Entering phase ${phaseType}\n`);
  await build.begins(phaseType);
  let problem: string | undefined;
  try {
    const code = await body();
    if (code !== 0) problem = `its commands ended with ${code}`;
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  const { reason } = build.signal;
  // What was killed for it can't say why.
  if (reason instanceof DiskFull && problem !== undefined) problem = reason.message;
  const failed = build.signal.aborted ? abortedAs(build.signal) : 'FAILED';
  const phaseStatus = problem === undefined ? 'SUCCEEDED' : failed;
  const contexts =
    problem === undefined
      ? []
      : [{ statusCode: 'COMMAND_EXECUTION_ERROR', message: `${phaseType}: ${problem}` }];
  build.log.write(
    `[Container] Phase complete: ${phaseType} State: ${phaseStatus}${problem === undefined ? '' : ` (${problem})`}\n`,
  );
  build.phases.push({ phaseType, phaseStatus, startTime, endTime: Date.now() / 1000, contexts });
  return phaseStatus;
}

/** Only what CodeBuild would give, plus what stands for its machine: nothing of this process's own environment. */
async function environmentOf(build: Build, buildspec: Buildspec, source: string): Promise<NodeJS.ProcessEnv> {
  const { settings, request, work } = build;
  const own = join(dirname(fileURLToPath(import.meta.url)), 'bin');
  const path = [
    own,
    settings.awsBin,
    dirname(process.execPath),
    '/usr/local/bin',
    '/usr/sbin',
    '/usr/bin',
    '/sbin',
    '/bin',
  ];
  const home = join(work, 'home');
  const variables = Object.fromEntries(request.environment.map(({ name, value }) => [name, value]));
  const egress = await egressHere(variables['EGRESS_ALLOW'], build.way);
  await mkdir(home, { recursive: true });
  return {
    ...buildspec.env.variables,
    ...variables,
    PATH: path.join(delimiter),
    HOME: home,
    LANG: 'C.UTF-8',
    TMPDIR: work,
    CI: 'true',
    CODEBUILD_BUILD_ID: request.buildId,
    CODEBUILD_BUILD_ARN: `arn:aws:codebuild:${settings.region}:${settings.accountId}:build/${request.buildId}`,
    CODEBUILD_START_TIME: String(Date.now()),
    CODEBUILD_SRC_DIR: source,
    CODEBUILD_LOCAL_STATE: join(work, 'state.sh'),
    AWS_REGION: settings.region,
    AWS_DEFAULT_REGION: settings.region,
    AWS_ENDPOINT_URL: request.endpoint,
    AWS_ACCESS_KEY_ID: request.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: request.credentials.secretAccessKey,
    ...(request.credentials.sessionToken && { AWS_SESSION_TOKEN: request.credentials.sessionToken }),
    ...gitHost(settings),
    ...egress,
    LOCAL_REGISTRY: settings.registry,
    LOCAL_REGISTRY_NAME: settings.registryName,
    ...(await containerSettings(settings, work)),
  };
}

/**
 * The host that the configuration lets people build from: here its repositories are folders of the instance, `git/<path>`, or where
 * `git/config` says, as Git reads it.
 */
const gitHost = ({ state }: BuildSettings) => ({
  GIT_CONFIG_COUNT: '3',
  GIT_CONFIG_KEY_0: `url.file://${join(state, 'git')}/.insteadOf`,
  GIT_CONFIG_VALUE_0: 'https://git.schwifty.example/',
  GIT_CONFIG_KEY_1: 'protocol.file.allow',
  GIT_CONFIG_VALUE_1: 'always',
  GIT_CONFIG_KEY_2: 'include.path',
  GIT_CONFIG_VALUE_2: join(state, 'git/config'),
});

/** Its exit code. The signal kills the first process of the build's namespace, and with it all others. */
function execute(
  build: Build,
  [command = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<number | string> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = spawn(command, args, {
      cwd: env['CODEBUILD_SRC_DIR'],
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const kill = () => child.kill('SIGKILL');
    signal?.addEventListener('abort', kill, { once: true });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', build.log.write);
    child.on('error', reject);
    child.on('close', (code, killed) => {
      signal?.removeEventListener('abort', kill);
      resolve(code ?? killed ?? 'no exit code');
    });
  });
}
