/** Health, from objects as a Kubernetes API server answers them: fields that are not read here are there too. */
import { describe, expect, it } from 'vitest';
import { assess } from '#core/health.ts';
import { Autoscaler, Deployment, Pod, Service, type Warned } from '#core/sight.ts';
import * as z from '#core/zod.ts';
import { digest } from './samples.ts';

const registry = '000000000000.dkr.ecr.us-east-1.amazonaws.com';
const deployment = (status: object = {}, generation = 2) =>
  Deployment.parse({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'app',
      namespace: 'checkout--web',
      generation,
      uid: '0b6f2a0e',
      creationTimestamp: '2026-03-01T12:00:00Z',
    },
    spec: {
      replicas: 2,
      strategy: { type: 'RollingUpdate' },
      template: {
        spec: {
          containers: [
            { name: 'sidecar', image: 'other@sha256:1' },
            { name: 'app', image: `${registry}/release/checkout/web@${digest(1)}` },
          ],
        },
      },
    },
    status: {
      observedGeneration: 2,
      replicas: 2,
      updatedReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      conditions: [{ type: 'Available', status: 'True', lastTransitionTime: '2026-03-01T12:00:09Z' }],
      ...status,
    },
  });
const readyAt = (time: string) => [
  { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: '2026-03-01T12:00:01Z' },
  { type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: time },
];
const notReady = [
  {
    type: 'Ready',
    status: 'False',
    reason: 'ContainersNotReady',
    message: 'containers with unready status: [app]',
    lastProbeTime: null,
    lastTransitionTime: '2026-03-01T12:00:05Z',
  },
];
const pod = (name: string, status: object) =>
  Pod.parse({
    metadata: { name, labels: { 'app.kubernetes.io/instance': 'checkout--web' } },
    spec: {
      containers: [
        {
          name: 'app',
          image: 'x',
          resources: { limits: { memory: '64Mi' }, requests: { cpu: '250m', memory: '64Mi' } },
        },
      ],
    },
    status: { phase: 'Running', qosClass: 'Burstable', ...status },
  });
const running = (time: string, more: object = {}) => ({
  conditions: readyAt(time),
  containerStatuses: [
    {
      name: 'app',
      ready: true,
      restartCount: 0,
      state: { running: { startedAt: '2026-03-01T12:00:03Z' } },
      lastState: {},
      ...more,
    },
  ],
});
const service = (loadBalancer: object) =>
  Service.parse({ spec: { type: 'LoadBalancer' }, status: { loadBalancer } });
const withIp = service({ ingress: [{ ip: '10.0.0.9', ipMode: 'VIP' }] });
const pods = [pod('app-1', running('2026-03-01T12:00:05Z')), pod('app-2', running('2026-03-01T12:00:08Z'))];

it('Ready: since the last of its pods, at its address, with no problem', () => {
  expect(assess({ deployment: deployment(), pods, service: withIp })).toEqual({
    digest: digest(1),
    ready: true,
    idle: false,
    readySince: '2026-03-01T12:00:08.000Z',
    address: '10.0.0.9',
    problem: undefined,
    lastOom: undefined,
  });
});

it("takes the load balancer's host name, as EKS gives it", () => {
  const hostname = 'k8s-checkout-app-0a1b2c3d4e-0123456789abcdef.elb.us-east-1.amazonaws.com';
  expect(
    assess({ deployment: deployment(), pods, service: service({ ingress: [{ hostname }] }) }).address,
  ).toBe(hostname);
});

it.each<[string, object]>([
  ['an older generation was seen', { observedGeneration: 1 }],
  ['not all are of the new template', { updatedReplicas: 1 }],
  ['an old one is still there', { replicas: 3 }],
  ['not all are Ready', { readyReplicas: 1 }],
  ['none is Ready', { readyReplicas: undefined }],
  [
    'nothing was done yet',
    {
      observedGeneration: undefined,
      replicas: undefined,
      updatedReplicas: undefined,
      readyReplicas: undefined,
    },
  ],
])('not Ready while %s', (_, status) => {
  const health = assess({ deployment: deployment(status), pods, service: withIp });
  expect(health).toMatchObject({ ready: false, readySince: undefined, digest: digest(1) });
  expect(health.problem).toBeTruthy();
});

