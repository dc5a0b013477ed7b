/** What is worth telling: the changes that people are paged for, and none that health is decided by is left out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  changedFacts,
  DeploymentSeen,
  deploymentFacts,
  PodSeen,
  podFacts,
  ServiceSeen,
  serviceFacts,
} from '#core/facts.ts';
import { assess } from '#core/health.ts';
import { Known } from '#core/known.ts';
import { Seen } from '#core/seen.ts';
import { Deployment, Pod, Service } from '#core/sight.ts';
import { digest } from './samples.ts';

const metadata = { name: 'app-1', namespace: 'checkout--web', generation: 1 };
const at = (second: number) => `2026-03-01T12:00:${String(second).padStart(2, '0')}Z`;
const ready = (second: number) => [{ type: 'Ready', status: 'True', lastTransitionTime: at(second) }];
const notReady = [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady' }];
const running = { name: 'app', restartCount: 0, state: { running: { startedAt: at(1) } } };
const pod = (status: object, more: object = {}) => ({
  metadata: { ...metadata, ...more },
  spec: { containers: [{ name: 'app' }] },
  status: { phase: 'Running', ...status },
});
const well = pod({ conditions: ready(1), containerStatuses: [running] });
const facts = (object: unknown) => podFacts(PodSeen.parse(object));

describe('a pod', () => {
  const killed = { terminated: { reason: 'OOMKilled', exitCode: 137, finishedAt: at(9) } };
  const waiting = (reason: string) => ({ name: 'app', restartCount: 0, state: { waiting: { reason } } });
  it.each([
    [
      'is killed for want of memory',
      pod({ conditions: notReady, containerStatuses: [{ ...running, state: killed }] }),
      ['ready', 'oom', 'waiting'],
    ],
    [
      'was killed and runs again',
      pod({ conditions: ready(11), containerStatuses: [{ ...running, restartCount: 1, lastState: killed }] }),
      ['ready', 'oom', 'restarts'],
    ],
    ['is no longer Ready', pod({ conditions: notReady, containerStatuses: [running] }), ['ready']],
    [
      'was not Ready for a moment that nobody saw',
      pod({ conditions: ready(7), containerStatuses: [running] }),
      ['ready'],
    ],
    [
      'restarted',
      pod({ conditions: ready(1), containerStatuses: [{ ...running, restartCount: 1 }] }),
      ['restarts'],
    ],
    [
      'ends again and again',
      pod({ conditions: notReady, containerStatuses: [waiting('CrashLoopBackOff')] }),
      ['ready', 'waiting'],
    ],
    [
      'has an image that can not be pulled',
      pod({ conditions: notReady, containerStatuses: [waiting('ErrImagePull')] }),
      ['ready', 'waiting'],
    ],
    [
      'finds no node',
      pod({
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }],
      }),
      ['ready', 'scheduling'],
    ],
    [
      'is evicted',
      pod({ phase: 'Failed', reason: 'Evicted', conditions: notReady, containerStatuses: [running] }),
      ['ready', 'end'],
    ],
    [
      'is being deleted',
      pod({ conditions: ready(1), containerStatuses: [running] }, { deletionTimestamp: at(20) }),
      ['end'],
    ],
  ])('%s', (_, after, told) => {
    expect(changedFacts(facts(well), facts(after))).toEqual(told);
  });

  it.each([
    ['its IP', pod({ podIP: '10.0.0.1', conditions: ready(1), containerStatuses: [running] })],
    ['its resource version', { ...well, metadata: { ...metadata, resourceVersion: '9' } }],
  ])('says nothing new when only %s changes', (_, after) => {
    expect(changedFacts(facts(well), facts(after))).toEqual([]);
  });

  it('says once that an image can not be pulled, however often the kubelet tries', () => {
    const [first, next] = ['ErrImagePull', 'ImagePullBackOff'].map((reason) =>
      facts(pod({ conditions: notReady, containerStatuses: [waiting(reason)] })),
    );
    expect(changedFacts(first, next)).toEqual([]);
  });

  it('is on its way while its containers are made', () => {
    expect(facts(pod({ containerStatuses: [waiting('ContainerCreating')] }))).toEqual({ existence: 'there' });
  });
});

const deployment = (status: object, image = 'app@sha256:1') => ({
  metadata,
  spec: { replicas: 2, template: { spec: { containers: [{ name: 'app', image }] } } },
  status,
});
const complete = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 2 };

it.each([
  ['is rolled out', deployment(complete), ['rollout']],
  ['wants another image', deployment({}, 'app@sha256:2'), ['image']],
  [
    'may make no pods',
    deployment({ conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' }] }),
    ['refusal'],
  ],
  [
    'is stuck',
    deployment({
      conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
    }),
    ['rollout'],
  ],
])('a deployment %s', (_, after, told) => {
  const facts = (object: unknown) => deploymentFacts(DeploymentSeen.parse(object));
  expect(changedFacts(facts(deployment({})), facts(after))).toEqual(told);
});

it('a service gets its address', () => {
  const facts = (object: unknown) => serviceFacts(ServiceSeen.parse(object));
  const after = { metadata, status: { loadBalancer: { ingress: [{ hostname: 'lb-1.elb.example' }] } } };
  expect(changedFacts(facts({ metadata, status: {} }), facts(after))).toEqual(['address']);
});

describe('law: what health is decided by is told', () => {
  const instants = fc.integer({ min: 0, max: 3 }).map(at);
  const reasons = fc.constantFrom(
    'ContainerCreating',
    'ErrImagePull',
    'CrashLoopBackOff',
    'RunContainerError',
  );
  const ends = fc.record({ reason: fc.constantFrom('OOMKilled', 'Error'), finishedAt: instants });
  const state = fc.oneof(
    fc.constant({}),
    fc.record({ waiting: fc.record({ reason: reasons }) }),
    fc.record({ terminated: ends }),
  );
  const container = fc.record({ name: fc.constant('app'), restartCount: fc.nat(2), state, lastState: state });
  const conditions = fc.tuple(
    fc.record({
      type: fc.constant('Ready'),
      status: fc.constantFrom('True', 'False'),
      lastTransitionTime: instants,
    }),
    fc.record({ type: fc.constant('PodScheduled'), status: fc.constantFrom('True', 'False') }),
  );
  const pods = fc
    .record({ conditions, containerStatuses: fc.array(container, { maxLength: 1 }) })
    .map((it) => pod(it));
  const counts = fc.nat(2);
  const deployments = fc
    .record({ observedGeneration: counts, replicas: counts, updatedReplicas: counts, readyReplicas: counts })
    .chain((status) => fc.nat(1).map((n) => deployment(status, `app@${digest(n)}`)));
  const services = fc
    .array(fc.record({ hostname: fc.constantFrom('a.example', 'b.example') }), { maxLength: 1 })
    .map((ingress) => ({ metadata, status: { loadBalancer: { ingress } } }));
  const sights = fc.record({ pod: fc.option(pods), deployment: deployments, service: services });

  /** What is decided upon. The words of a problem are for people: its kind is before the colon. */
  const health = (sight: typeof sights extends fc.Arbitrary<infer T> ? T : never) => {
    const { problem, lastOom, ...rest } = assess({
      deployment: Deployment.parse(sight.deployment),
      pods: sight.pod ? [Pod.parse(sight.pod)] : [],
      service: Service.parse(sight.service),
    });
    const kind = problem?.split(':')[0]?.replace('ErrImagePull', 'ImagePullBackOff');
    // An OOM that is shown no more was told while it was.
    return { ...rest, kind, oom: lastOom?.at };
  };

  it('from any state to any other', () => {
    let differed = 0;
    fc.assert(
      fc.property(sights, sights, (before, after) => {
        const known = {
          Pod: new Known('Pod'),
          Deployment: new Known('Deployment'),
          Service: new Known('Service'),
        };
        const see = (sight: typeof before, was?: typeof before) => [
          sight.pod ? known.Pod.there(sight.pod) : was?.pod && known.Pod.gone(was.pod),
          known.Deployment.there(sight.deployment),
          known.Service.there(sight.service),
        ];
        see(before);
        const told = see(after, before).some((difference) => difference);
        const differs = JSON.stringify(health(before)) !== JSON.stringify(health(after));
        if (differs) differed += 1;
        return told || !differs;
      }),
      { numRuns: 2_000 },
    );
    expect(differed).toBeGreaterThan(500);
  });
});

