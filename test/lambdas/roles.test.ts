/** The deployer's rights in a cluster: what its client asks for, verb by verb, and nothing beside it. */
import { expect, test } from 'vitest';
import { environmentKinds } from '#adapters/kubernetes/kinds.ts';
import { removableKinds } from '#core/drift.ts';
import { desiredObjects } from '#core/rollout.ts';
import { Spec } from '#core/spec.ts';
import * as z from '#core/zod.ts';
import { deployersGroup } from '#lambdas/cluster-setup/env.ts';
import { clusterObjects, clusterRoles } from '#lambdas/cluster-setup/roles.ts';
import { digestOf, spec, web } from '../contracts/samples.ts';

const Rule = z.strictObject({
  apiGroups: z.tuple([z.string()]),
  resources: z.tuple([z.string()]),
  verbs: z.array(z.string()),
});
const rules = z.object({ rules: z.array(Rule) }).parse(clusterRoles[0]).rules;
const given = rules.flatMap(({ apiGroups: [group], resources: [resource], verbs }) =>
  verbs.map((verb) => `${verb} ${group}/${resource}`),
);
const groupOf = (apiVersion: string) => (apiVersion.includes('/') ? apiVersion.split('/')[0] : '');

test('it may do what it does with each kind that an environment has, and look at pods', () => {
  const asked = [
    { apiVersion: 'v1', kind: 'Namespace', resource: 'namespaces' },
    ...environmentKinds,
  ].flatMap(({ apiVersion, kind, resource }) =>
    [
      'get',
      'list',
      'create',
      'patch',
      ...(removableKinds.includes(kind) || kind === 'Namespace' ? ['delete'] : []),
    ].map((verb) => `${verb} ${groupOf(apiVersion)}/${resource}`),
  );
  const snapshots = ['get', 'list', 'create', 'patch'].map(
    (verb) => `${verb} snapshot.storage.k8s.io/volumesnapshots`,
  );
  const contents = ['get', 'create', 'patch', 'delete'].map(
    (verb) => `${verb} snapshot.storage.k8s.io/volumesnapshotcontents`,
  );
  const resized = [
    'patch /pods/resize',
    ...['get', 'list', 'patch'].map((verb) => `${verb} apps/replicasets`),
  ];
  const looked = [
    'get /pods',
    'list /pods',
    'list /events',
    'create /secrets',
    'get snapshot.storage.k8s.io/volumesnapshotclasses',
  ];
  expect(given.sort()).toEqual([...asked, ...snapshots, ...contents, ...resized, ...looked].sort());
});

test('the kinds are those of the objects', () => {
  const objects = desiredObjects({
    key: web,
    spec: Spec.parse({
      ...spec,
      replicas: 2,
      volume: { sizeGiB: 1, access: 'ReadWriteMany' },
    }),
    storageClass: 'efs-sc',
    image: 'x',
    digest: digestOf('x'),
    loadBalancerScheme: 'internal',
    kubernetesVersion: '1.36',
    drainSeconds: 5,
    ssh: { image: 'x', url: 'http://10.96.0.10:8080', hostKeySecret: 'ssh-host-key-x' },
  });
  const kinds = new Set(objects.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`));
  kinds.delete('v1 Namespace');
  expect([...kinds].sort()).toEqual(
    environmentKinds.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`).sort(),
  );
});

test('nothing with which it could give itself more, or read a secret', () => {
  const text = given.join('\n');
  expect(text).not.toMatch(
    /\*|(?:get|list|watch|patch|update|delete) \/secrets|roles|rolebindings|serviceaccounts|pods\/(?!resize)|exec|escalate|impersonate|\bbind\b/,
  );
  expect(text).not.toMatch(/(?:create|patch|delete|update) \/pods$/m);
  expect(text).not.toMatch(/(?:create|delete|update) \/pods|(?:create|delete|update) apps\/replicasets/);
});

test('is bound to the group of its access entry alone, and network policies count', () => {
  expect(clusterRoles[1]).toMatchObject({
    kind: 'ClusterRoleBinding',
    roleRef: { kind: 'ClusterRole', name: 'getschwifty-deployer' },
    subjects: [{ kind: 'Group', name: deployersGroup }],
  });
  expect(clusterObjects).toContainEqual(
    expect.objectContaining({
      kind: 'ConfigMap',
      metadata: expect.objectContaining({ name: 'amazon-vpc-cni', namespace: 'kube-system' }),
      data: { 'enable-network-policy-controller': 'true' },
    }),
  );
});
