/** The objects of an environment: shaped as the `restricted` pod security standard wants them, and named by the environment. */
import { describe, expect, it } from 'vitest';
import { LiveObject, planOf } from '#core/drift.ts';
import { desiredObjects } from '#core/rollout.ts';
import { Deployment } from '#core/sight.ts';
import * as z from '#core/zod.ts';
import { asks, image, objects, one, podOf, volumeKinds } from './rolled-out.ts';
import { digest, key, spec } from './samples.ts';

it('are these, what bounds a pod before what makes one', () => {
  expect(
    objects().map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`),
  ).toEqual([
    'Namespace /checkout--web',
    'ResourceQuota checkout--web/app',
    'LimitRange checkout--web/app',
    'NetworkPolicy checkout--web/default-deny',
    'NetworkPolicy checkout--web/serve',
    'NetworkPolicy checkout--web/resolve',
    'NetworkPolicy checkout--web/reach-internet',
    'Deployment checkout--web/app',
    'HorizontalPodAutoscaler checkout--web/app',
    'Service checkout--web/app',
  ]);
});

it("live in a namespace that enforces, warns and audits the restricted standard of the cluster's version", () => {
  expect(one('Namespace')?.metadata.labels).toMatchObject({
    'pod-security.kubernetes.io/enforce': 'restricted',
    'pod-security.kubernetes.io/enforce-version': 'v1.36',
    'pod-security.kubernetes.io/warn': 'restricted',
    'pod-security.kubernetes.io/warn-version': 'v1.36',
    'pod-security.kubernetes.io/audit': 'restricted',
    'pod-security.kubernetes.io/audit-version': 'v1.36',
  });
});

it('are restricted by shape, with volumes of the kinds that it allows', () => {
  for (const { name: _name, ...kinds } of podOf().volumes) {
    expect(volumeKinds).toEqual(expect.arrayContaining(Object.keys(kinds)));
  }
});

it('carry the labels of team and environment, and select by the namespace', () => {
  for (const { metadata } of objects(asks({ replicas: 2 }))) {
    expect(metadata.labels).toMatchObject({
      'app.kubernetes.io/managed-by': 'getschwifty',
      'app.kubernetes.io/instance': 'checkout--web',
      'getschwifty.dev/team': 'checkout',
      'getschwifty.dev/environment': 'web',
    });
  }
  const selector = { 'app.kubernetes.io/instance': 'checkout--web' };
  expect(one('Deployment')).toMatchObject({
    spec: { selector: { matchLabels: selector }, template: { metadata: { labels: selector } } },
  });
  expect(one('Service')).toMatchObject({ spec: { selector } });
  expect(one('PodDisruptionBudget', asks({ replicas: 2 }))).toMatchObject({
    spec: { selector: { matchLabels: selector } },
  });
});

it('are found again by the digest that they ask for', () => {
  const stored = { ...one('Deployment'), status: {} };
  const metadata = { name: 'app', generation: 1 };
  expect(Deployment.parse({ ...stored, metadata }).spec.template.spec.containers[0]?.image).toContain(
    digest(1),
  );
});

describe('resources', () => {
  it('memory is promised and is the limit; CPU is promised and has none', () => {
    expect(podOf(asks({ resources: { cpu: 0.05, memoryMiB: 64 } })).containers[0].resources).toEqual({
      requests: { cpu: '50m', memory: '64Mi' },
      limits: { memory: '64Mi' },
    });
  });
  it('a GPU is asked for in both', () => {
    expect(podOf(asks({ resources: { gpu: 2 } })).containers[0].resources).toMatchObject({
      requests: { 'nvidia.com/gpu': '2' },
      limits: { 'nvidia.com/gpu': '2' },
    });
  });
  it('are written as Kubernetes writes them back', () => {
    const { requests } = podOf(asks({ resources: { cpu: 2, memoryMiB: 2048 } })).containers[0].resources;
    expect(requests).toEqual({ cpu: '2', memory: '2Gi' });
  });
  it('the quota holds a rollout beside what runs and what drains, and no more', () => {
    const wanted = asks({ replicas: { min: 1, max: 3 }, resources: { cpu: 0.5, memoryMiB: 512, gpu: 1 } });
    expect(one('ResourceQuota', wanted)?.['spec']).toEqual({
      hard: {
        pods: '9',
        'requests.cpu': '4500m',
        'requests.memory': '4608Mi',
        'limits.memory': '4608Mi',
        'requests.nvidia.com/gpu': '9',
        persistentvolumeclaims: '1',
        'services.loadbalancers': '1',
      },
    });
  });
  it('who asks for nothing gets what one replica gets, and nobody gets more memory', () => {
    const wanted = asks({ resources: { cpu: 0.5, memoryMiB: 512 } });
    expect(one('LimitRange', wanted)?.['spec']).toEqual({
      limits: [
        {
          type: 'Container',
          default: { memory: '512Mi' },
          defaultRequest: { cpu: '500m', memory: '512Mi' },
          max: { memory: '512Mi' },
        },
      ],
    });
  });
});

describe('replicas', () => {
  it('are the autoscaler’s alone, between the ends that were asked for', () => {
    const wanted = asks({ replicas: { min: 2, max: 5 } });
    expect(one('Deployment', wanted)?.['spec']).not.toHaveProperty('replicas');
    expect(one('HorizontalPodAutoscaler', wanted)?.['spec']).toMatchObject({
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' },
      minReplicas: 2,
      maxReplicas: 5,
    });
  });
  it.each([
    [1, 0],
    [{ min: 1, max: 4 }, 0],
    [2, 1],
    [{ min: 2, max: 4 }, 1],
  ])('%j: a budget only where one may go and one stays', (replicas, budgets) => {
    const found = objects(asks({ replicas })).filter(({ kind }) => kind === 'PodDisruptionBudget');
    expect(found).toHaveLength(budgets);
    for (const { spec } of found as { spec?: unknown }[]) expect(spec).toMatchObject({ maxUnavailable: 1 });
  });
});

it('a rollout may take the time that was asked for, in which nothing that runs is touched', () => {
  const wanted = asks({ readyWithinSeconds: 900 });
  expect(one('Deployment', wanted)?.['spec']).toMatchObject({
    progressDeadlineSeconds: 900,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0 } },
  });
  const { startupProbe } = podOf(wanted).containers[0];
  expect(startupProbe.periodSeconds * startupProbe.failureThreshold).toBe(900);
});

it('are served on port 80 by a load balancer whose scheme the cluster says', () => {
  for (const scheme of ['internal', 'internet-facing'] as const) {
    expect(one('Service', spec, scheme)).toMatchObject({
      metadata: { annotations: { 'service.beta.kubernetes.io/aws-load-balancer-scheme': scheme } },
      spec: { type: 'LoadBalancer', ports: [{ port: 80, targetPort: 'http' }] },
    });
  }
});

it('serve TLS beside it where the team has a certificate, and no more when it has none', () => {
  const certificate = 'arn:aws:acm:us-east-1:000000000000:certificate/11111111-2222-3333-4444-555555555555';
  const input = {
    ...{ key, spec, image, digest: digest(1), loadBalancerScheme: 'internal' as const },
    ...{ kubernetesVersion: '1.36', drainSeconds: 5 },
  };
  const [before] = desiredObjects({ ...input, certificate }).filter(({ kind }) => kind === 'Service');
  expect(before).toMatchObject({
    metadata: {
      annotations: {
        'service.beta.kubernetes.io/aws-load-balancer-ssl-cert': certificate,
        'service.beta.kubernetes.io/aws-load-balancer-ssl-ports': '443',
        'service.beta.kubernetes.io/aws-load-balancer-ssl-negotiation-policy':
          'ELBSecurityPolicy-TLS13-1-2-2021-06',
      },
    },
    spec: {
      ports: [
        { name: 'http', port: 80, targetPort: 'http' },
        { name: 'https', port: 443, targetPort: 'http' },
      ],
    },
  });
  const after = one('Service');
  expect(JSON.stringify(after)).not.toMatch(/ssl|443/);
  if (!before || !after) throw new Error('there are two');
  // No pod is of it: nothing is rolled out anew.
  const others = (objects: readonly { kind: string }[]) => objects.filter(({ kind }) => kind !== 'Service');
  expect(others(desiredObjects({ ...input, certificate }))).toEqual(others(desiredObjects(input)));
  const gone = ['Service app (metadata.annotations.getschwifty.dev/tls)'];
  expect(planOf([after], [LiveObject.parse(before)]).differences).toEqual(gone);
});

it('say who may ask their load balancer, and say nobody in particular where none was said, so that what was said goes', () => {
  const sourceRanges = ['203.0.113.0/24', '198.51.100.7/32'];
  const before = one('Service', asks({ access: { sourceRanges } }));
  expect(before?.['spec']).toMatchObject({ loadBalancerSourceRanges: sourceRanges });
  const after = one('Service');
  expect(after?.['spec']).toMatchObject({ loadBalancerSourceRanges: [] });
  if (!before || !after) throw new Error('there are two');
  const live = [LiveObject.parse(before)];
  expect(planOf([after], live).differences).toEqual(['Service app (spec.loadBalancerSourceRanges)']);
  // The API server leaves an empty list out.
  const { loadBalancerSourceRanges: _, ...bare } = z.looseObject({}).parse(after['spec']);
  expect(planOf([after], [LiveObject.parse({ ...after, spec: bare })]).differences).toEqual([]);
});
