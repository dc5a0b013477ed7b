/**
 * The local cloud's AWS: installs the emulator (Python, pinned and hashed), starts and stops it, and makes the few
 * calls that are not AWS's own. What it emulates, and how, is in local/aws/emulator/.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from '#core/zod.ts';
import { type Zone, zoneSchema } from '#local/aws/dns-answer.ts';
import type { Instance } from '#local/instance.ts';
import { daemonPid, startDaemon, stopDaemon } from '#local/setup/processes.ts';
import { ensureVenv, type Venv, venvPrograms } from '#local/setup/venv.ts';

export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';
/** The emulator's root; there is no other administrator. */
const ADMIN = { key: 'test', secret: 'test' };
/** For clients of the AWS SDK. */
export const adminCredentials = { accessKeyId: ADMIN.key, secretAccessKey: ADMIN.secret };
/** For the registry, which takes the administrator's own credentials as well as ECR's tokens. */
export const adminAuthorization = `Basic ${Buffer.from(`${ADMIN.key}:${ADMIN.secret}`).toString('base64')}`;
const START_SECONDS = 60;

const here = (instance: Instance): string => join(instance.root, 'local/aws');
const pidFile = (instance: Instance): string => join(instance.state, 'aws.json');
const logFile = (instance: Instance): string => join(instance.logs, 'emulator.log');
export const emulatorRuns = (instance: Instance): boolean => daemonPid(pidFile(instance)) !== undefined;

/** As the kernel does when there is no memory left: nothing is saved. It and all that it started. */
export async function killEmulator(instance: Instance): Promise<void> {
  const pid = daemonPid(pidFile(instance));
  if (pid === undefined) throw new Error('there is no AWS emulator to kill');
  process.kill(-pid, 'SIGKILL');
  while (emulatorRuns(instance)) await sleep(50);
}

const venvOf = (instance: Instance): Venv => ({
  name: 'emulator',
  requirements: join(here(instance), 'requirements.txt'),
  module: 'ministack',
  cache: instance.cache,
});

/** The folder of its programs, `python` and `aws` (the CLI) among them. */
export const emulatorPrograms = (instance: Instance): string => venvPrograms(venvOf(instance));

export async function ensureEmulator(
  instance: Instance,
  options: { readonly python: string; readonly log: string },
): Promise<void> {
  await ensureVenv(venvOf(instance), options);
}

/** Where a start finds itself: beside a running emulator, after a clean stop, after a kill, or before everything. */
export type Found = 'running' | 'state' | 'killed' | 'nothing';

const folderOf = (instance: Instance): string => join(instance.state, 'aws');

/** Written by a clean stop, removed by the start that took the state up (emulator/persistence.py). */
const markOf = (instance: Instance): string => join(folderOf(instance), 'state/complete.json');

export function emulatorFound(instance: Instance): Found {
  if (emulatorRuns(instance)) return 'running';
  if (existsSync(markOf(instance))) return 'state';
  return existsSync(folderOf(instance)) ? 'killed' : 'nothing';
}

/** Up and answering; one that runs already is left as it is, a state that was kept is taken up. */
export async function startEmulator(
  instance: Instance,
  { port, servicesUrl }: { readonly port: number; readonly servicesUrl: string },
): Promise<{ url: string; pid: number; found: Found }> {
  const url = `http://${instance.network.host}:${port}`;
  const found = emulatorFound(instance);
  const running = daemonPid(pidFile(instance));
  if (running !== undefined) {
    await untilReady(instance, url);
    return { url, pid: running, found };
  }
  const folder = folderOf(instance);
  // What a killed one left has holes: it would only confuse the next.
  if (found === 'killed') rmSync(folder, { recursive: true, force: true });
  for (const name of ['tmp', 'state', 's3', 'home']) mkdirSync(join(folder, name), { recursive: true });
  const pid = startDaemon({
    command: join(emulatorPrograms(instance), 'python'),
    args: ['-m', 'emulator'],
    cwd: here(instance),
    env: environment(instance, folder, url, servicesUrl),
    log: logFile(instance),
    pidFile: pidFile(instance),
  });
  await untilReady(instance, url);
  return { url, pid, found };
}

