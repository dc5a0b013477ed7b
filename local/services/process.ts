/** The local services as a process of their own: started, kept while their sources are the same, stopped. */
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Instance } from '#local/instance.ts';
import { daemonPid, startDaemon, stopDaemon } from '#local/setup/processes.ts';

export const servicesUrl = ({ network, ports }: Instance): string =>
  `http://${network.host}:${ports.services}`;
const pidFile = (instance: Instance): string => join(instance.state, 'services.pid');
export const servicesLog = (instance: Instance): string => join(instance.logs, 'services.log');

export const servicesRun = (instance: Instance): boolean => daemonPid(pidFile(instance)) !== undefined;

/** Returns whether they ran already. */
export async function ensureServices(instance: Instance, env: NodeJS.ProcessEnv): Promise<boolean> {
  if (servicesRun(instance) && (await runningVersion(instance)) === sourcesVersion(instance)) return true;
  await stopServices(instance);
  startDaemon({
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', join(instance.root, 'local/services.ts'), instance.name],
    env,
    cwd: instance.root,
    log: servicesLog(instance),
    pidFile: pidFile(instance),
  });
  const deadline = Date.now() + 20_000;
  while ((await runningVersion(instance)) === undefined) {
    if (!servicesRun(instance)) throw new Error('the local services ended while starting');
    if (Date.now() > deadline)
      throw new Error(`the local services do not answer at ${servicesUrl(instance)}`);
    await sleep(100);
  }
  return false;
}

/** Tells the services of the node: what they do in the cluster starts, or starts again. */
export async function attachNode(instance: Instance, kubeconfig: string): Promise<void> {
  const body = JSON.stringify({ kubeconfig });
  const response = await fetch(`${servicesUrl(instance)}/node`, { method: 'POST', body });
  if (!response.ok) throw new Error(`the local services refused the node: ${await response.text()}`);
}

export const stopServices = (instance: Instance): Promise<boolean> => stopDaemon(pidFile(instance), 15_000);

/** Of everything in local/: services that run from older sources are started again. */
export function sourcesVersion({ root }: Pick<Instance, 'root'>): string {
  const hash = createHash('sha256');
  for (const file of globSync('local/**/*.ts', { cwd: root }).sort())
    hash.update(readFileSync(join(root, file)));
  return hash.digest('hex').slice(0, 12);
}

async function runningVersion(instance: Instance): Promise<string | undefined> {
  try {
    const response = await fetch(`${servicesUrl(instance)}/health`, { signal: AbortSignal.timeout(2_000) });
    return response.ok ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}
