/** The Kubernetes objects that an environment wants, in the order in which they are applied. */
import { appUser } from './app-user.ts';
import { endsAtOnce, grace, lifecycle } from './draining.ts';
import type { Scheme } from './exposure.ts';
import { hardened, limitRange, namespace, networkPolicies, resourceQuota } from './isolation.ts';
import { appName, type KubernetesObject, labelsOf, metadataOf, portName, selectorOf } from './labels.ts';
import { type Digest, type EnvironmentKey, environmentId } from './names.ts';
import { cpuQuantity, memoryQuantity } from './quantity.ts';
import type { Spec } from './spec.ts';
import {
  type SshInput,
  sshContainers,
  sshFiles,
  sshInit,
  sshServiceAnnotations,
  sshServicePort,
  sshVolumes,
} from './ssh-pod.ts';
import type { Standing } from './standing.ts';
import { isAlone } from './volume.ts';
import { ownership, podVolumes, strategyOf, volumeClaim, volumeMounts } from './workspace.ts';

export { appName, fieldManager, type KubernetesObject } from './labels.ts';

export interface RolloutInput {
  readonly key: EnvironmentKey;
  readonly spec: Spec;
  /** `<registry>/<release repository>@<digest>`. */
  readonly image: string;
  readonly digest: Digest;
  readonly loadBalancerScheme: Scheme;
  /** Of ACM, where its name has one: its load balancer serves TLS too. */
  readonly certificate?: string | undefined;
  /** The cluster's, such as `1.36`. */
  readonly kubernetesVersion: string;
  /** For how long a pod that goes still answers. */
  readonly drainSeconds: number;
  /** What runs holds above what is wanted. */
  readonly standing?: Standing | undefined;
  /** Where the spec wants SSH. */
  readonly ssh?: SshInput | undefined;
  /** The cluster's, of the volume's class, where the spec has one. */
  readonly storageClass?: string | undefined;
  /** Only where they are ours to say: none for what is stopped, the first for what is started. */
  readonly replicas?: 0 | 1 | undefined;
}

/** What bounds and isolates comes before what runs: a pod never sees a namespace that is open. */
export function desiredObjects(given: RolloutInput): KubernetesObject[] {
  // Where the pod before must end first nobody answers meanwhile: the sooner it does the better.
  const input = isAlone(given.spec) ? { ...given, drainSeconds: 0 } : given;
  return [
    namespace(input),
    resourceQuota(input),
    limitRange(input),
    ...networkPolicies(input),
    ...(input.ssh ? [sshFiles(input.key)] : []),
    ...volumeClaim(input),
    deployment(input),
    autoscaler(input),
    ...disruptionBudget(input),
    service(input),
  ];
}

/** While it runs without `replicas`: the autoscaler owns them, from the first pod on. At none it leaves them alone. */
function deployment(input: RolloutInput): KubernetesObject {
  const { key, spec, digest, replicas } = input;
  const annotations = {
    'getschwifty.dev/environment': environmentId(key),
    'getschwifty.dev/digest': digest,
    ...sshAnnotation(input),
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...metadataOf(key), annotations },
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      revisionHistoryLimit: 3,
      progressDeadlineSeconds: spec.readyWithinSeconds,
      strategy: strategyOf(spec),
      selector: { matchLabels: selectorOf(key) },
      template: { metadata: { labels: labelsOf(key) }, spec: podSpec(input) },
    },
  };
}

/** What is taken away is no difference to be seen: this is. */
const sshAnnotation = ({ ssh }: RolloutInput) => ({ 'getschwifty.dev/ssh': String(ssh !== undefined) });

function podSpec(input: RolloutInput) {
  const { ssh } = input;
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...grace(input),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: appUser,
      runAsGroup: appUser,
      fsGroup: appUser,
      ...ownership(input.spec),
      seccompProfile: { type: 'RuntimeDefault' },
    },
    topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map(
      (topologyKey) => ({
        topologyKey,
        maxSkew: 1,
        // A cluster of one zone, or a zone without room, is no reason not to run.
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: selectorOf(input.key) },
        // Else the pods of the version before count too, and the new ones end where those were not.
        matchLabelKeys: ['pod-template-hash'],
      }),
    ),
    ...(ssh && { initContainers: [sshInit(ssh)] }),
    containers: [container(input), ...(ssh ? sshContainers(input, ssh) : [])],
    volumes: [
      { name: 'tmp', emptyDir: { sizeLimit: '256Mi' } },
      ...podVolumes(input),
      ...(ssh ? sshVolumes(ssh) : []),
    ],
  };
}

