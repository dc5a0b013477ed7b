/**
 * The access service in its cluster: it asks whose a token is, and reads people's SSH keys by its AWS identity; it may do
 * nothing else. Two pods, for without an answer nobody logs in.
 */
import { accessService } from '#core/access.ts';
import { hardened } from '#core/isolation.ts';
import { identityEnvironment, identityMount, identityVolume } from '#core/pod-identity.ts';
import { fieldManager, type KubernetesObject } from '#core/rollout.ts';
import * as z from '#core/zod.ts';
import { accessAccount } from './env.ts';
import { nobody, priorityClass, rightsOf } from './system.ts';

export const AccessProperties = z.object({
  /** `<repository URI>@<digest>`. */
  Image: z.string().check(z.regex(/^[A-Za-z0-9./:_-]+@sha256:[0-9a-f]{64}$/, 'an image by its digest')),
  TableName: z.string().check(z.minLength(1)),
  Region: z.string().check(z.minLength(1)),
  /** Of the image, as Kubernetes calls it. */
  Architecture: z.enum(['amd64', 'arm64']),
});
type AccessProperties = z.infer<typeof AccessProperties>;

const { namespace, name } = accessAccount;
const { port } = accessService;
const labels = {
  'app.kubernetes.io/name': name,
  'app.kubernetes.io/managed-by': fieldManager,
};
const selector = { 'app.kubernetes.io/name': name };
const metadata = { name, namespace, labels };

/** In the order in which they are applied. */
export function accessObjects(cluster: string, properties: AccessProperties): KubernetesObject[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    ...rightsOf(accessAccount, [
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    ]),
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata,
      spec: { maxUnavailable: 1, selector: { matchLabels: selector } },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector, ports: [{ name: 'http', port, targetPort: 'http', protocol: 'TCP' }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: 2,
        revisionHistoryLimit: 2,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        selector: { matchLabels: selector },
        template: { metadata: { labels }, spec: podSpec(cluster, properties) },
      },
    },
  ];
}

function podSpec(cluster: string, { Image, TableName, Region, Architecture }: AccessProperties) {
  const probe = { httpGet: { path: '/live', port: 'http' }, periodSeconds: 5 };
  return {
    serviceAccountName: name,
    priorityClassName: priorityClass,
    enableServiceLinks: false,
    nodeSelector: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': Architecture },
    topologySpreadConstraints: [
      {
        topologyKey: 'kubernetes.io/hostname',
        maxSkew: 1,
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: selector },
      },
    ],
    securityContext: nobody,
    containers: [
      {
        name,
        image: Image,
        args: ['/access/service.mjs'],
        env: Object.entries(accessEnvironment(TableName, Region, cluster)).map(([name, value]) => ({
          name,
          value,
        })),
        ports: [{ name: 'http', containerPort: port }],
        resources: { requests: { cpu: '20m', memory: '160Mi' }, limits: { memory: '160Mi' } },
        readinessProbe: probe,
        livenessProbe: { ...probe, periodSeconds: 10, failureThreshold: 6 },
        securityContext: hardened,
        volumeMounts: [identityMount],
      },
    ],
    volumes: [identityVolume],
  };
}

/** What access/service/env.ts asks for, and what the SDK needs to find its credentials. */
export const accessEnvironment = (tableName: string, region: string, cluster: string) => ({
  TABLE_NAME: tableName,
  AWS_REGION: region,
  CLUSTER_NAME: cluster,
  PORT: String(port),
  ...identityEnvironment,
});
