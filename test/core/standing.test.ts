/** What pods hold above what is wanted now: room that a smaller one needs beside them. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LiveObject, planOf, repairedBy } from '#core/drift.ts';
import { networkPolicies, resourceQuota } from '#core/isolation.ts';
import { amountOf, cpuQuantity, memoryQuantity } from '#core/quantity.ts';
import { Pod } from '#core/sight.ts';
import { Spec } from '#core/spec.ts';
import { standingOf } from '#core/standing.ts';
import { key, ready, spec } from './samples.ts';

const pod = (...requests: Record<string, string>[]) =>
  Pod.parse({
    metadata: { name: 'app-1' },
    spec: { containers: requests.map((each, i) => ({ name: `c${i}`, resources: { requests: each } })) },
    status: {},
  });
const wanted = Spec.parse({ ...spec, resources: { cpu: 0.1, memoryMiB: 64 } });
const quota = (pods: Pod[], of = wanted) =>
  resourceQuota({
    ...{ key, spec: of, standing: standingOf(pods, of), kubernetesVersion: '1.36' },
    loadBalancerScheme: 'internal',
  })['spec'];

it.each<[string, Pod[], object]>([
  ['nothing runs', [], { 'requests.cpu': '300m', 'limits.memory': '192Mi' }],
  ['what runs is as it is wanted', [pod({ cpu: '100m', memory: '64Mi' })], { 'limits.memory': '192Mi' }],
  ['what runs is smaller', [pod({ cpu: '50m', memory: '32Mi' })], { 'limits.memory': '192Mi' }],
  [
    'what runs is larger',
    [pod({ cpu: '1', memory: '1Gi' })],
    { 'requests.cpu': '1200m', 'limits.memory': '1152Mi', 'requests.memory': '1152Mi' },
  ],
  [
    'what runs has SSH beside it',
    [pod({ cpu: '100m', memory: '64Mi' }, { cpu: '20m', memory: '128Mi' }, { cpu: '10m', memory: '96Mi' })],
    { 'requests.cpu': '330m', 'limits.memory': '416Mi' },
  ],
])('where %s the quota has room for one more beside it, and for one that drains', (_, pods, hard) => {
  expect(quota(pods)).toMatchObject({ hard });
});

it('a pod with SSH is as wanted where SSH is', () => {
  const on = Spec.parse({ ...wanted, access: { ssh: true, memoryMiB: 128 } });
  const running = pod(
    { cpu: '100m', memory: '64Mi' },
    { cpu: '20m', memory: '128Mi' },
    { cpu: '10m', memory: '96Mi' },
  );
  expect(quota([running], on)).toEqual(quota([], on));
});

it('amounts are read as they are written, and what is not one is nothing', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200_000 }), (n) => {
      expect(amountOf(cpuQuantity(n / 1000))).toBeCloseTo(n / 1000, 6);
      expect(amountOf(memoryQuantity(n))).toBe(n * 2 ** 20);
    }),
  );
  expect(amountOf('300Ki')).toBe(300 * 1024);
  for (const text of ['', 'x', '1e3', '-1', '1Zi']) expect(amountOf(text)).toBe(0);
});

const serving = (port: number, name = 'app') =>
  Pod.parse({
    metadata: { name: 'app-1' },
    spec: { containers: [{ name, ports: [{ name: 'http', containerPort: port }] }] },
    status: {},
  });
const policies = (pods: Pod[], of: Spec) =>
  networkPolicies({
    ...{ key, spec: of, standing: standingOf(pods, of), kubernetesVersion: '1.36' },
    loadBalancerScheme: 'internal',
  });
const moved = Spec.parse({ ...spec, port: 8080 });

it.each<[string, Pod[], number[]]>([
  ['nothing runs', [], []],
  ['all have moved', [serving(8080)], []],
  ['some have not', [serving(9000), serving(8080), serving(9000)], [9000]],
  ['it moved twice', [serving(9000), serving(7000)], [9000, 7000]],
  ['something beside the application listens', [serving(9000, 'ssh-gate')], []],
])('where %s, what is reached beside the new port is what pods of before answer on', (_, pods, ports) => {
  const before = policies(pods, moved).filter(({ metadata }) => metadata.name === 'serve-before');
  expect(before).toMatchObject(
    ports.length === 0
      ? []
      : [{ spec: { ingress: [{ ports: ports.map((port) => ({ protocol: 'TCP', port })) }] } }],
  );
});

it('the last of them takes that with it, and nobody is told that something was put back', () => {
  const managedFields = [{ manager: 'getschwifty' }];
  const live = policies([serving(9000)], moved).map((object) =>
    LiveObject.parse({ ...object, metadata: { ...object.metadata, managedFields } }),
  );
  const plan = planOf(policies([serving(8080)], moved), live);
  expect(plan.remove.map(({ metadata }) => metadata.name)).toEqual(['serve-before']);
  expect(repairedBy(ready(), plan)).toBeUndefined();
});
