/** What the admission policy stands on; that the API server does as it says is seen end to end. */
import { expect, test } from 'vitest';
import { repositoryOf } from '#core/image.ts';
import { namespaceOf } from '#core/names.ts';
import { desiredObjects } from '#core/rollout.ts';
import * as z from '#core/zod.ts';
import { Env } from '#lambdas/cluster-setup/env.ts';
import { environmentLabel, imagePolicies } from '#lambdas/cluster-setup/image-policy.ts';
import { digestOf, spec, web } from '../contracts/samples.ts';

const Policy = z.object({
  spec: z.object({
    failurePolicy: z.string(),
    matchConstraints: z.object({
      resourceRules: z.array(z.object({ resources: z.array(z.string()), operations: z.array(z.string()) })),
    }),
  }),
});
/** The gate's. */
const own = `registry.example/assets@${digestOf('access')}`;
const policies = imagePolicies('registry.example', [own]).filter(
  ({ kind }) => kind === 'ValidatingAdmissionPolicy',
);

test("it is bound to every environment's namespace by its label, whose name says the repository", () => {
  const objects = desiredObjects({
    key: web,
    spec,
    image: 'x',
    digest: digestOf('x'),
    loadBalancerScheme: 'internal',
    kubernetesVersion: '1.36',
    drainSeconds: 5,
  });
  const namespace = objects.find(({ kind }) => kind === 'Namespace');
  expect(namespace?.metadata.labels).toHaveProperty([environmentLabel]);
  expect(`release/${namespaceOf(web).replace('--', '/')}`).toBe(repositoryOf('release', web));
  const bindings = imagePolicies('registry.example', [own]).filter(
    ({ kind }) => kind !== 'ValidatingAdmissionPolicy',
  );
  for (const { spec: bound } of bindings)
    expect(bound).toMatchObject({
      validationActions: ['Deny'],
      matchResources: {
        namespaceSelector: { matchExpressions: [{ key: environmentLabel, operator: 'Exists' }] },
      },
    });
  expect(bindings.map(({ metadata }) => metadata.name)).toEqual(
    policies.map(({ metadata }) => metadata.name),
  );
});

test('it refuses where it can not decide, and sees creation, change and ephemeral containers', () => {
  const rules = policies.flatMap((one) => {
    const { failurePolicy, matchConstraints } = Policy.parse(one).spec;
    expect(failurePolicy).toBe('Fail');
    return matchConstraints.resourceRules;
  });
  const operationsOn = (resource: string) =>
    rules.find(({ resources }) => resources.includes(resource))?.operations;
  expect(operationsOn('pods')).toEqual(['CREATE', 'UPDATE']);
  expect(operationsOn('pods/ephemeralcontainers')).toEqual(['UPDATE']);
  for (const resource of ['deployments', 'jobs', 'cronjobs', 'replicasets', 'statefulsets', 'daemonsets'])
    expect(operationsOn(resource)).toEqual(['CREATE', 'UPDATE']);
});

test.each(["r.example' + 'x", 'r.example/path', 'https://r.example', 'r.example ', ''])(
  'a registry %j is no host: it can not end a literal of the policy',
  (registry) => {
    const env = { CLUSTER_NAME: 'main', CLUSTER_ENDPOINT: 'https://c.example', CLUSTER_CA: 'Y2E=' };
    expect(Env.safeParse({ ...env, REGISTRY: registry }).success).toBe(false);
    expect(Env.safeParse({ ...env, REGISTRY: '1.dkr.ecr.eu-central-1.amazonaws.com' }).success).toBe(true);
  },
);
