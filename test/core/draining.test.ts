/** A pod that goes answers for as long as a load balancer may lead to it, and one that hangs is started again at once. */
import { expect, it } from 'vitest';
import { Cluster } from '#core/cluster.ts';
import { endsAtOnce, grace, lifecycle } from '#core/draining.ts';
import { assess } from '#core/health.ts';
import { Deployment, Pod, Service } from '#core/sight.ts';
import * as z from '#core/zod.ts';
import { digest } from './samples.ts';

it('what a pod may take to go is what it drains and what the application ends in', () => {
  for (const drainSeconds of [1, 150, 600]) {
    expect(lifecycle({ drainSeconds })).toEqual({
      lifecycle: { preStop: { sleep: { seconds: drainSeconds } } },
    });
    expect(grace({ drainSeconds }).terminationGracePeriodSeconds).toBe(drainSeconds + 30);
  }
});

it('where nothing is to be drained there is no hook', () => {
  expect(lifecycle({ drainSeconds: 0 })).toEqual({});
  expect(grace({ drainSeconds: 0 })).toEqual({ terminationGracePeriodSeconds: 30 });
});

it('what hangs does not drain: its hook is cut off', () => {
  expect(endsAtOnce.terminationGracePeriodSeconds).toBeLessThan(30);
});

it('a cluster drains for as long as a Network Load Balancer takes, unless it says otherwise', () => {
  const cluster = { name: 'main', kubernetesVersion: '1.36' };
  expect(Cluster.parse(cluster).drainSeconds).toBe(150);
  expect(Cluster.parse({ ...cluster, drainSeconds: 0 }).drainSeconds).toBe(0);
  for (const drainSeconds of [-1, 1.5, 601])
    expect(Cluster.safeParse({ ...cluster, drainSeconds }).success).toBe(false);
});

const containers = (n: number) => [{ name: 'app', image: `registry/release/checkout/web@${digest(n)}` }];
const deployment = Deployment.parse({
  metadata: { generation: 2 },
  spec: { replicas: 1, template: { spec: { containers: containers(2) } } },
  status: { observedGeneration: 2, replicas: 1, updatedReplicas: 1, readyReplicas: 1 },
});
const service = z.parse(Service, { status: { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } } });
const pod = (n: number, since: string, deletionTimestamp?: string) =>
  Pod.parse({
    metadata: { name: `app-${n}`, deletionTimestamp },
    spec: { containers: containers(n) },
    status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: since }] },
  });

it('what is Ready is what stays: a pod that drains is Ready still, and says nothing of how long the new one is', () => {
  const [old, now] = ['2026-01-01T00:00:00Z', '2026-03-01T12:00:00Z'];
  const sight = { deployment, service, autoscaler: undefined, objects: [] };
  const pods = [pod(1, old, now), pod(2, now)];
  expect(assess({ ...sight, pods })).toMatchObject({
    ready: true,
    readySince: '2026-03-01T12:00:00.000Z',
  });
  // Its pods are to be gone, not on their way.
  const none = { ...deployment, spec: { ...deployment.spec, replicas: 0 } };
  expect(assess({ ...sight, deployment: none, pods: [pod(1, old, now)] }).idle).toBe(false);
  expect(assess({ ...sight, deployment: none, pods: [] }).idle).toBe(true);
});
