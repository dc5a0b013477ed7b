/**
 * What a data job has in its cluster: a namespace that is closed but for what its workers need, and one single-pod Kubernetes Job
 * for each slot. The pod has two containers: ours with the AWS identity, and the command's with nothing (docs/adr/0030).
 */
import { appUser } from '../app-user.ts';
import { hardened, peers, privateRanges, publicRanges, restricted, tcp } from '../isolation.ts';
import { type KubernetesObject, managedBy } from '../labels.ts';
import {
  identityAgent,
  identityEnvironment,
  identityMount,
  identityVolume,
  skipContainers,
} from '../pod-identity.ts';
import { cpuQuantity, memoryQuantity } from '../quantity.ts';
import type { FileFeed } from './file-feed.ts';
import { priorityClassOf } from './priority.ts';
import { type SlotsWanted, workerAccount } from './slots.ts';

/** What is the cluster's, whatever the job. */
export interface SlotsPlace {
  readonly kubernetesVersion: string;
  /** Ours, by its digest: the worker, and the shim. */
  readonly workerImage: string;
  /** Of that image, as Kubernetes calls it. */
  readonly architecture: 'amd64' | 'arm64';
  readonly region: string;
  /** Where AWS is reached at private addresses, as interface endpoints are: beside the public ones. */
  readonly endpoints?: readonly { readonly cidr: string; readonly port: number }[];
}

export const slotLabel = 'getschwifty.dev/slot';
/** How often the slot was filled before. */
export const turnLabel = 'getschwifty.dev/turn';
export const containers = { shim: 'shim', worker: 'worker', command: 'command' } as const;
const jobMap = 'job';
/** Nobody's number, and another than the command's. */
const workerUser = 65532;
/** What ours has, whatever the command is given. */
export const workerResources = { cpu: 0.1, memoryMiB: 192 } as const;
const shimResources = { cpu: 0.01, memoryMiB: 32 } as const;
const folders = { job: '/getschwifty/job', slot: '/getschwifty/slot', chunk: '/getschwifty/chunk' } as const;
/** A pod that is told to go gives its chunk back within a second or two, and aborts its uploads. */
const graceSeconds = 30;
/** For as long one that has ended can be seen. */
const keepSeconds = 600;
/** Of the command: its only folder that can be written to. */
const scratch = '2Gi';

type Named = Pick<SlotsWanted, 'name' | 'team'>;

const labelsOf = ({ name, team }: Named) => ({
  'app.kubernetes.io/name': containers.worker,
  'app.kubernetes.io/instance': name,
  ...managedBy,
  'getschwifty.dev/team': team,
  'getschwifty.dev/job': name,
});
const metadataOf = (job: Named, name: string) => ({ name, namespace: job.name, labels: labelsOf(job) });

/** What bounds and isolates comes before what runs. A slot is not among them: those are made one by one. */
export function houseObjects(wanted: SlotsWanted, place: SlotsPlace): KubernetesObject[] {
  const labels = { ...labelsOf(wanted), ...restricted(place.kubernetesVersion) };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: wanted.name, labels } },
    resourceQuota(wanted),
    limitRange(wanted),
    ...networkPolicies(wanted, place),
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: metadataOf(wanted, workerAccount),
      automountServiceAccountToken: false,
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadataOf(wanted, jobMap),
      // The kubelet brings what changes here into each pod within a minute or two: a worker that is too many ends by it.
      data: { 'job.json': JSON.stringify(wanted.spec), slots: String(wanted.slots) },
    },
  ];
}

function resourceQuota(wanted: SlotsWanted): KubernetesObject {
  const { cpu, memoryMiB } = wanted.resources;
  const memory = memoryQuantity((memoryMiB + workerResources.memoryMiB) * wanted.slots);
  const hard = {
    pods: String(wanted.slots),
    'requests.cpu': cpuQuantity((cpu + workerResources.cpu) * wanted.slots),
    'requests.memory': memory,
    'limits.memory': memory,
    persistentvolumeclaims: '0',
    services: '0',
  };
  return { apiVersion: 'v1', kind: 'ResourceQuota', metadata: metadataOf(wanted, jobMap), spec: { hard } };
}

