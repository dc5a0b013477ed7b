/**
 * The watcher in its cluster: a namespace of its own, a service account that may list and watch three kinds and nothing
 * else, and one pod. Its AWS identity comes by EKS Pod Identity. What its webhook would add to the pod is written here:
 * an association takes seconds to be known, and a pod that was made before it would never get its credentials.
 * Source: Amazon EKS user guide, "Learn how EKS Pod Identity grants pods access to AWS services".
 */
import { fieldManager, type KubernetesObject } from '#core/rollout.ts';
import * as z from '#core/zod.ts';
import { watcherAccount } from './env.ts';

export const WatcherProperties = z.object({
  /** `<repository URI>@<digest>`. */
  Image: z.string().check(z.regex(/@sha256:[0-9a-f]{64}$/, 'an image by its digest')),
  QueueUrl: z.url(),
  Region: z.string().check(z.minLength(1)),
  /** Of the image, as Kubernetes calls it. */
  Architecture: z.enum(['amd64', 'arm64']),
});
type WatcherProperties = z.infer<typeof WatcherProperties>;

const { namespace, name } = watcherAccount;
const labels = {
  'app.kubernetes.io/name': name,
  'app.kubernetes.io/managed-by': fieldManager,
};
const selector = { 'app.kubernetes.io/name': name };
const rbac = 'rbac.authorization.k8s.io';
const role = 'getschwifty-watcher';
const healthPort = 8080;

/** Where the SDK finds its token, and where the agent is on each node. */
const identity = {
  volume: 'eks-pod-identity-token',
  path: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
  file: 'eks-pod-identity-token',
  audience: 'pods.eks.amazonaws.com',
  agent: 'http://169.254.170.23/v1/credentials',
};

/** In the order in which they are applied. */
export function watcherObjects(clusterName: string, properties: WatcherProperties): KubernetesObject[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: namespace,
        labels: { ...labels, 'pod-security.kubernetes.io/enforce': 'restricted' },
      },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace, labels } },
    ...rights,
    {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'getschwifty-system', labels },
      description: 'What GetSchwifty runs in a cluster: before environments, but it evicts none of them.',
      value: 1_000_000,
      preemptionPolicy: 'Never',
      globalDefault: false,
    },
    deployment(clusterName, properties),
  ];
}

/** To list and to watch is to read: no `get`, no secret, nothing to write. */
const rights: readonly KubernetesObject[] = [
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name: role, labels },
    rules: [
      { apiGroups: [''], resources: ['pods', 'services'], verbs: ['list', 'watch'] },
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['list', 'watch'] },
    ],
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: role, labels },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  },
];

function deployment(clusterName: string, properties: WatcherProperties): KubernetesObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: {
      replicas: 1,
      revisionHistoryLimit: 2,
      selector: { matchLabels: selector },
      template: { metadata: { labels }, spec: podSpec(clusterName, properties) },
    },
  };
}

function podSpec(clusterName: string, { Image, QueueUrl, Region, Architecture }: WatcherProperties) {
  const probe = (path: string) => ({ httpGet: { path, port: 'health' }, periodSeconds: 10 });
  return {
    serviceAccountName: name,
    priorityClassName: 'getschwifty-system',
    enableServiceLinks: false,
    nodeSelector: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': Architecture },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name,
        image: Image,
        env: Object.entries(environmentOf(clusterName, QueueUrl, Region)).map(([name, value]) => ({
          name,
          value,
        })),
        ports: [{ name: 'health', containerPort: healthPort }],
        resources: { requests: { cpu: '10m', memory: '128Mi' }, limits: { memory: '128Mi' } },
        readinessProbe: probe('/ready'),
        livenessProbe: { ...probe('/live'), initialDelaySeconds: 10, failureThreshold: 6 },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [{ name: identity.volume, mountPath: identity.path, readOnly: true }],
      },
    ],
    volumes: [
      {
        name: identity.volume,
        projected: {
          sources: [
            {
              serviceAccountToken: {
                audience: identity.audience,
                expirationSeconds: 86_400,
                path: identity.file,
              },
            },
          ],
        },
      },
    ],
  };
}

/** What watcher/env.ts asks for, and what the SDK needs to find its credentials. */
export const environmentOf = (clusterName: string, queueUrl: string, region: string) => ({
  CLUSTER_NAME: clusterName,
  QUEUE_URL: queueUrl,
  HEALTH_PORT: String(healthPort),
  AWS_REGION: region,
  AWS_CONTAINER_CREDENTIALS_FULL_URI: identity.agent,
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: `${identity.path}/${identity.file}`,
});
