/** What of a live object is ours and differs, and what is somebody else's and stays. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeApplied } from '#adapters/memory/server-side-apply.ts';
import { LiveObject, planOf } from '#core/drift.ts';
import { desiredObjects } from '#core/rollout.ts';
import { Spec } from '#core/spec.ts';
import { digest, key, spec } from './samples.ts';

const desired = (parts: object = {}) =>
  desiredObjects({
    key,
    spec: Spec.parse({ ...spec, replicas: 2, ...parts }),
    image: `r.example/release/checkout/web@${digest(1)}`,
    digest: digest(1),
    loadBalancerScheme: 'internal',
    kubernetesVersion: '1.36',
    drainSeconds: 5,
  });
const managedFields = [{ manager: 'getschwifty' }, { manager: 'kube-controller-manager' }];
/** As the cluster has them: with what its defaults and controllers add. */
const live = (): LiveObject[] =>
  desired().map((object) =>
    LiveObject.parse({
      ...structuredClone(object),
      metadata: { ...structuredClone(object.metadata), uid: `uid-${object.kind}`, managedFields },
      status: { anything: 1 },
    }),
  );

type Changes = Readonly<Record<string, unknown>>;
/** The live objects with fields set by their paths: `kind/name` → path → value. */
function changed(id: string, changes: Changes): LiveObject[] {
  return live().map((object) => {
    if (`${object.kind}/${object.metadata.name}` !== id) return object;
    for (const [path, value] of Object.entries(changes)) set(object, path.split('/'), value);
    return object;
  });
}
function set(target: unknown, [name = '', ...rest]: string[], value: unknown): void {
  if (typeof target !== 'object' || target === null) throw new Error(`nothing to set ${name} in`);
  if (rest.length > 0) set(Reflect.get(target, name), rest, value);
  else if (value === undefined) Reflect.deleteProperty(target, name);
  else Reflect.set(target, name, structuredClone(value));
}
const found = (id: string, changes: Changes) => planOf(desired(), changed(id, changes));
const inContainer = 'spec/template/spec/containers/0';

it('nothing there: all is applied, in its order', () => {
  const plan = planOf(desired(), []);
  expect(plan.apply).toEqual(desired());
  expect(plan.remove).toEqual([]);
  expect(plan.differences[0]).toBe('Namespace checkout--web (it is missing)');
});

it('all there: nothing is done', () => {
  expect(planOf(desired(), live())).toEqual({ apply: [], remove: [], differences: [] });
});

describe('is ours, and put back', () => {
  it.each<[string, string, Changes, string]>([
    [
      'an image',
      'Deployment/app',
      { [`${inContainer}/image`]: 'evil' },
      'spec.template.spec.containers.app.image',
    ],
    [
      'a limit',
      'Deployment/app',
      { [`${inContainer}/resources/limits/memory`]: '9Gi' },
      'spec.template.spec.containers.app.resources.limits.memory',
    ],
    [
      'a probe that is gone',
      'Deployment/app',
      { [`${inContainer}/readinessProbe`]: undefined },
      'spec.template.spec.containers.app.readinessProbe',
    ],
    [
      'a variable of ours',
      'Deployment/app',
      { [`${inContainer}/env`]: [{ name: 'PORT', value: '1' }] },
      'spec.template.spec.containers.app.env.PORT.value',
    ],
    [
      'a capability',
      'Deployment/app',
      { [`${inContainer}/securityContext/capabilities/drop`]: ['ALL', 'X'] },
      'spec.template.spec.containers.app.securityContext.capabilities.drop',
    ],
    [
      'the enforced standard',
      'Namespace/checkout--web',
      { 'metadata/labels': {} },
      'metadata.labels.app.kubernetes.io/name',
    ],
    ['a quota', 'ResourceQuota/app', { 'spec/hard/pods': '100' }, 'spec.hard.pods'],
    ['a policy that is opened', 'NetworkPolicy/default-deny', { 'spec/egress': [{}] }, 'spec.egress'],
    [
      'a policy that selects less',
      'NetworkPolicy/default-deny',
      { 'spec/podSelector': { matchLabels: { a: 'b' } } },
      'spec.podSelector',
    ],
    [
      'a peer that is added',
      'NetworkPolicy/serve',
      { 'spec/ingress/0/from/9': { ipBlock: { cidr: '0.0.0.0/0' } } },
      'spec.ingress',
    ],
    [
      'a port that is widened',
      'NetworkPolicy/serve',
      { 'spec/ingress/0/ports/0/endPort': 65535 },
      'spec.ingress',
    ],
    [
      'the ends of the autoscaler',
      'HorizontalPodAutoscaler/app',
      { 'spec/maxReplicas': 50 },
      'spec.maxReplicas',
    ],
    ['a selector', 'Service/app', { 'spec/selector/more': 'x' }, 'spec.selector'],
    ['a Service’s port', 'Service/app', { 'spec/ports/0/targetPort': 22 }, 'spec.ports.http.targetPort'],
  ])('%s', (_, id, changes, path) => {
    const plan = found(id, changes);
    expect(plan.differences).toEqual([`${id.replace('/', ' ')} (${path})`]);
    expect(plan.apply.map(({ kind }) => kind)).toEqual([id.split('/')[0]]);
    expect(plan.remove).toEqual([]);
  });
  it('an object that is gone', () => {
    const plan = planOf(
      desired(),
      live().filter(({ kind }) => kind !== 'LimitRange'),
    );
    expect(plan.differences).toEqual(['LimitRange app (it is missing)']);
  });
});