function container(input: RolloutInput) {
  const { spec, image, ssh } = input;
  return {
    name: appName,
    image,
    ports: [{ name: portName, containerPort: spec.port, protocol: 'TCP' }],
    env: [{ name: 'PORT', value: String(spec.port) }],
    resources: resourcesOf(spec),
    ...probes(spec),
    ...lifecycle(input),
    // Its last words are in its status when it fails: nobody needs the right to read logs.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: hardened,
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }, ...volumeMounts({ spec, ssh })],
  };
}

/** The first holds the others back for as long as a rollout may take: who starts slowly is not killed for it. */
function probes({ readyWithinSeconds }: Spec) {
  const tcpSocket = { port: portName };
  return {
    startupProbe: { tcpSocket, periodSeconds: 1, failureThreshold: readyWithinSeconds, ...endsAtOnce },
    readinessProbe: { tcpSocket, periodSeconds: 2, failureThreshold: 3 },
    livenessProbe: { tcpSocket, periodSeconds: 10, failureThreshold: 6, ...endsAtOnce },
  };
}

/** Memory's request is its limit: what is promised is there, and what exceeds it is killed alone. */
function resourcesOf({ resources }: Spec) {
  const memory = memoryQuantity(resources.memoryMiB);
  const gpu = resources.gpu > 0 ? { 'nvidia.com/gpu': String(resources.gpu) } : {};
  return { requests: { cpu: cpuQuantity(resources.cpu), memory, ...gpu }, limits: { memory, ...gpu } };
}

/** There for a fixed count too: then it is what keeps the count, and no other manager ever owns it. */
function autoscaler({ key, spec, ssh }: RolloutInput): KubernetesObject {
  const target = { type: 'Utilization', averageUtilization: 70 };
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: metadataOf(key),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: appName },
      minReplicas: spec.replicas.min,
      maxReplicas: spec.replicas.max,
      metrics: [
        ssh
          ? // Whoever compiles something in a session asks for no other replica.
            { type: 'ContainerResource', containerResource: { name: 'cpu', container: appName, target } }
          : { type: 'Resource', resource: { name: 'cpu', target } },
      ],
    },
  };
}

/** With one replica it would only keep a node from being drained. A pod that is not Ready holds nobody up. */
function disruptionBudget({ key, spec }: RolloutInput): KubernetesObject[] {
  if (spec.replicas.min < 2) return [];
  return [
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: metadataOf(key),
      spec: {
        maxUnavailable: 1,
        selector: { matchLabels: selectorOf(key) },
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
      },
    },
  ];
}

/** TLS ends at the load balancer: to the pod it is what comes by port 80. */
const tlsPort = { name: 'https', port: 443, targetPort: portName, protocol: 'TCP' };

/**
 * Of Amazon EKS's User Guide, "Use Service Annotations to configure Network Load Balancers". The policy is what ELB recommends
 * ("Security policies for your Network Load Balancer"); the controller's own default still takes TLS 1.0.
 */
const tlsAnnotations = (certificate: string) => ({
  'service.beta.kubernetes.io/aws-load-balancer-ssl-cert': certificate,
  'service.beta.kubernetes.io/aws-load-balancer-ssl-ports': String(tlsPort.port),
  'service.beta.kubernetes.io/aws-load-balancer-ssl-negotiation-policy':
    'ELBSecurityPolicy-TLS13-1-2-2021-06',
});

/** In EKS Auto Mode this class makes an NLB. Which of its subnets take it, public or private ones, the scheme says. */
function service(input: RolloutInput): KubernetesObject {
  const { key, spec, loadBalancerScheme, certificate, ssh } = input;
  const annotations = {
    'service.beta.kubernetes.io/aws-load-balancer-scheme': loadBalancerScheme,
    // Said when there is none too, so that what belongs to one goes.
    'getschwifty.dev/tls': String(certificate !== undefined),
    ...(certificate !== undefined && tlsAnnotations(certificate)),
    ...sshAnnotation(input),
    ...(ssh && sshServiceAnnotations),
  };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadataOf(key), annotations },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: 'eks.amazonaws.com/nlb',
      // The rules of its security group. Said when there are none too, so that those of before go.
      loadBalancerSourceRanges: spec.access.sourceRanges ?? [],
      ...(ssh && { externalTrafficPolicy: 'Local' }),
      selector: selectorOf(key),
      ports: [
        // By its name: while another port is rolled out each pod is reached on its own.
        { name: 'http', port: 80, targetPort: portName, protocol: 'TCP' },
        ...(certificate === undefined ? [] : [tlsPort]),
        ...(ssh ? [sshServicePort] : []),
      ],
    },
  };
}