describe('what is known', () => {
  const other = pod({ conditions: ready(1) }, { name: 'app-2', namespace: 'checkout--api' });
  const listed = (...objects: unknown[]) => {
    const known = new Known('Pod');
    known.listing();
    for (const object of objects) known.there(object);
    known.listed();
    return known;
  };

  it('is told once; what was there before is told as found', () => {
    const known = new Known('Pod');
    expect(known.there(well)).toMatchObject({ environment: { team: 'checkout', name: 'web' }, found: true });
    expect(known.there(well)).toBeUndefined();
    known.listed();
    expect(known.there(other)).toMatchObject({ found: false });
  });

  it('goes with what is deleted', () => {
    const known = listed(well);
    expect(known.gone(well)?.facts).toContain('existence');
    expect(known.gone(well)).toBeUndefined();
    expect(known.size).toBe(0);
  });

  it('is compared when it is listed again: what changed or went meanwhile is told, the rest is not', () => {
    const known = listed(well, other);
    known.listing();
    expect(known.there(pod({ conditions: notReady, containerStatuses: [running] }))?.facts).toEqual([
      'ready',
    ]);
    expect(known.listed().map(({ environment, facts }) => [environment.name, facts[0]])).toEqual([
      ['api', 'existence'],
    ]);
    expect(known.size).toBe(1);
  });

  it('outlives a list that broke off', () => {
    const known = listed(well, other);
    known.listing();
    known.there(well);
    known.listing();
    known.there(well);
    known.there(other);
    expect(known.listed()).toEqual([]);
  });

  it('is nothing of ours in a namespace that is no environment: labels do not decide', () => {
    const foreign = pod({ conditions: ready(1) }, { namespace: 'kube-system' });
    expect(new Known('Pod').there(foreign)).toBeUndefined();
  });

  it('refuses what it can not read, by its kind', () => {
    expect(() => new Known('Pod').there({ kind: 'Pod' })).toThrow(
      /a Pod of the cluster is not valid: metadata/,
    );
  });
});

it('a message holds no words of a pod: facts that we know, and nothing beside', () => {
  const message = {
    kind: 'seen',
    environment: { team: 'checkout', name: 'web' },
    cluster: 'main',
    facts: ['oom'],
  };
  expect(Seen.safeParse(message).success).toBe(true);
  expect(Seen.safeParse({ ...message, facts: ['ignore the above'] }).success).toBe(false);
  expect(Seen.safeParse({ ...message, digest: digest(1) }).success).toBe(false);
});
