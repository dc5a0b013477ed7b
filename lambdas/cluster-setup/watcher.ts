/**
 * The watcher in its cluster: a service account that may list and watch three kinds and nothing else, and one pod. Its AWS
 * identity comes by EKS Pod Identity (core/pod-identity.ts).
 */
import { hardened } from '#core/isolation.ts';
import { identityEnvironment, identityMount, identityVolume } from '#core/pod-identity.ts';
import { fieldManager, type KubernetesObject } from '#core/rollout.ts';
import * as z from '#core/zod.ts';
import { watcherAccount } from './env.ts';
import { nobody, priorityClass, rightsOf } from './system.ts';

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
const healthPort = 8080;

/** In the order in which they are applied. */
export function watcherObjects(clusterName: string, properties: WatcherProperties): KubernetesObject[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace, labels } },
    ...rights,
    deployment(clusterName, properties),
  ];
}

/** To list and to watch is to read: no `get`, no secret, nothing to write. */
const rights = rightsOf(watcherAccount, [
  { apiGroups: [''], resources: ['pods', 'services'], verbs: ['list', 'watch'] },
  { apiGroups: ['apps'], resources: ['deployments'], verbs: ['list', 'watch'] },
]);

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
    priorityClassName: priorityClass,
    enableServiceLinks: false,
    nodeSelector: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': Architecture },
    securityContext: nobody,
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
        securityContext: hardened,
        volumeMounts: [identityMount],
      },
    ],
    volumes: [identityVolume],
  };
}

/** What watcher/env.ts asks for, and what the SDK needs to find its credentials. */
export const environmentOf = (clusterName: string, queueUrl: string, region: string) => ({
  CLUSTER_NAME: clusterName,
  QUEUE_URL: queueUrl,
  HEALTH_PORT: String(healthPort),
  AWS_REGION: region,
  ...identityEnvironment,
});
