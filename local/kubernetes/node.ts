/**
 * Starts and stops the local cloud's Kubernetes node: node.sh in namespaces of its own, which outlives the
 * process that starts it. All that it occupies follows from the instance.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as z from '#core/zod.ts';
import type { Instance } from '#local/instance.ts';
import { daemonPid, startDaemon, stopDaemon } from '#local/setup/processes.ts';
import { run } from '#local/setup/run.ts';
import { connect } from './api.ts';
import { cgroupLeftovers, createCgroup, removeCgroup } from './cgroup.ts';
import { type NodeSettings, nodeConfig } from './config.ts';
import {
  createNetwork,
  interfaceExists,
  mountsUnder,
  namespaceFile,
  processesInNetwork,
  removeNetwork,
} from './network.ts';

export { createNetwork } from './network.ts';

interface StartOptions extends NodeSettings {
  /** As ensureKubernetesBinary returns it. */
  readonly binary: string;
  /** As ensureNodeTools returns it. */
  readonly tools: string;
  /** Labels that pods may select the node by, such as its node pool's. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Keep the last run's objects, images and certificates; else the node starts empty. */
  readonly keepState?: boolean;
}

export interface NodeAccess {
  readonly endpoint: string;
  /** The CA's certificate, PEM in base64, as EKS tells it. */
  readonly caData: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
}

type NodeStatus =
  | { readonly state: 'stopped' }
  | { readonly state: 'starting'; readonly pid: number }
  | { readonly state: 'ready'; readonly pid: number; readonly access: NodeAccess };

const nodeName = 'local';
const patience = 180_000;
/** The kubelet's: without a renewal in this time a node counts as lost. */
const leaseDuration = 40_000;

/** Replaces a node of this instance that runs. */
export async function startNode(instance: Instance, options: StartOptions): Promise<NodeAccess> {
  await endProcesses(instance);
  await removeCgroup(instance);
  const folder = nodeFolder(instance);
  if (options.keepState !== true) rmSync(folder, { recursive: true, force: true });
  for (const name of ['config', 'lib', 'log']) mkdirSync(join(folder, name), { recursive: true });
  mkdirSync(instance.logs, { recursive: true });
  if (!existsSync(join(folder, 'pki'))) await writeCertificates(instance, options.binary);
  for (const [path, text] of Object.entries(nodeConfig(instance, options))) {
    mkdirSync(dirname(join(folder, 'config', path)), { recursive: true });
    writeFileSync(join(folder, 'config', path), text);
  }
  await createNetwork(instance);
  createCgroup(instance);
  const startedAt = new Date();
  startDaemon(daemonOf(instance, options));
  await untilReady(instance, startedAt);
  return accessOf(instance);
}

/** Idempotent. Fails, naming it, if anything of the node is left on the machine. */
export async function stopNode(instance: Instance): Promise<void> {
  await endProcesses(instance);
  await removeNetwork(instance);
  await removeCgroup(instance);
  const left = [
    ...((await interfaceExists(instance.network.hostInterface)) ? [instance.network.hostInterface] : []),
    ...mountsUnder(instance.state),
    ...cgroupLeftovers(instance),
  ];
  if (left.length > 0) throw new Error(`the Kubernetes node left behind: ${left.join(', ')}`);
}

export async function nodeStatus(instance: Instance): Promise<NodeStatus> {
  const pid = daemonPid(pidFile(instance));
  if (pid === undefined) return { state: 'stopped' };
  const lately = new Date(Date.now() - leaseDuration);
  if ((await whyNotReady(instance, lately)) !== undefined) return { state: 'starting', pid };
  return { state: 'ready', pid, access: accessOf(instance) };
}

const nodeFolder = (instance: Instance): string => join(instance.state, 'node');
const pidFile = (instance: Instance): string => join(instance.state, 'node.pid');
const adminKubeconfig = (instance: Instance): string => join(nodeFolder(instance), 'pki', 'admin.kubeconfig');
const endpointOf = ({ network }: Instance): string => `https://${network.node}:6443`;

