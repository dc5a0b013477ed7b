/**
 * What keeps an environment to itself: its namespace, how much it may hold there, and whom it may talk to.
 * docs/adr/0011 says why it may reach what it may.
 */
import { accessResources, accessService, besideOf, sshPorts } from './access.ts';
import { type Block, block, text } from './cidr.ts';
import type { Scheme } from './exposure.ts';
import { type KubernetesObject, labelsOf, metadataOf } from './labels.ts';
import { type EnvironmentKey, namespaceOf } from './names.ts';
import { cpuQuantity, memoryQuantity } from './quantity.ts';
import type { Spec } from './spec.ts';
import type { Standing } from './standing.ts';

/** A VPC, a cluster's Services and its API are in these (RFC 1918, RFC 6598). */
export const privateRanges = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'];
/** Never to be reached: this host, link-local with the metadata address (RFC 3927), multicast and what is reserved. */
const unreachableRanges = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'];

/**
 * All other addresses, as the fewest blocks. Not `0.0.0.0/0` with exceptions: EKS's agent lets an exception win over
 * every other rule, and DNS in a private range would be denied (aws/amazon-network-policy-controller-k8s, issue 146).
 */
export const publicRanges = (): readonly string[] =>
  without([0, 0], [...privateRanges, ...unreachableRanges].map(block)).map(text);

function without(whole: Block, holes: readonly Block[]): Block[] {
  const inside = holes.filter((hole) => overlaps(whole, hole));
  if (inside.length === 0) return [whole];
  const [network, bits] = whole;
  if (inside.some(([, holeBits]) => holeBits <= bits)) return [];
  const half: Block = [network + 2 ** (31 - bits), bits + 1];
  return [...without([network, bits + 1], inside), ...without(half, inside)];
}

/** Of two blocks that overlap, the smaller lies within the larger. */
function overlaps(a: Block, b: Block): boolean {
  const bits = Math.min(a[1], b[1]);
  const size = 2 ** (32 - bits);
  return Math.floor(a[0] / size) === Math.floor(b[0] / size);
}

export interface Housed {
  readonly key: EnvironmentKey;
  readonly kubernetesVersion: string;
}

interface Isolated extends Housed {
  /** What runs holds above what is wanted. */
  readonly standing?: Standing | undefined;
  readonly spec: Spec;
  readonly loadBalancerScheme: Scheme;
}

/** The standard's version is the cluster's own: it changes with an upgrade of ours, not with one of AWS's. */
export const restricted = (kubernetesVersion: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ['enforce', 'warn', 'audit'].flatMap((mode) => [
      [`pod-security.kubernetes.io/${mode}`, 'restricted'],
      [`pod-security.kubernetes.io/${mode}-version`, `v${kubernetesVersion}`],
    ]),
  );

export function namespace({ key, kubernetesVersion }: Housed): KubernetesObject {
  const labels = { ...labelsOf(key), ...restricted(kubernetesVersion) };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespaceOf(key), labels } };
}

const nothing: Standing = { cpu: 0, memoryMiB: 0, gpu: 0, ports: [] };

/** Thrice what its replicas may be: a rollout stands beside what runs until it is Ready, also where that is larger, and both beside what drains. */
export function resourceQuota({ key, spec, standing = nothing }: Isolated): KubernetesObject {
  const pods = 3 * spec.replicas.max;
  const { cpu, memoryMiB, gpu } = spec.resources;
  const beside = besideOf(spec.access);
  const memory = memoryQuantity((memoryMiB + beside.memoryMiB) * pods + standing.memoryMiB);
  const hard = {
    pods: String(pods),
    'requests.cpu': cpuQuantity((cpu + beside.cpu) * pods + standing.cpu),
    'requests.memory': memory,
    'limits.memory': memory,
    'requests.nvidia.com/gpu': String(gpu * pods + standing.gpu),
    // Its own, where it has one; how large that is, the team's quota bounds.
    persistentvolumeclaims: '1',
    'services.loadbalancers': '1',
  };
  return { apiVersion: 'v1', kind: 'ResourceQuota', metadata: metadataOf(key), spec: { hard } };
}

