/** The custom resource that turns a tag into a digest: what it asks ECR, and what it answers CloudFormation. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import * as z from '#core/zod.ts';
import { type Answer, type Asked, awsEndpoint, awsEnvironment } from '../adapters/aws-endpoint.ts';
import { digestOf } from '../contracts/samples.ts';

const digest = digestOf('watcher');
let answer: Answer;
let asked: Asked[];
let close: () => Promise<void>;
const put = vi.fn(async (_url: string, _init: RequestInit) => new Response());

beforeEach(async () => {
  const server = await awsEndpoint(() => answer);
  ({ asked, close } = server);
  for (const [name, value] of Object.entries(awsEnvironment(server.endpoint))) vi.stubEnv(name, value);
  vi.stubGlobal('fetch', put);
  vi.resetModules();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  put.mockClear();
  await close();
});

const Told = z.object({
  Status: z.string(),
  Reason: z.string(),
  Data: z.optional(z.record(z.string(), z.string())),
});
async function call(RequestType: string, ResourceProperties: object = { Repository: 'assets', Tag: 'abc' }) {
  const { handler } = await import('#lambdas/image-digest/handler.ts');
  const ids = { StackId: 'stack', RequestId: 'request', LogicalResourceId: 'Digest' };
  const ResourceType = 'Custom::ImageDigest';
  const ResponseURL = 'https://answer.example/?signed';
  await handler({ RequestType, ResponseURL, ResourceType, ResourceProperties, ...ids });
  return Told.parse(JSON.parse(String(put.mock.calls[0]?.[1].body)));
}

test('the digest of the tag, as the attribute Digest', async () => {
  const image = { imageDigest: digest, imageTags: ['abc'], imagePushedAt: 1_772_366_400 };
  answer = { body: JSON.stringify({ imageDetails: [image] }) };
  expect(await call('Update')).toMatchObject({ Status: 'SUCCESS', Data: { Digest: digest } });
  expect(asked.map(({ body }): unknown => JSON.parse(body))).toEqual([
    { repositoryName: 'assets', imageIds: [{ imageTag: 'abc' }] },
  ]);
});

test('no such image fails the deployment, and says why', async () => {
  answer = { status: 400, body: JSON.stringify({ __type: 'ImageNotFoundException', message: 'no' }) };
  expect(await call('Create')).toMatchObject({
    Status: 'FAILED',
    Reason: 'assets:abc is not in the registry: were the assets published?',
  });
});

test('properties that are none fail it, too', async () => {
  expect(await call('Create', {})).toMatchObject({
    Status: 'FAILED',
    Reason: expect.stringMatching(/Repository/),
  });
  expect(asked).toEqual([]);
});

test('there is nothing to delete', async () => {
  expect(await call('Delete')).toMatchObject({ Status: 'SUCCESS' });
  expect(asked).toEqual([]);
});
