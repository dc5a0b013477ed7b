/** What is to be done next for another size, by what the cluster shows. */
import { expect, it } from 'vitest';
import { LiveObject } from '#core/drift.ts';
import { isResize, resizeOf } from '#core/resize.ts';
import { desiredObjects } from '#core/rollout.ts';
import { Pod } from '#core/sight.ts';
import { Spec } from '#core/spec.ts';
import { digest, key, spec } from './samples.ts';

const deploymentOf = (memoryMiB: number, parts: object = {}) => {
  const found = desiredObjects({
    key,
    spec: Spec.parse({ ...spec, resources: { cpu: 0.5, memoryMiB }, ...parts }),
    image: `r.example/release/checkout/web@${digest(1)}`,
    digest: digest(1),
    loadBalancerScheme: 'internal',
    kubernetesVersion: '1.36',
    drainSeconds: 5,
  }).find(({ kind }) => kind === 'Deployment');
  if (!found) throw new Error('there is no Deployment');
  return found;
};
const sizeOf = (memory: string) => ({ requests: { cpu: '500m', memory }, limits: { memory } });
const live = (memoryMiB: number, managers: string[] = []): LiveObject => {
  const object = LiveObject.parse(structuredClone(deploymentOf(memoryMiB)));
  object.metadata.managedFields = managers.map((manager) => ({ manager }));
  return object;
};
const pod = (asks: string, has = asks, condition?: object) =>
  Pod.parse({
    metadata: { name: `app-${asks}`, generation: 2 },
    spec: { containers: [{ name: 'app', resources: sizeOf(asks) }] },
    status: {
      observedGeneration: 2,
      conditions: condition ? [{ status: 'True', ...condition }] : [],
      containerStatuses: [{ name: 'app', resources: sizeOf(has) }],
    },
  });
const setOf = (memory: string, replicas = 1, name = 'app-1') =>
  LiveObject.parse({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name },
    spec: { replicas, template: { spec: { containers: [{ name: 'app', resources: sizeOf(memory) }] } } },
  });
const asked = { key, wanted: deploymentOf(512), live: live(256), deploying: true };
const held = { ...asked, live: live(256, ['getschwifty-resize']) };
const sets = { offered: true, replicaSets: [setOf('256Mi'), setOf('64Mi', 0, 'app-0')] };

it('it is one where nothing but the size differs, while a person waits for it', () => {
  expect(isResize(asked)).toBe(true);
  expect(isResize({ ...asked, deploying: false })).toBe(false);
  expect(isResize({ ...asked, live: live(512) })).toBe(false);
  expect(isResize({ ...asked, wanted: deploymentOf(512, { readyWithinSeconds: 60 }) })).toBe(false);
});

it.each([
  ['a pod of another size is resized', asked, [pod('256Mi')], sets, { step: 'resize', pods: ['app-256Mi'] }],
  ['what is under way is waited for', asked, [pod('512Mi', '256Mi')], sets, { step: 'wait' }],
  [
    'a pod that has not begun begins with what it asks for',
    asked,
    [Pod.parse({ ...pod('512Mi'), status: { containerStatuses: [{ name: 'app' }] } })],
    sets,
    { step: 'prepare' },
  ],
  [
    'what the kubelet works at too',
    asked,
    [pod('512Mi', '512Mi', { type: 'PodResizeInProgress' })],
    sets,
    { step: 'wait' },
  ],
  [
    'then its ReplicaSet is made so',
    asked,
    [pod('512Mi')],
    sets,
    {
      step: 'prepare',
      replicaSet: {
        metadata: { name: 'app-1' },
        spec: { template: { spec: { containers: [{ resources: sizeOf('512Mi') }] } } },
      },
    },
  ],
  [
    'and the Deployment, once its ReplicaSet is',
    held,
    [pod('512Mi')],
    { ...sets, replicaSets: [setOf('512Mi')] },
    { step: 'settle' },
  ],
  [
    'a pod that came meanwhile is resized first',
    held,
    [pod('512Mi'), pod('256Mi')],
    { ...sets, replicaSets: [setOf('512Mi')] },
    { step: 'resize', pods: ['app-256Mi'] },
  ],
  [
    'a node without room: a rollout, after what was prepared is put back',
    held,
    [pod('512Mi', '256Mi', { type: 'PodResizePending', reason: 'Deferred', message: 'no room' })],
    { ...sets, replicaSets: [setOf('512Mi')] },
    {
      step: 'roll-out',
      why: "the pod can't have it where it is (Deferred: no room)",
      restore: [{ spec: { template: { spec: { containers: [{ resources: sizeOf('256Mi') }] } } } }],
    },
  ],
  [
    'a size that cannot be brought about',
    asked,
    [pod('512Mi', '256Mi', { type: 'PodResizeInProgress', reason: 'Error', message: 'it uses more' })],
    sets,
    { step: 'roll-out', restore: [] },
  ],
  [
    'two ReplicaSets with pods: a rollout is under way',
    asked,
    [pod('256Mi')],
    { ...sets, replicaSets: [setOf('256Mi'), setOf('128Mi', 1, 'app-2')] },
    { step: 'roll-out', why: 'another rollout is under way' },
  ],
  [
    'an older cluster',
    asked,
    [pod('256Mi')],
    { ...sets, offered: false },
    { step: 'roll-out', why: 'the cluster does not resize pods that run' },
  ],
  [
    'settled, and crashed before it was let go',
    { ...held, live: live(512, ['getschwifty-resize']) },
    [pod('512Mi')],
    { ...sets, replicaSets: [setOf('512Mi')] },
    { step: 'settle' },
  ],
  ['nothing to do', { ...asked, live: live(512) }, [pod('512Mi')], sets, { step: 'none' }],
] as const)('%s', (_, given, pods, sight, step) => {
  expect(resizeOf(given, pods, sight)).toMatchObject(step);
});