it('Ready while somebody restarts pods of the same image: those that serve are the right ones', () => {
  const sight = { deployment: deployment({ replicas: 3, updatedReplicas: 1 }), service: withIp };
  const { containers } = sight.deployment.spec.template.spec;
  const same = pods.map((one) => ({ ...one, spec: { containers } }));
  expect(assess({ ...sight, pods: same })).toMatchObject({ ready: true });
  expect(assess({ ...sight, pods: [...same, ...pods.slice(0, 1)] }).ready).toBe(false);
});

const app = {
  name: 'app',
  image: `${registry}/release/checkout/web@${digest(1)}`,
  resources: { limits: { memory: '64Mi' }, requests: { cpu: '250m', memory: '64Mi' } },
};
const ssh = { ...app, name: 'ssh' };
const sized = (memory: string, cpu = '250m') => ({
  ...app,
  resources: { limits: { memory }, requests: { cpu, memory } },
});
const claim = { name: 'workspace', persistentVolumeClaim: { claimName: 'workspace' } };
const folder = { name: 'workspace', emptyDir: {} };
const token = { name: 'kube-api-access', projected: { sources: [] } };
const listening = (containerPort: number) => ({ ...app, ports: [{ name: 'http', containerPort }] });
const limited = { ...app, resources: { ...app.resources, limits: { memory: '64Mi', cpu: '1' } } };
const podOf = (containers: object[], volumes: object[] = []) => ({ containers, volumes });
it.each<[boolean, string, object, object]>([
  [true, 'a default of the namespace', podOf([app]), podOf([limited])],
  [false, 'less memory', podOf([app]), podOf([sized('32Mi')])],
  [false, 'more CPU', podOf([app]), podOf([sized('64Mi', '500m')])],
  [false, 'no size at all', podOf([app]), podOf([{ ...app, resources: undefined }])],
  [false, 'a server that is not wanted any more', podOf([app]), podOf([app, ssh])],
  [false, 'no server yet', podOf([app, ssh]), podOf([app])],
  [true, 'a token that a webhook mounts', podOf([app], [claim]), podOf([app], [claim, token])],
  [false, 'a folder in the place of a volume', podOf([app], [claim]), podOf([app], [folder])],
  [false, 'no volume yet', podOf([app], [claim]), { containers: [app] }],
  [false, 'a volume that is not wanted any more', podOf([app], [folder]), podOf([app], [claim])],
  [true, 'the port', podOf([listening(9000)]), podOf([listening(9000)])],
  [false, 'the port of before', podOf([listening(8080)]), podOf([listening(9000)])],
])('Ready is %s while pods of the same image, but with %s, are replaced', (ready, _, spec, there) => {
  const replaced = deployment({ replicas: 3, updatedReplicas: 1 });
  const changed = Deployment.parse({ ...replaced, spec: { template: { spec } } });
  const old = pods.map((one) => Pod.parse({ ...one, spec: there }));
  expect(assess({ deployment: changed, pods: old, service: withIp }).ready).toBe(ready);
});

it('not Ready without an address, and says so', () => {
  for (const without of [undefined, service({}), service({ ingress: [] })]) {
    const health = assess({ deployment: deployment(), pods, service: without });
    expect(health).toMatchObject({ ready: false, problem: expect.stringContaining('no address yet') });
  }
});

it('not Ready without an address, and says what its controller says of it last, and what to do', () => {
  const warned = (message: string, lastTimestamp?: string) => ({
    reason: 'FailedDeployModel',
    message,
    ...(lastTimestamp === undefined ? { eventTime: '2026-01-05T10:00:00.000000Z' } : { lastTimestamp }),
  });
  const full = `Failed deploy model due to TooManyLoadBalancers: The maximum number of\n load balancers has been reached${'.'.repeat(900)}`;
  const problem = (...warnings: Warned[]) =>
    assess({ deployment: deployment(), pods, service: service({}), warnings }).problem ?? '';
  const told = problem(
    warned('before', '2026-01-05T09:00:00Z'),
    warned(full, '2026-01-05T11:00:00Z'),
    warned('between'),
  );
  expect(told).toMatch(
    /^The load balancer can not be made: FailedDeployModel: Failed .*TooManyLoadBalancers: The maximum number of load/,
  );
  expect(told).toMatch(/"Network Load Balancers per Region" raised\.$/);
  expect(told.length).toBeLessThan(650);
  expect(problem(warned('no subnet is tagged'))).toMatch(
    /no subnet is tagged\. It is tried again; see its Service/,
  );
});