/** What a container gets that asks for nothing, and the most that one may ask for: what the spec says, or SSH needs. */
export function limitRange({ key, spec }: Isolated): KubernetesObject {
  const memory = memoryQuantity(spec.resources.memoryMiB);
  const cpu = cpuQuantity(spec.resources.cpu);
  const { gate, server } = accessResources(spec.access);
  const beside = spec.access.ssh ? [gate.memoryMiB, server.memoryMiB] : [];
  const max = { memory: memoryQuantity(Math.max(spec.resources.memoryMiB, ...beside)) };
  const limits = [{ type: 'Container', default: { memory }, defaultRequest: { cpu, memory }, max }];
  return { apiVersion: 'v1', kind: 'LimitRange', metadata: metadataOf(key), spec: { limits } };
}

export const tcp = (...ports: number[]) => ports.map((port) => ({ protocol: 'TCP', port }));
export const peers = (ranges: readonly string[]) => ranges.map((cidr) => ({ ipBlock: { cidr } }));

/** The service that gates ask. All of a pod may: it answers nobody without the gate's token. */
const toAccess = {
  to: [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': accessService.namespace } },
      podSelector: { matchLabels: { 'app.kubernetes.io/name': accessService.name } },
    },
  ],
  ports: tcp(accessService.port),
};

/**
 * Where what reaches a pod comes from: a client, or its load balancer, which also asks for its health, from the VPC. Who may
 * ask the load balancer, its security group says; this agrees with it as far as the balancer can be told from its clients.
 */
function callersOf(scheme: Scheme, sourceRanges: readonly string[] | undefined) {
  if (sourceRanges) return [...new Set([...privateRanges, ...sourceRanges])];
  return scheme === 'internal' ? privateRanges : ['0.0.0.0/0'];
}

/** The policy for pods that answer on another port than is wanted now; it goes with the last of them. */
export const formerName = 'serve-before';

/** Nothing in and nothing out, but for what the other policies let through: policies add up. */
export function networkPolicies({
  key,
  spec,
  loadBalancerScheme,
  standing = nothing,
}: Isolated): KubernetesObject[] {
  const policy = (name: string, spec: Record<string, unknown>): KubernetesObject => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadataOf(key, name),
    spec: { podSelector: {}, ...spec },
  });
  const dns = [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ];
  const { ssh, sourceRanges } = spec.access;
  const callers = callersOf(loadBalancerScheme, sourceRanges);
  const ports = ssh ? [spec.port, sshPorts.gate] : [spec.port];
  return [
    // The empty lists are said, so that they are ours: what somebody adds to them goes at the next look.
    policy('default-deny', { policyTypes: ['Ingress', 'Egress'], ingress: [], egress: [] }),
    policy('serve', {
      policyTypes: ['Ingress'],
      ingress: [{ from: peers(callers), ports: tcp(...ports) }],
    }),
    // Pods of before go on answering until others do, and until they have drained.
    ...(standing.ports.length > 0
      ? [
          policy(formerName, {
            policyTypes: ['Ingress'],
            ingress: [{ from: peers(callers), ports: tcp(...standing.ports) }],
          }),
        ]
      : []),
    // By address: in EKS Auto Mode the name server is no pod that a selector could name (containers-roadmap, issue 2552).
    policy('resolve', { policyTypes: ['Egress'], egress: [{ to: peers(privateRanges), ports: dns }] }),
    policy('reach-internet', {
      policyTypes: ['Egress'],
      egress: [{ to: peers(publicRanges()), ports: tcp(80, 443) }],
    }),
    ...(ssh ? [policy('ask-access', { policyTypes: ['Egress'], egress: [toAccess] })] : []),
  ];
}

/** Of each container, ours and theirs. */
export const hardened = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};
