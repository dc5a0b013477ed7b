/** The custom resource's answer to CloudFormation; what it applies is seen end to end. */
import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

test('the answer goes to the presigned URL without a content type, which may be signed as empty', async () => {
  vi.stubEnv('CLUSTER_NAME', 'main');
  vi.stubEnv('CLUSTER_ENDPOINT', 'https://127.0.0.1:1');
  vi.stubEnv('CLUSTER_CA', 'Y2E=');
  const put = vi.fn(async (_url: string, _init: RequestInit) => new Response());
  vi.stubGlobal('fetch', put);
  const { handler } = await import('#lambdas/cluster-setup/handler.ts');
  const ids = { StackId: 'stack', RequestId: 'request', LogicalResourceId: 'Roles' };
  await handler({ RequestType: 'Delete', ResponseURL: 'https://answer.example/?signed', ...ids });
  const [url, init] = put.mock.calls[0] ?? [];
  expect(url).toBe('https://answer.example/?signed');
  expect(init).toMatchObject({ method: 'PUT', headers: { 'content-type': '' } });
  expect(JSON.parse(String(init?.body))).toMatchObject({ Status: 'SUCCESS', ...ids });
});