const accessOf = (instance: Instance): NodeAccess => ({
  endpoint: endpointOf(instance),
  caData: readFileSync(join(nodeFolder(instance), 'pki', 'ca.crt')).toString('base64'),
  kubeconfig: adminKubeconfig(instance),
});

async function writeCertificates(instance: Instance, binary: string): Promise<void> {
  const { network } = instance;
  // The API server's own Service always gets the range's first address.
  const apiService = network.services.replace(/0\/\d+$/, '1');
  const folder = join(nodeFolder(instance), 'pki');
  const addresses = `--address=${network.node},${apiService}`;
  const args = ['pki', `--dir=${folder}`, `--node-name=${nodeName}`, `--server=${endpointOf(instance)}`];
  await run(binary, [...args, addresses], { log: join(instance.logs, 'node.log') });
}

function daemonOf(
  instance: Instance,
  { binary, tools, labels = {} }: StartOptions,
): Parameters<typeof startDaemon>[0] {
  const { network } = instance;
  const script = join(dirname(fileURLToPath(import.meta.url)), 'node.sh');
  const namespaces = ['--mount', '--pid', '--uts', '--ipc', '--mount-proc', '--fork', '--kill-child'];
  return {
    command: 'nsenter',
    args: [`--net=${namespaceFile(instance)}`, 'unshare', ...namespaces, 'bash', script],
    // Nothing of the caller's environment: it may hold credentials or a proxy.
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      NODE_FOLDER: nodeFolder(instance),
      NODE_LOGS: instance.logs,
      NODE_BINARIES: dirname(binary),
      NODE_TOOLS: tools,
      NODE_NAME: nodeName,
      NODE_ADDRESS: network.node,
      NODE_PODS: network.pods,
      NODE_SERVICES: network.services,
      NODE_IDENTITY_AGENT: `${network.host}:${instance.ports.services}`,
      NODE_LABELS: Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
    },
    cwd: '/',
    log: join(instance.logs, 'node.log'),
    pidFile: pidFile(instance),
  };
}

async function untilReady(instance: Instance, startedAt: Date): Promise<void> {
  const deadline = Date.now() + patience;
  while (true) {
    const reason = await whyNotReady(instance, startedAt);
    if (reason === undefined) return;
    const problem =
      daemonPid(pidFile(instance)) === undefined
        ? `ended while starting`
        : Date.now() > deadline && `is not ready after ${patience / 1000} s (${reason})`;
    if (problem)
      throw new Error(`the Kubernetes node ${problem}: see ${instance.logs}/node.log and those beside it`);
    await sleep(500);
  }
}

const nodeSchema = z.object({
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string(), message: z.optional(z.string()) })),
  }),
});

const leaseSchema = z.object({ spec: z.object({ renewTime: z.coerce.date() }) });

async function whyNotReady(instance: Instance, seenSince: Date): Promise<string | undefined> {
  const api = connect(adminKubeconfig(instance));
  try {
    const node = await api.get(`/api/v1/nodes/${nodeName}`, nodeSchema);
    const ready = node.status.conditions.find(({ type }) => type === 'Ready');
    if (ready?.status !== 'True') return ready?.message ?? 'the kubelet has not reported yet';
    // What the node says of itself may be of the run before.
    const lease = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${nodeName}`;
    if ((await api.get(lease, leaseSchema)).spec.renewTime < seenSince)
      return 'the kubelet has not reported lately';
    // Pods are refused until their namespace's service account is there.
    await api.get('/api/v1/namespaces/default/serviceaccounts/default', z.unknown());
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    api.close();
  }
}

/** Ends PID 1 of the node, and with it everything in its PID namespace; nothing may stay in its network. */
async function endProcesses(instance: Instance): Promise<void> {
  await stopDaemon(pidFile(instance));
  for (const deadline = Date.now() + 10_000; ; await sleep(50)) {
    const processes = processesInNetwork(instance);
    if (processes.length === 0) return;
    if (Date.now() > deadline)
      throw new Error(`processes of the Kubernetes node do not end: ${processes.join(', ')}`);
    for (const pid of processes) kill(pid);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It ended meanwhile.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