/** All of it reaches the Lambdas, so nothing of this process's environment is in it. */
function environment(
  instance: Instance,
  folder: string,
  url: string,
  servicesUrl: string,
): NodeJS.ProcessEnv {
  const { port } = new URL(url);
  const { host } = instance.network;
  const system = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return {
    // Functions run on the first `node` of the path, whatever runtime they declare.
    PATH: [dirname(process.execPath), emulatorPrograms(instance), ...system].join(':'),
    HOME: join(folder, 'home'),
    TMPDIR: join(folder, 'tmp'),
    LANG: 'C.UTF-8',
    ...adminEnvironment(url),
    GATEWAY_PORT: port,
    BIND_HOST: host,
    MINISTACK_HOST: host,
    MINISTACK_REGION: REGION,
    STATE_DIR: join(folder, 'state'),
    S3_DATA_DIR: join(folder, 's3'),
    PERSIST_STATE: '1',
    S3_PERSIST: '1',
    LAMBDA_EXECUTOR: 'local',
    // Listeners that would open ports on every address of the machine.
    IOT_MTLS_ENABLED: '0',
    SFTP_ENABLED: '0',
    // CDK's own functions (autoDeleteObjects) take the SDK from the runtime.
    NODE_PATH: join(instance.root, 'node_modules'),
    LOCAL_SERVICES_URL: servicesUrl,
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

async function untilReady(instance: Instance, url: string): Promise<void> {
  const deadline = Date.now() + START_SECONDS * 1000;
  for (;;) {
    const ready = await fetch(`${url}/_ministack/ready`, { signal: AbortSignal.timeout(2000) }).catch(
      () => undefined,
    );
    if (ready?.ok === true) return;
    const ended = daemonPid(pidFile(instance)) === undefined;
    if (ended || Date.now() > deadline) {
      const what = ended ? 'ended at once' : `was not ready after ${START_SECONDS} s`;
      await stopDaemon(pidFile(instance), 0);
      throw new Error(
        `the AWS emulator ${what}; the end of ${logFile(instance)}:\n${lastLines(logFile(instance))}`,
      );
    }
    await sleep(50);
  }
}

const lastLines = (file: string): string =>
  readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n');

/** Saving everything takes seconds; a stop that is cut short keeps nothing. */
const SAVE_MILLISECONDS = 60_000;

/** With every Lambda that it runs: they are of its process group. Its state stays for the next start. */
export async function stopEmulator(instance: Instance): Promise<boolean> {
  return stopDaemon(pidFile(instance), SAVE_MILLISECONDS);
}

/** For good: nothing waits for a state that nobody takes up. */
export async function endEmulator(instance: Instance): Promise<boolean> {
  const ended = await stopDaemon(pidFile(instance), 0);
  rmSync(folderOf(instance), { recursive: true, force: true });
  return ended;
}

/** For the CDK, the SDKs and the `aws` CLI. */
export function adminEnvironment(url: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: ADMIN.key,
    AWS_SECRET_ACCESS_KEY: ADMIN.secret,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** Every EKS cluster, present and to come, has its API server there. Before the deployment, so that stacks see it. */
export async function setClusterEndpoint(
  url: string,
  cluster: { readonly endpoint: string; readonly caData: string },
): Promise<void> {
  await local(url, 'POST', 'eks', { endpoint: cluster.endpoint, certificateAuthority: cluster.caData });
}

/** After the deployment: from then on every call needs its caller's permission. */
export async function enforceIam(url: string, enforce = true): Promise<void> {
  await local(url, 'POST', 'iam', { enforce });
}

/** What the local DNS server answers from. */
export async function hostedZones(url: string): Promise<Zone[]> {
  return z.object({ zones: z.array(zoneSchema) }).parse(await local(url, 'GET', 'zones')).zones;
}

async function local(url: string, method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
  const credentials = Buffer.from(`${ADMIN.key}:${ADMIN.secret}`).toString('base64');
  const response = await fetch(`${url}/_local/${path}`, {
    method,
    headers: { authorization: `Basic ${credentials}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok)
    throw new Error(
      `${method} /_local/${path} of the AWS emulator answered ${response.status}: ${await response.text()}`,
    );
  return response.json();
}
