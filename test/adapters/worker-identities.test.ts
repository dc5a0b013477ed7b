/** EksWorkerIdentities against an endpoint that answers as EKS does: what it asks for, and what it makes of a no. */
import { EKSClient } from '@aws-sdk/client-eks';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { EksWorkerIdentities } from '#adapters/aws/worker-identities.ts';
import { Retryable } from '#core/errors.ts';
import { jobKey } from '../core/jobs/samples.ts';
import { type Answer, type Asked, awsEndpoint } from './aws-endpoint.ts';

const rolesArn = 'arn:aws:iam::000000000000:role/workers-';
const job = { cluster: 'main', ...jobKey() };
let answer: (asked: Asked) => Answer;
let aws: Awaited<ReturnType<typeof awsEndpoint>>;
let identities: EksWorkerIdentities;
const path = '/clusters/main/pod-identity-associations';
const no = (status: number, type: string): Answer => ({
  status,
  headers: { 'x-amzn-errortype': type },
  body: JSON.stringify({ message: 'no' }),
});

beforeAll(async () => {
  aws = await awsEndpoint((asked) => answer(asked));
  const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };
  const client = new EKSClient({ endpoint: aws.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
  identities = new EksWorkerIdentities(rolesArn, client);
});
afterAll(() => aws.close());
beforeEach(() => {
  aws.asked.length = 0;
});

it('asks for the role of workers of its team, for the one service account of the job', async () => {
  answer = () => ({ body: '{"association":{}}' });
  await identities.make(job);
  expect(aws.asked).toMatchObject([{ method: 'POST', path }]);
  expect(JSON.parse(aws.asked[0]?.body ?? '')).toMatchObject({
    namespace: job.name,
    serviceAccount: 'worker',
    roleArn: `${rolesArn}checkout`,
  });
});

it('is content with what is there, waits where the cluster has as many as it may, and says what else is wrong', async () => {
  answer = () => no(409, 'ResourceInUseException');
  await identities.make(job);
  answer = () => no(400, 'ResourceLimitExceededException');
  await expect(identities.make(job)).rejects.toBeInstanceOf(Retryable);
  await expect(identities.make(job)).rejects.toThrow('Cluster main has as many pod identities as it may');
  answer = () => no(500, 'ServerException');
  await expect(identities.make(job)).rejects.toBeInstanceOf(Retryable);
  answer = () => no(404, 'ResourceNotFoundException');
  await expect(identities.make(job)).rejects.toThrow('no');
});

it('takes away what it finds of that job alone, and what is gone meanwhile is gone', async () => {
  answer = ({ method }) =>
    method === 'GET'
      ? { body: JSON.stringify({ associations: [{ associationId: 'a-1' }, { associationId: 'a-2' }] }) }
      : no(404, 'ResourceNotFoundException');
  await identities.remove(job);
  expect(aws.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
    `GET ${path}?namespace=${job.name}&serviceAccount=worker`,
    `DELETE ${path}/a-1`,
    `DELETE ${path}/a-2`,
  ]);
  answer = ({ method }) =>
    method === 'GET'
      ? { body: JSON.stringify({ associations: [{ associationId: 'a-1' }] }) }
      : no(400, 'InvalidRequestException');
  await expect(identities.remove(job)).rejects.toThrow('no');
});