function limitRange(wanted: SlotsWanted): KubernetesObject {
  const { cpu, memoryMiB } = wanted.resources;
  const memory = memoryQuantity(memoryMiB);
  const max = { memory: memoryQuantity(Math.max(memoryMiB, workerResources.memoryMiB)) };
  const limits = [
    { type: 'Container', default: { memory }, defaultRequest: { cpu: cpuQuantity(cpu), memory }, max },
  ];
  return { apiVersion: 'v1', kind: 'LimitRange', metadata: metadataOf(wanted, jobMap), spec: { limits } };
}

/**
 * Both containers of a pod have one network: what the worker needs, its command reaches too, without a credential for it: AWS, and the
 * databases that the job names. Neither reaches the metadata address, the cluster's API or anything else that is private.
 */
function networkPolicies(wanted: SlotsWanted, { endpoints = [] }: SlotsPlace): KubernetesObject[] {
  const policy = (name: string, egress: readonly object[], more: Record<string, unknown> = {}) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadataOf(wanted, name),
    spec: { podSelector: {}, policyTypes: ['Egress'], egress, ...more },
  });
  const dns = [{ protocol: 'UDP', port: 53 }, ...tcp(53)];
  return [
    policy('default-deny', [], { policyTypes: ['Ingress', 'Egress'], ingress: [] }),
    policy('resolve', [{ to: peers(privateRanges), ports: dns }]),
    policy('reach-aws', [
      { to: peers(publicRanges()), ports: tcp(443) },
      ...endpoints.map(({ cidr, port }) => ({ to: peers([cidr]), ports: tcp(port) })),
    ]),
    policy('ask-identity', [{ to: peers([`${identityAgent.address}/32`]), ports: tcp(identityAgent.port) }]),
    ...(wanted.reach === undefined
      ? []
      : [
          policy(
            'reach-databases',
            wanted.reach.map(({ cidr, port }) => ({ to: peers([cidr]), ports: tcp(port) })),
          ),
        ]),
  ];
}

/** @param turn how often the slot was filled before. */
export function slotJob(
  wanted: SlotsWanted,
  place: SlotsPlace,
  slot: number,
  turn: number,
): KubernetesObject {
  const labels = { ...labelsOf(wanted), [slotLabel]: String(slot), [turnLabel]: String(turn) };
  const annotations = {
    [skipContainers]: `${containers.command},${containers.shim}`,
    // Source: Karpenter, "Well-Known Annotations": consolidation leaves its node alone.
    ...(holds(wanted, slot) && { 'karpenter.sh/do-not-disrupt': 'true' }),
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...metadataOf(wanted, `slot-${slot}-${turn}`), labels },
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 0,
      ttlSecondsAfterFinished: keepSeconds,
      // A node that goes, spot or not, is nobody's failure: another pod is made at once.
      podFailurePolicy: {
        rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
      },
      template: { metadata: { labels, annotations }, spec: podSpec(wanted, place, slot) },
    },
  };
}

/** Whoever makes the plan is alone then, and so the first: a job of one snapshot ends with it. */
const holds = ({ spec: { input } }: SlotsWanted, slot: number): boolean =>
  slot === 0 && 'secret' in input && input.snapshot !== undefined;

function podSpec(wanted: SlotsWanted, place: SlotsPlace, slot: number) {
  const { file } = wanted.spec;
  return {
    restartPolicy: 'Never',
    serviceAccountName: workerAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    shareProcessNamespace: false,
    priorityClassName: priorityClassOf(wanted.priority),
    terminationGracePeriodSeconds: graceSeconds,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    ...placement({ ...wanted, spot: wanted.spot && !holds(wanted, slot) }, place),
    initContainers: [shimContainer(place)],
    containers: [workerContainer(wanted, place, slot), commandOf(wanted, place)],
    volumes: [
      { name: 'slot', emptyDir: { sizeLimit: '16Mi' } },
      { name: 'tmp', emptyDir: { sizeLimit: scratch } },
      ...(file ? [{ name: 'chunk', emptyDir: { sizeLimit: fileQuantity(file, 1) } }] : []),
      { name: 'job', configMap: { name: jobMap } },
      identityVolume,
    ],
  };
}

