/**
 * The node's network: a network namespace and one veth pair to the host. Nothing else of the machine's network
 * changes (no bridge, no firewall rule, no forwarding), and no other interface is reachable from the node.
 *
 *   host  <network.host> ── veth ── <network.node>  node  ── one veth a pod (CNI `ptp`) ── <network.pods>
 *
 * The host has routes for pods and for load balancers' addresses, as a VPC has.
 */
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Instance } from '#local/instance.ts';
import { attempt, capture } from '#local/setup/run.ts';

/** Keeps the namespace alive, and its addresses reachable, while no process of the node runs. */
export const namespaceFile = (instance: Instance): string => join(instance.state, 'node.netns');

/** Idempotent; call it before anything binds `network.host`. */
export async function createNetwork(instance: Instance): Promise<void> {
  const { network } = instance;
  await refuseUsedRange(instance);
  const file = namespaceFile(instance);
  if (!isMounted(file)) {
    await removeInterface(network.hostInterface);
    mkdirSync(instance.state, { recursive: true });
    writeFileSync(file, '');
    await capture('unshare', [`--net=${file}`, 'true']);
  }
  const inNode = ['nsenter', `--net=${file}`] as const;
  if (!(await interfaceExists(network.hostInterface))) {
    const peer = ['peer', 'name', network.nodeInterface, 'netns', file];
    await capture('ip', ['link', 'add', network.hostInterface, 'type', 'veth', ...peer]);
  }
  await bringUp([], network.hostInterface, network.host);
  await bringUp(inNode, 'lo');
  await bringUp(inNode, network.nodeInterface, network.node);
  await execute([...inNode, 'ip', 'route', 'replace', 'default', 'via', network.host]);
  await execute([...inNode, 'sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  for (const range of [network.pods, network.loadBalancers])
    await execute(['ip', 'route', 'replace', range, 'via', network.node]);
}

/** Another instance's range is the same once in 180, and a VPN's may be. */
async function refuseUsedRange({ network }: Instance): Promise<void> {
  const range = `${network.prefix}.0.0/16`;
  const routes = (await capture('ip', ['-4', 'route', 'show', 'root', range])).trim().split('\n');
  const foreign = routes.find((route) => route !== '' && !route.split(' ').includes(network.hostInterface));
  if (foreign !== undefined)
    throw new Error(
      `the local cloud's addresses ${range} are in use on this machine (route "${foreign.trim()}"): ` +
        'stop what uses them, or use a checkout in another folder, whose addresses differ',
    );
}

export async function removeNetwork(instance: Instance): Promise<void> {
  const file = namespaceFile(instance);
  await removeInterface(instance.network.hostInterface);
  while (isMounted(file)) await capture('umount', [file]);
  rmSync(file, { force: true });
}

/** Processes in the node's network namespace: the node's own, not those inside pods. */
export function processesInNetwork(instance: Instance): number[] {
  const file = namespaceFile(instance);
  if (!isMounted(file)) return [];
  const namespace = `net:[${statSync(file).ino}]`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => linkOrNone(`/proc/${pid}/ns/net`) === namespace)
    .map(Number);
}

export async function interfaceExists(name: string): Promise<boolean> {
  return (await attempt('ip', ['link', 'show', 'dev', name])).code === 0;
}

/** Mount points at or below a path, as this process sees them. */
export function mountsUnder(path: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .filter((point) => point === path || point.startsWith(`${path}/`));
}

const isMounted = (file: string): boolean => mountsUnder(file).length > 0;

async function bringUp(prefix: readonly string[], name: string, address?: string): Promise<void> {
  if (address !== undefined)
    await execute([...prefix, 'ip', 'address', 'replace', `${address}/24`, 'dev', name]);
  await execute([...prefix, 'ip', 'link', 'set', name, 'up']);
}

async function removeInterface(name: string): Promise<void> {
  if (await interfaceExists(name)) await capture('ip', ['link', 'delete', name]);
}

async function execute([command = '', ...args]: readonly string[]): Promise<void> {
  await capture(command, args);
}

function linkOrNone(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // The process ended, or is a zombie, which has no namespaces.
  }
}