it('nothing there', () => {
  expect(assess({ deployment: undefined, pods: [], service: undefined })).toEqual({
    digest: undefined,
    ready: false,
    idle: false,
    readySince: undefined,
    address: undefined,
    problem: 'No pod yet. Nothing to do for some seconds.',
    lastOom: undefined,
  });
});

it('an image by tag is of no digest', () => {
  const tagged = deployment();
  tagged.spec.template.spec.containers = [{ name: 'app', image: `${registry}/release/checkout/web:latest` }];
  expect(assess({ deployment: tagged, pods, service: withIp }).digest).toBeUndefined();
});

describe('with an autoscaler', () => {
  const autoscaler = Autoscaler.parse({ spec: { minReplicas: 2, maxReplicas: 5 } });
  const scaling = { replicas: 5, updatedReplicas: 5, readyReplicas: 2 };
  const out = deployment(scaling);
  out.spec.replicas = 5;
  it('what it adds need not be Ready yet, and does not move since when it is', () => {
    const late = pod('app-3', running('2026-03-01T12:07:00Z'));
    const added = deployment({ ...scaling, readyReplicas: 3 });
    const sight = { pods: [late, ...pods], service: withIp, autoscaler };
    expect(assess({ ...sight, deployment: out }).ready).toBe(true);
    expect(assess({ ...sight, deployment: added }).readySince).toBe('2026-03-01T12:00:08.000Z');
  });
  it('fewer than the least that was asked for are not enough, though the Deployment asks for one', () => {
    const young = deployment({ replicas: 1, updatedReplicas: 1, readyReplicas: 1 });
    young.spec.replicas = 1;
    expect(assess({ deployment: young, pods, service: withIp, autoscaler }).ready).toBe(false);
  });
});

describe('out of memory', () => {
  const killed = (finishedAt: string | null, reason = 'OOMKilled') => ({
    terminated: {
      exitCode: 137,
      reason,
      startedAt: '2026-03-01T12:00:03Z',
      finishedAt,
      containerID: 'containerd://1',
    },
  });
  const oomOf = (...statuses: object[]) =>
    assess({
      deployment: deployment(),
      pods: statuses.map((status, i) => pod(`app-${i}`, status)),
      service: withIp,
    }).lastOom;

  it('is found in the last state of a container that runs again', () => {
    expect(
      oomOf(running('2026-03-01T12:05:00Z', { restartCount: 1, lastState: killed('2026-03-01T12:04:58Z') })),
    ).toEqual({
      at: '2026-03-01T12:04:58.000Z',
      pod: 'app-0',
      container: 'app',
      limit: '64Mi',
    });
  });
  it('is found in the state of one that just died', () => {
    const now = {
      conditions: notReady,
      containerStatuses: [{ name: 'app', state: killed('2026-03-01T12:04:58Z'), lastState: {} }],
    };
    expect(oomOf(now)).toMatchObject({ at: '2026-03-01T12:04:58.000Z' });
  });
  it('is the newest of several', () => {
    const first = running('2026-03-01T12:05:00Z', { lastState: killed('2026-03-01T12:04:58Z') });
    const second = running('2026-03-01T12:06:00Z', { lastState: killed('2026-03-01T12:05:58Z') });
    expect(oomOf(second, first)).toMatchObject({ pod: 'app-0' });
    expect(oomOf(first, second)).toMatchObject({ pod: 'app-1' });
  });
  it('is no other end, and none without a time', () => {
    expect(
      oomOf(running('2026-03-01T12:05:00Z', { lastState: killed('2026-03-01T12:04:58Z', 'Error') })),
    ).toBeUndefined();
    expect(oomOf(running('2026-03-01T12:05:00Z', { lastState: killed(null) }))).toBeUndefined();
  });
});

it('refuses what is no Deployment', () => {
  expect(() => Deployment.parse({ metadata: {}, spec: {}, status: {} })).toThrow(z.core.$ZodError);
});