/** What says nothing of spot is not a spot node, so a cluster without Karpenter's labels takes all. */
function placement({ nodePool, spot }: SlotsWanted, { architecture }: SlotsPlace) {
  const key = 'karpenter.sh/capacity-type';
  const isSpot = { key, operator: spot ? 'In' : 'NotIn', values: ['spot'] };
  const term = { matchExpressions: [isSpot] };
  return {
    nodeSelector: {
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': architecture,
      ...(nodePool !== undefined && { 'karpenter.sh/nodepool': nodePool }),
    },
    affinity: {
      nodeAffinity: spot
        ? { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: term }] }
        : { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } },
    },
    ...(spot && { tolerations: [{ key, operator: 'Equal', value: 'spot', effect: 'NoSchedule' }] }),
  };
}

const resourcesOf = ({ cpu, memoryMiB }: { readonly cpu: number; readonly memoryMiB: number }) => {
  const memory = memoryQuantity(memoryMiB);
  return { requests: { cpu: cpuQuantity(cpu), memory }, limits: { memory } };
};
/** So that its node has room for it. Source: Kubernetes, "Local ephemeral storage": volumes of a pod count to it. */
const withDisk = <R extends { readonly requests: object }>(resources: R, file: FileFeed) => ({
  ...resources,
  requests: { ...resources.requests, 'ephemeral-storage': fileQuantity(file) },
});
const ours = { ...hardened, runAsUser: workerUser, runAsGroup: workerUser };
const slotMount = { name: 'slot', mountPath: folders.slot };

const chunkMount = { name: 'chunk', mountPath: folders.chunk };
/** @param more than what the worker lets it have: at its limit a pod is evicted, and says less. */
const fileQuantity = ({ maxMiB }: FileFeed, more = 0) => memoryQuantity(maxMiB + more);

/** Puts the shim and the FIFOs where both containers see them. */
const shimContainer = ({ workerImage }: SlotsPlace) => ({
  name: containers.shim,
  image: workerImage,
  command: ['/worker/shim', 'install', folders.slot],
  resources: resourcesOf(shimResources),
  terminationMessagePolicy: 'FallbackToLogsOnError',
  securityContext: ours,
  volumeMounts: [slotMount],
});

function workerContainer({ queueUrl, table, spec: { file } }: SlotsWanted, place: SlotsPlace, slot: number) {
  const env = {
    JOB_FILE: `${folders.job}/job.json`,
    SLOTS_FILE: `${folders.job}/slots`,
    SLOT_NUMBER: String(slot),
    SLOT_FOLDER: folders.slot,
    ...(file && { CHUNK_FOLDER: folders.chunk }),
    TABLE_NAME: table,
    QUEUE_URL: queueUrl,
    AWS_REGION: place.region,
    ...identityEnvironment,
  };
  return {
    name: containers.worker,
    image: place.workerImage,
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
    resources: file ? withDisk(resourcesOf(workerResources), file) : resourcesOf(workerResources),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: ours,
    volumeMounts: [
      slotMount,
      ...(file ? [chunkMount] : []),
      { name: 'job', mountPath: folders.job, readOnly: true },
      identityMount,
    ],
  };
}

/** Whatever image it is, it runs our shim first; it sees the shim's folder and can't write to it, and gets no variable of ours. */
const commandOf = ({ image, resources, spec: { file } }: SlotsWanted, { workerImage }: SlotsPlace) => ({
  name: containers.command,
  image: image ?? workerImage,
  command: [`${folders.slot}/shim`, 'serve', folders.slot],
  resources: resourcesOf(resources),
  terminationMessagePolicy: 'FallbackToLogsOnError',
  securityContext: { ...hardened, runAsUser: appUser, runAsGroup: appUser },
  volumeMounts: [
    { ...slotMount, readOnly: true },
    ...(file ? [{ ...chunkMount, readOnly: true }] : []),
    { name: 'tmp', mountPath: '/tmp' },
  ],
});
