/** Who is given credentials and who is not; that IAM and Kubernetes agree is seen end to end. */
import { EKSClient } from '@aws-sdk/client-eks';
import { STSClient } from '@aws-sdk/client-sts';
import { afterEach, expect, test } from 'vitest';
import * as z from '#core/zod.ts';
import type { KubernetesApi } from '#local/kubernetes/api.ts';
import { podIdentityHandler } from '#local/kubernetes/pod-identity.ts';
import { type Asked, awsEndpoint } from '../../adapters/aws-endpoint.ts';

let close: (() => Promise<void>) | undefined;
afterEach(() => close?.());

const audience = 'pods.eks.amazonaws.com';
const authenticated = {
  authenticated: true,
  audiences: [audience],
  user: {
    username: 'system:serviceaccount:getschwifty-system:watcher',
    extra: {
      'authentication.kubernetes.io/pod-name': ['watcher-1'],
      'authentication.kubernetes.io/pod-uid': ['uid-1'],
    },
  },
};
const arn = 'arn:aws:eks:us-east-1:000000000000:podidentityassociation/main/a-1';
const roleArn = 'arn:aws:iam::000000000000:role/watcher';
const sessionXml = `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId>
<SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken>
<Expiration>2026-03-01T13:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;

async function agent(
  status: object | undefined,
  associations: readonly object[] = [{ associationId: 'a-1' }],
) {
  const server = await awsEndpoint(({ path, method }) => {
    if (method === 'POST' && path === '/')
      return { headers: { 'content-type': 'text/xml' }, body: sessionXml };
    const one = { associationArn: arn, associationId: 'a-1', roleArn };
    return { body: JSON.stringify(path.includes('/a-1') ? { association: one } : { associations }) };
  });
  close = server.close;
  const reviewed: unknown[] = [];
  const api: Pick<KubernetesApi, 'post'> = {
    post: async (_, body, schema) => {
      reviewed.push(body);
      return schema.parse({ status });
    },
  };
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
  const sdk = { endpoint: server.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 };
  const handler = podIdentityHandler({
    api: () => (status === undefined ? undefined : api),
    eks: new EKSClient(sdk),
    sts: new STSClient(sdk),
    clusterName: 'main',
    log: () => undefined,
  });
  const ask = (authorization = 'token') =>
    handler(new Request('http://169.254.170.23/v1/credentials', { headers: { authorization } }));
  return { ask, asked: server.asked, reviewed };
}
const assumed = (asked: readonly Asked[]) =>
  new URLSearchParams(asked.find(({ body }) => body.includes('Action=AssumeRole'))?.body);

test('a pod gets a session of its role, tagged as EKS tags it', async () => {
  const { ask, asked, reviewed } = await agent(authenticated);
  const answer = await ask();
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({
    AccessKeyId: 'ASIA1',
    SecretAccessKey: 'secret',
    Token: 'session',
    Expiration: '2026-03-01T13:00:00.000Z',
  });
  expect(reviewed).toMatchObject([{ spec: { token: 'token', audiences: [audience] } }]);
  const request = assumed(asked);
  expect(request.get('RoleArn')).toBe(roleArn);
  const tags = [...request]
    .filter(([name]) => /^Tags\.member\.\d+\.(Key|Value)$/.test(name))
    .map(([, value]) => value);
  expect(tags).toEqual([
    ...['eks-cluster-arn', 'arn:aws:eks:us-east-1:000000000000:cluster/main'],
    ...['eks-cluster-name', 'main'],
    ...['kubernetes-namespace', 'getschwifty-system'],
    ...['kubernetes-service-account', 'watcher'],
    ...['kubernetes-pod-name', 'watcher-1'],
    ...['kubernetes-pod-uid', 'uid-1'],
  ]);
});

test.each<[string, object | undefined, string, number]>([
  ['before there is a node', undefined, 'token', 503],
  ['without a token', authenticated, '', 400],
  [
    'with a token that the API server does not know',
    { user: {}, error: 'invalid bearer token' },
    'token',
    400,
  ],
  ['with a token for another audience', { ...authenticated, audiences: ['sts.amazonaws.com'] }, 'token', 400],
  [
    'with a token of no pod',
    { ...authenticated, user: { username: authenticated.user.username } },
    'token',
    400,
  ],
  ["with a person's token", { ...authenticated, user: { username: 'alice' } }, 'token', 400],
])('nobody gets credentials %s', async (_, status, token, expected) => {
  const { ask, asked } = await agent(status);
  const answer = await ask(token);
  expect(answer.status).toBe(expected);
  expect(z.object({ message: z.string().check(z.minLength(1)) }).safeParse(await answer.json()).success).toBe(
    true,
  );
  expect(asked).toEqual([]);
});

test('a service account without an association gets none', async () => {
  const { ask, asked } = await agent(authenticated, []);
  expect((await ask()).status).toBe(404);
  expect(assumed(asked).get('RoleArn')).toBeNull();
});
