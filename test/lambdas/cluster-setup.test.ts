/** The custom resources' answers to CloudFormation, and what is applied for each; that it works is seen end to end. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Rejected, Retryable } from '#core/errors.ts';
import type { KubernetesObject } from '#core/rollout.ts';
import * as z from '#core/zod.ts';
import { accessEnvironment, accessObjects } from '#lambdas/cluster-setup/access.ts';
import { accessResource, jobsResource, rolesResource, watcherResource } from '#lambdas/cluster-setup/env.ts';
import { namespacePolicy } from '#lambdas/cluster-setup/namespace-policy.ts';
import { setUp } from '#lambdas/cluster-setup/setup.ts';
import { systemObjects } from '#lambdas/cluster-setup/system.ts';
import { environmentOf, watcherObjects } from '#lambdas/cluster-setup/watcher.ts';
import { Env as AccessEnv } from '../../access/service/env.ts';
import { Env } from '../../watcher/env.ts';
import { digestOf } from '../contracts/samples.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

test('the answer goes to the presigned URL without a content type, which may be signed as empty', async () => {
  vi.stubEnv('CLUSTER_NAME', 'main');
  vi.stubEnv('CLUSTER_ENDPOINT', 'https://127.0.0.1:1');
  vi.stubEnv('CLUSTER_CA', 'Y2E=');
  vi.stubEnv('REGISTRY', 'registry.example');
  const put = vi.fn(async (_url: string, _init: RequestInit) => new Response());
  vi.stubGlobal('fetch', put);
  const { handler } = await import('#lambdas/cluster-setup/handler.ts');
  const ids = { StackId: 'stack', RequestId: 'request', LogicalResourceId: 'Roles' };
  const ResourceType = rolesResource;
  await handler({
    RequestType: 'Delete',
    ResponseURL: 'https://answer.example/?signed',
    ...ids,
    ResourceType,
  });
  const [url, init] = put.mock.calls[0] ?? [];
  expect(url).toBe('https://answer.example/?signed');
  expect(init).toMatchObject({ method: 'PUT', headers: { 'content-type': '' } });
  expect(JSON.parse(String(init?.body))).toMatchObject({ Status: 'SUCCESS', ...ids });
});

const place = { clusterName: 'main', registry: '000000000000.dkr.ecr.us-east-1.amazonaws.com' };
const properties = {
  Image: `000000000000.dkr.ecr.us-east-1.amazonaws.com/assets@${digestOf('watcher')}`,
  QueueUrl: 'https://sqs.us-east-1.amazonaws.com/000000000000/sights',
  Region: 'us-east-1',
  Architecture: 'amd64',
} as const;
const accessProperties = {
  Image: `${place.registry}/assets@${digestOf('access')}`,
  TableName: 'table',
  Region: 'us-east-1',
  Architecture: 'amd64',
} as const;
const objects = watcherObjects('main', properties);
const one = (kind: string) => {
  const object = objects.find((it) => it.kind === kind);
  if (!object) throw new Error(`there is no ${kind}`);
  return object;
};

function cluster(failures: Error[] = []) {
  const done: string[] = [];
  const call = (verb: string) => async (all: readonly KubernetesObject[]) => {
    const failure = failures.shift();
    if (failure) throw failure;
    done.push(...all.map(({ kind, metadata }) => `${verb} ${kind} ${metadata.name}`));
  };
  const serviceAddress = async () => '10.96.0.10';
  return { done, client: { apply: call('apply'), remove: call('remove'), serviceAddress } };
}
const request = (
  ResourceType: string,
  RequestType: 'Create' | 'Update' | 'Delete',
  more: object = properties,
) => ({
  ResourceType,
  RequestType,
  ResourceProperties: { ...more },
});

describe('what is set up', () => {
  test('the roles and the policy of namespaces, for their resource; they stay when it goes', async () => {
    const { done, client } = cluster();
    await setUp(request(rolesResource, 'Create', {}), client, place, 0);
    expect(done).toEqual([
      'apply ClusterRole getschwifty-deployer',
      'apply ClusterRoleBinding getschwifty-deployer',
      'apply ClusterRole getschwifty-slot-keeper',
      'apply ClusterRoleBinding getschwifty-slot-keeper',
      ...['low', 'normal', 'high'].map((priority) => `apply PriorityClass getschwifty-job-${priority}`),
      'apply ConfigMap amazon-vpc-cni',
      'apply StorageClass getschwifty-gp3',
      ...namespacePolicy.map(({ kind, metadata }) => `apply ${kind} ${metadata.name}`),
    ]);
    const before = [...done];
    await setUp(request(rolesResource, 'Delete', {}), client, place, 0);
    expect(done).toEqual(before);
  });

  test('the watcher, namespace first; it goes in the opposite order', async () => {
    const { done, client } = cluster();
    await setUp(request(watcherResource, 'Update'), client, place, 0);
    expect(done.at(0)).toBe('apply Namespace getschwifty-system');
    expect(done.at(-1)).toBe('apply Deployment watcher');
    await setUp(request(watcherResource, 'Delete'), client, place, 0);
    const names = (verb: string) =>
      done.filter((it) => it.startsWith(verb)).map((it) => it.slice(verb.length));
    // The namespace is not the watcher's alone.
    expect(names('remove')).toEqual(names('apply').slice(systemObjects.length).reverse());
  });

  test('the access service with the policies, which know its image and the one before, and say where it is', async () => {
    const applied: KubernetesObject[] = [];
    const { client, done } = cluster();
    const seeing = {
      ...client,
      apply: async (all: readonly KubernetesObject[]) => void applied.push(...all),
    };
    const before = { ...accessProperties, Image: `${place.registry}/assets@${digestOf('before')}` };
    const update = { ...request(accessResource, 'Update', accessProperties), OldResourceProperties: before };
    expect(await setUp(update, seeing, place, 0)).toEqual({ Url: 'http://10.96.0.10:8080' });
    const policies = applied.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy');
    expect(policies).toHaveLength(3);
    for (const policy of policies) {
      const text = JSON.stringify(policy);
      expect(text).toContain(accessProperties.Image);
      expect(text).toContain(before.Image);
    }
    expect(applied.at(0)).toMatchObject({ kind: 'Namespace' });
    expect(applied.at(-1)).toMatchObject({ kind: 'Deployment', metadata: { name: 'access' } });
    expect(
      await setUp(request(accessResource, 'Delete', accessProperties), client, place, 0),
    ).toBeUndefined();
    expect(done.join()).not.toMatch(/Policy|Namespace|PriorityClass/);
    expect(done.at(0)).toBe('remove Deployment access');
  });

  test("the policy of what jobs run, which knows the worker's image and the one before, and stays when it goes", async () => {
    const applied: KubernetesObject[] = [];
    const { client } = cluster();
    const seeing = {
      ...client,
      apply: async (all: readonly KubernetesObject[]) => void applied.push(...all),
    };
    const [Image, Old] = ['worker', 'before'].map((text) => `${place.registry}/assets@${digestOf(text)}`);
    const update = { ...request(jobsResource, 'Update', { Image }), OldResourceProperties: { Image: Old } };
    await setUp(update, seeing, place, 0);
    const policies = applied.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy');
    expect(policies).toHaveLength(3);
    for (const policy of policies)
      for (const image of [Image, Old]) expect(JSON.stringify(policy)).toContain(image);
    const { length } = applied;
    await setUp(request(jobsResource, 'Delete', { Image }), seeing, place, 0);
    expect(applied).toHaveLength(length);
    const wrong = request(jobsResource, 'Create', { Image: `a', 'b@${digestOf('x')}` });
    await expect(setUp(wrong, seeing, place, 0)).rejects.toThrow(/properties of jobs/);
    expect(applied).toHaveLength(length);
  });

  test.each([
    ['a tag', { Image: 'assets:latest' }],
    ['what would end a literal of the policy', { Image: `a', 'b@${digestOf('x')}` }],
    ['no table', { TableName: '' }],
  ])('an access service of %s is refused before anything is applied', async (_, wrong) => {
    const { done, client } = cluster();
    const asked = request(accessResource, 'Create', { ...accessProperties, ...wrong });
    await expect(setUp(asked, client, place, 0)).rejects.toThrow(/properties of the access service/);
    expect(done).toEqual([]);
  });

  test('it is tried again while the access entry is not known yet', async () => {
    const { done, client } = cluster([new Retryable('(401)'), new Retryable('(403)')]);
    await setUp(request(watcherResource, 'Create'), client, place, 0);
    expect(done).toHaveLength(systemObjects.length + objects.length);
  });

  test('what can not work is said at once, and what does not come in time at last', async () => {
    const refused = cluster([new Rejected('(422): no such field')]);
    await expect(setUp(request(watcherResource, 'Create'), refused.client, place, 0)).rejects.toThrow(
      '(422)',
    );
    const away = cluster(Array.from({ length: 50 }, () => new Retryable('no answer')));
    await expect(setUp(request(watcherResource, 'Create'), away.client, place, 0)).rejects.toThrow(
      'no answer',
    );
  });

  test.each([
    ['a tag', { ...properties, Image: 'assets:latest' }, /Image: an image by its digest/],
    ['no queue', { ...properties, QueueUrl: '' }, /QueueUrl/],
  ])('%s is refused, and told by its field', async (_, more, message) => {
    const { done, client } = cluster();
    await expect(setUp(request(watcherResource, 'Create', more), client, place, 0)).rejects.toThrow(message);
    expect(done).toEqual([]);
  });

  test('a resource that it does not know is refused', async () => {
    await expect(setUp(request('Custom::Other', 'Create'), cluster().client, place, 0)).rejects.toThrow(
      'Cluster set-up makes no Custom::Other.',
    );
  });
});

describe('the watcher in its cluster', () => {
  test('may list and watch three kinds, and nothing else', () => {
    const { rules } = z
      .object({ rules: z.array(z.record(z.string(), z.array(z.string()))) })
      .parse(one('ClusterRole'));
    expect(rules).toEqual([
      { apiGroups: [''], resources: ['pods', 'services'], verbs: ['list', 'watch'] },
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['list', 'watch'] },
    ]);
  });

  test('is held to the restricted standard, in bounds, without a root, by its digest', () => {
    expect(systemObjects[0]?.metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'restricted',
    });
    expect(one('Deployment')).toMatchObject({
      spec: {
        replicas: 1,
        template: {
          spec: {
            securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
            containers: [
              {
                image: expect.stringMatching(/@sha256:[0-9a-f]{64}$/),
                resources: { limits: { memory: '128Mi' } },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ['ALL'] },
                },
              },
            ],
          },
        },
      },
    });
  });

  test('is given what it asks for, and no secret', () => {
    const given = environmentOf('main', properties.QueueUrl, properties.Region);
    const byKubernetes = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };
    expect(Env.safeParse({ ...given, ...byKubernetes }).error).toBeUndefined();
    expect(JSON.stringify(objects)).not.toMatch(/SECRET|AWS_ACCESS_KEY/);
  });
});

describe('the access service in its cluster', () => {
  const all = accessObjects('main', accessProperties);
  test('may ask whose a token is, and nothing else', () => {
    expect(all.find(({ kind }) => kind === 'ClusterRole')).toMatchObject({
      rules: [{ apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] }],
    });
    expect(all.filter(({ kind }) => kind.endsWith('RoleBinding'))).toHaveLength(1);
  });

  test('is given what it asks for, and no secret', () => {
    const byKubernetes = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };
    const given = accessEnvironment('table', 'us-east-1', 'main');
    expect(AccessEnv.safeParse({ ...given, ...byKubernetes }).error).toBeUndefined();
    expect(JSON.stringify(all)).not.toMatch(/SECRET|AWS_ACCESS_KEY/);
  });

  test('is held to the restricted standard, in bounds, by its digest, and not all of it goes at once', () => {
    const deployment = all.find(({ kind }) => kind === 'Deployment');
    expect(deployment).toMatchObject({
      spec: {
        replicas: 2,
        template: {
          spec: {
            securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
            containers: [
              {
                image: accessProperties.Image,
                resources: { limits: { memory: '160Mi' } },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ['ALL'] },
                },
              },
            ],
          },
        },
      },
    });
    expect(all).toContainEqual(expect.objectContaining({ kind: 'PodDisruptionBudget' }));
  });
});
