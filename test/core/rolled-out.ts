/** The objects that a spec comes to, and the shape that a restricted pod has. */
import { expect } from 'vitest';
import { appUser } from '#core/app-user.ts';
import { desiredObjects } from '#core/rollout.ts';
import { Spec } from '#core/spec.ts';
import * as z from '#core/zod.ts';
import { digest, key, spec } from './samples.ts';

export const image = `000000000000.dkr.ecr.us-east-1.amazonaws.com/release/checkout/web@${digest(1)}`;
export const asks = (parts: object) => Spec.parse({ ...spec, ...parts });
export const objects = (wanted = spec, loadBalancerScheme: 'internal' | 'internet-facing' = 'internal') =>
  desiredObjects({
    key,
    spec: wanted,
    image,
    digest: digest(1),
    loadBalancerScheme,
    kubernetesVersion: '1.36',
    drainSeconds: 5,
  });
export const one = (kind: string, wanted = spec, scheme: 'internal' | 'internet-facing' = 'internal') => {
  const found = objects(wanted, scheme).filter((object) => object.kind === kind);
  expect(found).toHaveLength(1);
  return found[0];
};

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, as far as a pod of ours could break it. */
export const volumeKinds = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];
const Probe = z.strictObject({
  tcpSocket: z.strictObject({ port: z.literal('http') }),
  periodSeconds: z.int(),
  failureThreshold: z.int(),
});
/** One that is started again when it fails. */
const EndingProbe = z.extend(Probe, { terminationGracePeriodSeconds: z.literal(10) });
const Container = z.looseObject({
  name: z.literal('app'),
  image: z.literal(image),
  ports: z
    .array(
      z.strictObject({ name: z.literal('http'), containerPort: z.literal(9000), protocol: z.literal('TCP') }),
    )
    .check(z.length(1)),
  resources: z.object({
    requests: z.record(z.string(), z.string()),
    limits: z.record(z.string(), z.string()),
  }),
  startupProbe: EndingProbe,
  readinessProbe: Probe,
  livenessProbe: EndingProbe,
  lifecycle: z.strictObject({
    preStop: z.strictObject({ sleep: z.strictObject({ seconds: z.literal(5) }) }),
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
  terminationGracePeriodSeconds: z.literal(35),
  securityContext: z.strictObject({
    runAsNonRoot: z.literal(true),
    runAsUser: z.literal(appUser),
    runAsGroup: z.literal(appUser),
    fsGroup: z.literal(appUser),
    seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
  }),
  topologySpreadConstraints: z
    .array(z.object({ whenUnsatisfiable: z.literal('ScheduleAnyway') }))
    .check(z.length(2)),
  containers: z.tuple([Container]),
  volumes: z.array(z.record(z.string(), z.unknown())),
});
const Pod = z.object({
  spec: z.object({ template: z.object({ metadata: z.unknown(), spec: Restricted }) }),
});
export const podOf = (wanted = spec) => Pod.parse(one('Deployment', wanted)).spec.template.spec;
