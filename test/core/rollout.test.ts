/** The objects of an environment: shaped as the `restricted` pod security standard wants them, and named by the environment. */
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { Deployment } from '#core/health.ts';
import { desiredObjects } from '#core/rollout.ts';
import { Spec } from '#core/spec.ts';
import { digest, key, spec } from './samples.ts';

const image = `000000000000.dkr.ecr.us-east-1.amazonaws.com/release/checkout/web@${digest(1)}`;
const objects = (wanted = spec, loadBalancerScheme: 'internal' | 'internet-facing' = 'internal') =>
  desiredObjects({ key, spec: wanted, image, digest: digest(1), loadBalancerScheme });

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, as far as a pod of ours could break it. */
const volumeKinds = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];
const Container = z.looseObject({
  name: z.literal('app'),
  image: z.literal(image),
  ports: z.array(z.strictObject({ name: z.literal('http'), containerPort: z.literal(9000) })).length(1),
  resources: z.object({
    requests: z.record(z.string(), z.string()),
    limits: z.record(z.string(), z.string()),
  }),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
});
const Restricted = z.strictObject({
  automountServiceAccountToken: z.literal(false),
  enableServiceLinks: z.literal(false),
  securityContext: z.strictObject({
    runAsNonRoot: z.literal(true),
    runAsUser: z.int().min(1),
    runAsGroup: z.int().min(1),
    fsGroup: z.int().min(1),
    seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
  }),
  containers: z.tuple([Container]),
  volumes: z.array(z.record(z.string(), z.unknown())),
});
const Pod = z.object({ spec: z.object({ template: z.object({ metadata: z.unknown(), spec: Restricted }) }) });
const podOf = (wanted = spec) => Pod.parse(objects(wanted)[1]).spec.template.spec;

it('are applied in this order', () => {
  expect(
    objects().map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`),
  ).toEqual(['Namespace /checkout--web', 'Deployment checkout--web/app', 'Service checkout--web/app']);
});

it('live in a namespace that enforces the restricted standard', () => {
  expect(objects()[0]?.metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
});

it('are restricted by shape, with volumes of the kinds that it allows', () => {
  for (const { name: _name, ...kinds } of podOf().volumes) {
    expect(volumeKinds).toEqual(expect.arrayContaining(Object.keys(kinds)));
  }
});

it('carry the labels of team and environment, and select by the namespace', () => {
  for (const { metadata } of objects()) {
    expect(metadata.labels).toMatchObject({
      'app.kubernetes.io/managed-by': 'getschwifty',
      'getschwifty.dev/team': 'checkout',
      'getschwifty.dev/environment': 'web',
    });
  }
  const selector = { 'app.kubernetes.io/instance': 'checkout--web' };
  expect(objects()[1]).toMatchObject({
    spec: { selector: { matchLabels: selector }, template: { metadata: { labels: selector } } },
  });
  expect(objects()[2]).toMatchObject({ spec: { selector } });
});

it('are found again by the digest that they ask for', () => {
  const stored = { ...objects()[1], status: {} };
  const metadata = { ...stored.metadata, generation: 1 };
  expect(Deployment.parse({ ...stored, metadata }).spec.template.spec.containers[0]?.image).toContain(
    digest(1),
  );
});

describe('resources', () => {
  it('memory is promised and is the limit; CPU is promised and has none', () => {
    const wanted = Spec.parse({ ...spec, resources: { cpu: 0.05, memoryMiB: 64 } });
    expect(podOf(wanted).containers[0].resources).toEqual({
      requests: { cpu: '50m', memory: '64Mi' },
      limits: { memory: '64Mi' },
    });
  });
  it('a GPU is asked for in both', () => {
    const wanted = Spec.parse({ ...spec, resources: { gpu: 2 } });
    expect(podOf(wanted).containers[0].resources).toMatchObject({
      requests: { 'nvidia.com/gpu': '2' },
      limits: { 'nvidia.com/gpu': '2' },
    });
  });
});

it('are served on port 80 by a load balancer whose scheme the cluster says', () => {
  for (const scheme of ['internal', 'internet-facing'] as const) {
    expect(objects(spec, scheme)[2]).toMatchObject({
      metadata: { annotations: { 'service.beta.kubernetes.io/aws-load-balancer-scheme': scheme } },
      spec: { type: 'LoadBalancer', ports: [{ port: 80, targetPort: 'http' }] },
    });
  }
});