describe('is somebody else’s, and left', () => {
  it.each<[string, string, Changes]>([
    ['replicas, of the autoscaler', 'Deployment/app', { 'spec/replicas': 5 }],
    ['an annotation', 'Deployment/app', { 'metadata/annotations/someone.example': 'note' }],
    [
      'what a restart leaves',
      'Deployment/app',
      { 'spec/template/metadata/annotations': { 'kubectl.kubernetes.io/restartedAt': 'now' } },
    ],
    ['a variable', 'Deployment/app', { [`${inContainer}/env/1`]: { name: 'DEBUG', value: '1' } }],
    [
      'a container beside ours',
      'Deployment/app',
      { 'spec/template/spec/containers/1': { name: 'sidecar', image: 'x' } },
    ],
    ['a label', 'Namespace/checkout--web', { 'metadata/labels/cost': 'x' }],
    ['a further limit of the quota', 'ResourceQuota/app', { 'spec/hard/secrets': '5' }],
    ['a node port', 'Service/app', { 'spec/ports/0/nodePort': 30001, 'spec/clusterIP': '10.96.1.1' }],
    ['a default', 'Deployment/app', { 'spec/template/spec/dnsPolicy': 'ClusterFirst' }],
  ])('%s', (_, id, changes) => {
    expect(found(id, changes)).toEqual({ apply: [], remove: [], differences: [] });
  });
});

describe('is no longer wanted', () => {
  const one = desired({ replicas: 1 });
  it('and removed, where it is ours', () => {
    const plan = planOf(one, live());
    expect(plan.remove.map(({ kind }) => kind)).toEqual(['PodDisruptionBudget']);
    expect(plan.differences).toContain('PodDisruptionBudget app (no longer wanted)');
  });
  it.each<[string, Changes]>([
    ['without our label', { 'metadata/labels': {} }],
    ['that somebody else applied', { 'metadata/managedFields': [{ manager: 'kubectl' }] }],
    ['that is being removed', { 'metadata/deletionTimestamp': '2026-01-01T00:00:00Z' }],
  ])('but not one %s', (_, changes) => {
    expect(planOf(one, changed('PodDisruptionBudget/app', changes)).remove).toEqual([]);
  });
  it('and nothing but budgets and policies ever is', () => {
    const extra = LiveObject.parse({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'old', labels: { 'app.kubernetes.io/managed-by': 'getschwifty' }, managedFields },
    });
    expect(planOf(desired(), [...live(), extra]).remove).toEqual([]);
  });
});

it('whatever somebody changes, applying what differs leaves nothing that differs', () => {
  const leaf = fc.constantFrom<unknown>('x', 7, true, null, [], {}, [{ name: 'other' }], [{ a: 1 }]);
  const paths = desired().flatMap((object) =>
    pathsOf(object).map((path) => ({ kind: object.kind, name: object.metadata.name, path })),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...paths), leaf), { maxLength: 5 }), (edits) => {
      const objects = live();
      for (const [{ kind, name, path }, value] of edits) {
        const object = objects.find((one) => one.kind === kind && one.metadata.name === name);
        try {
          set(object, path, value);
        } catch {
          // An earlier edit took away what this one would change.
        }
      }
      const before = structuredClone(objects);
      const plan = planOf(desired(), objects);
      const applied = objects.map((object) => {
        const ours = plan.apply.find(
          (one) => one.kind === object.kind && one.metadata.name === object.metadata.name,
        );
        return ours ? LiveObject.parse({ ...object, ...asRecord(mergeApplied(object, ours)) }) : object;
      });
      expect(objects).toEqual(before);
      expect(planOf(desired(), applied).differences).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

const asRecord = (value: unknown): Record<string, unknown> => ({
  ...(typeof value === 'object' ? value : {}),
});

/** All paths below `spec` and `metadata.labels`. */
function pathsOf(object: unknown, path: string[] = []): string[][] {
  if (typeof object !== 'object' || object === null) return [];
  return Object.entries(object).flatMap(([name, value]) => {
    if (path.length === 0 && name !== 'spec') return [];
    return [[...path, name], ...pathsOf(value, [...path, name])];
  });
}
