/** The rights in a cluster of who keeps the slots of data jobs: what its client asks for, where, and nothing beside it. */
import { expect, test } from 'vitest';
import { jobKind, pathOf } from '#adapters/kubernetes/kinds.ts';
import { priorities, priorityClassOf } from '#core/jobs/priority.ts';
import { houseObjects, slotJob } from '#core/jobs/slot-objects.ts';
import * as z from '#core/zod.ts';
import { slotKeepersGroup } from '#lambdas/cluster-setup/env.ts';
import { jobImagePolicies, jobLabel } from '#lambdas/cluster-setup/image-policy.ts';
import { namespacePolicy } from '#lambdas/cluster-setup/namespace-policy.ts';
import { clusterObjects } from '#lambdas/cluster-setup/roles.ts';
import { slotKeeperRoles } from '#lambdas/cluster-setup/slot-keepers.ts';
import { digestOf } from '../contracts/samples.ts';
import { place, wantedSlots } from '../core/jobs/slot-samples.ts';

const Rules = z.object({
  rules: z.array(
    z.strictObject({
      apiGroups: z.tuple([z.string()]),
      resources: z.array(z.string()),
      verbs: z.array(z.string()),
    }),
  ),
});
const given = Rules.parse(slotKeeperRoles[0]).rules.flatMap(({ apiGroups: [group], resources, verbs }) =>
  resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
);
/** `group/resource` of what is applied or made. */
const resourceOf = (object: Parameters<typeof pathOf>[0]): string => {
  const group = object.apiVersion.includes('/') ? object.apiVersion.split('/')[0] : '';
  return `${group}/${pathOf(object).split('/').at(-2)}`;
};
const house = houseObjects(wantedSlots(), place);

test('it may do what its client does, and nothing else', () => {
  const applied = new Set(house.map(resourceOf));
  const expected = [
    ...[...applied].flatMap((resource) => [`create ${resource}`, `patch ${resource}`]),
    'get /namespaces',
    'delete /namespaces',
    ...['list', 'create', 'delete'].map(
      (verb) => `${verb} ${resourceOf(slotJob(wantedSlots(), place, 0, 0))}`,
    ),
    'list /pods',
    'list metrics.k8s.io/pods',
  ];
  expect(given.sort()).toEqual(expected.sort());
  expect(jobKind.resource).toBe('jobs');
});

test('each class of priority that a job may have is in the cluster: below environments, and room is made for it', () => {
  const Classes = z.object({ metadata: z.object({ name: z.string() }), value: z.int() });
  const found = clusterObjects.filter(({ kind }) => kind === 'PriorityClass').map((it) => Classes.parse(it));
  expect(found.map(({ metadata }) => metadata.name)).toEqual(priorities.map(priorityClassOf));
  // Environments have none, which is 0; below -10 the Cluster Autoscaler makes no room.
  for (const { value } of found) expect(value > -10 && value < 0).toBe(true);
  expect(found.map(({ value }) => value)).toEqual(found.map(({ value }) => value).toSorted((a, b) => a - b));
});

test('it is bound to the group of its access entry alone, and comes with the roles of the cluster', () => {
  expect(slotKeeperRoles[1]).toMatchObject({
    roleRef: { kind: 'ClusterRole', name: 'getschwifty-slot-keeper' },
    subjects: [{ kind: 'Group', name: slotKeepersGroup }],
  });
  for (const role of slotKeeperRoles) expect(clusterObjects).toContain(role);
});

const Policy = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    failurePolicy: z.literal('Fail'),
    matchConstraints: z.object({
      resourceRules: z.array(
        z.object({
          apiGroups: z.array(z.string()),
          resources: z.array(z.string()),
          operations: z.array(z.string()),
        }),
      ),
    }),
    matchConditions: z.optional(z.array(z.object({ expression: z.string() }))),
  }),
});
const isPolicy = ({ kind }: { readonly kind: string }) => kind === 'ValidatingAdmissionPolicy';

test('all that it writes is held to the namespaces of jobs', () => {
  const policies = namespacePolicy
    .filter(isPolicy)
    .map((policy) => Policy.parse(policy))
    .filter(({ spec }) =>
      spec.matchConditions?.some(({ expression }) => expression.includes(slotKeepersGroup)),
    );
  const held = policies.flatMap(({ spec }) =>
    spec.matchConstraints.resourceRules.flatMap(({ apiGroups, resources, operations }) => {
      expect(operations).toEqual(['CREATE', 'UPDATE', 'DELETE']);
      return resources.map((resource) => `${apiGroups[0]}/${resource}`);
    }),
  );
  const written = given.flatMap((right) => {
    const [verb, resource = ''] = right.split(' ');
    return verb === 'get' || verb === 'list' ? [] : [resource];
  });
  expect(held.sort()).toEqual([...new Set(written)].sort());
});

test("images are judged by the label that the job's namespace has, by the name that it says and the team beside it", () => {
  const worker = `r.example/assets@${digestOf('worker')}`;
  const objects = jobImagePolicies('r.example', [worker]);
  const { labels } = house.find(({ kind }) => kind === 'Namespace')?.metadata ?? {};
  expect(labels).toMatchObject({ [jobLabel]: wantedSlots().name, 'getschwifty.dev/team': 'checkout' });
  expect(labels).not.toHaveProperty(['getschwifty.dev/environment']);
  const policies = objects.filter(isPolicy);
  expect(policies.map((policy) => Policy.parse(policy).metadata.name)).toEqual([
    'getschwifty-job-images',
    'getschwifty-job-images-in-templates',
    'getschwifty-job-images-in-schedules',
  ]);
  for (const policy of policies) {
    expect(JSON.stringify(policy)).toContain(worker);
    expect(JSON.stringify(policy)).toContain("namespaceObject.metadata.labels['getschwifty.dev/team']");
  }
  for (const binding of objects.filter((object) => !isPolicy(object)))
    expect(binding).toMatchObject({
      spec: {
        validationActions: ['Deny'],
        matchResources: { namespaceSelector: { matchExpressions: [{ key: jobLabel, operator: 'Exists' }] } },
      },
    });
});
