/** EcrRepositoryMaker against an endpoint that answers as ECR does: a policy that shuts out who sets it must be forced. */
import { ECRClient } from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { EcrRepositoryMaker } from '#adapters/aws/repositories.ts';
import { EnvironmentKey } from '#core/names.ts';
import * as z from '#core/zod.ts';
import { type Answer, type Asked, awsEndpoint } from './aws-endpoint.ts';

const keeperRoleArn = 'arn:aws:iam::000000000000:role/remover';
const key = EnvironmentKey.parse({ team: 'checkout', name: 'web' });
const Policy = z.object({
  repositoryName: z.string(),
  policyText: z.string(),
  force: z.optional(z.boolean()),
});
let aws: Awaited<ReturnType<typeof awsEndpoint>>;
let maker: EcrRepositoryMaker;

const refusal = (type: string): Answer => ({
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: JSON.stringify({ __type: type, message: 'no' }),
});
const actionOf = ({ headers }: Asked): string => String(headers['x-amz-target']).split('.').at(-1) ?? '';

/** Source: Amazon ECR API reference, SetRepositoryPolicy, `force`. */
function answer(asked: Asked): Answer {
  const action = actionOf(asked);
  if (action === 'GetRepositoryPolicy') return refusal('RepositoryPolicyNotFoundException');
  if (action !== 'SetRepositoryPolicy') return { body: '{}' };
  const { force, policyText } = Policy.parse(JSON.parse(asked.body));
  const shutsOut = policyText.includes('ecr:SetRepositoryPolicy');
  return shutsOut && force !== true ? refusal('InvalidParameterException') : { body: '{}' };
}

beforeAll(async () => {
  aws = await awsEndpoint(answer);
  const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };
  const client = new ECRClient({ endpoint: aws.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
  maker = new EcrRepositoryMaker(
    {
      promoterRoleArn: 'arn:aws:iam::000000000000:role/promoter',
      keeperRoleArn,
      builderRolesArn: 'arn:aws:iam::000000000000:role/builds-',
    },
    client,
  );
});
afterAll(() => aws.close());
beforeEach(() => {
  aws.asked.length = 0;
});

async function policiesOf(repositoryName: string) {
  await maker.make(key);
  const set = aws.asked.filter((asked) => actionOf(asked) === 'SetRepositoryPolicy');
  return set
    .map(({ body }) => Policy.parse(JSON.parse(body)))
    .filter((policy) => policy.repositoryName === repositoryName);
}

it('a release repository is protected by a policy that its maker can change no more', async () => {
  const policies = await policiesOf('release/checkout/web');
  expect(policies).toMatchObject([{ force: true }]);
  expect(policies[0]?.policyText).toContain(keeperRoleArn);
});

it('a cache is written by the builds of its team and nobody else', async () => {
  const [policy, ...others] = await policiesOf('cache/checkout/web');
  expect(others).toEqual([]);
  expect(JSON.parse(policy?.policyText ?? '')).toMatchObject({
    Statement: [
      {
        Effect: 'Deny',
        Action: expect.arrayContaining(['ecr:PutImage', 'ecr:InitiateLayerUpload']),
        Condition: {
          ArnNotEquals: { 'aws:PrincipalArn': 'arn:aws:iam::000000000000:role/builds-checkout' },
        },
      },
    ],
  });
});
