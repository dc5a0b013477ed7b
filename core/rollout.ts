/** The Kubernetes objects that an environment wants, in the order in which they are applied. */
import { appUser } from './dockerfile.ts';
import { type Digest, type EnvironmentKey, environmentId, namespaceOf } from './names.ts';
import { containerPort, type Spec } from './spec.ts';

export interface RolloutInput {
  readonly key: EnvironmentKey;
  readonly spec: Spec;
  /** `<registry>/<release repository>@<digest>`. */
  readonly image: string;
  readonly digest: Digest;
  readonly loadBalancerScheme: 'internal' | 'internet-facing';
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export const fieldManager = 'getschwifty';
/** The name of every object in an environment's namespace. */
export const appName = 'app';

export function desiredObjects(input: RolloutInput): KubernetesObject[] {
  return [namespace(input), deployment(input), service(input)];
}

const labelsOf = (key: EnvironmentKey) => ({
  'app.kubernetes.io/name': appName,
  'app.kubernetes.io/instance': namespaceOf(key),
  'app.kubernetes.io/managed-by': fieldManager,
  'getschwifty.dev/team': key.team,
  'getschwifty.dev/environment': key.name,
});
const selectorOf = (key: EnvironmentKey) => ({ 'app.kubernetes.io/instance': namespaceOf(key) });

function namespace({ key }: RolloutInput): KubernetesObject {
  const labels = { ...labelsOf(key), 'pod-security.kubernetes.io/enforce': 'restricted' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespaceOf(key), labels } };
}

function deployment(input: RolloutInput): KubernetesObject {
  const { key, spec, digest } = input;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: appName,
      namespace: namespaceOf(key),
      labels: labelsOf(key),
      annotations: { 'getschwifty.dev/environment': environmentId(key), 'getschwifty.dev/digest': digest },
    },
    spec: {
      replicas: spec.replicas,
      revisionHistoryLimit: 3,
      selector: { matchLabels: selectorOf(key) },
      template: { metadata: { labels: labelsOf(key) }, spec: podSpec(input) },
    },
  };
}

function podSpec({ spec, image }: RolloutInput) {
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: appUser,
      runAsGroup: appUser,
      fsGroup: appUser,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: appName,
        image,
        ports: [{ name: 'http', containerPort }],
        env: [{ name: 'PORT', value: String(containerPort) }],
        resources: resourcesOf(spec),
        readinessProbe: { tcpSocket: { port: 'http' }, periodSeconds: 2, failureThreshold: 3 },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
      },
    ],
    volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '256Mi' } }],
  };
}

/** Memory's request is its limit: what is promised is there, and what exceeds it is killed alone. */
function resourcesOf({ resources }: Spec) {
  const memory = `${resources.memoryMiB}Mi`;
  const gpu = resources.gpu > 0 ? { 'nvidia.com/gpu': String(resources.gpu) } : {};
  return {
    requests: { cpu: `${Math.round(resources.cpu * 1000)}m`, memory, ...gpu },
    limits: { memory, ...gpu },
  };
}

/** In EKS Auto Mode this class makes an NLB. Which of its subnets take it, public or private ones, the scheme says. */
function service({ key, loadBalancerScheme }: RolloutInput): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: appName,
      namespace: namespaceOf(key),
      labels: labelsOf(key),
      annotations: { 'service.beta.kubernetes.io/aws-load-balancer-scheme': loadBalancerScheme },
    },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: 'eks.amazonaws.com/nlb',
      selector: selectorOf(key),
      ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }],
    },
  };
}
