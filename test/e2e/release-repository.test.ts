/**
 * A release repository refuses everybody but the promoter, an administrator of everything in ECR too; a cache refuses to be written by
 * who is no build of its team.
 */
import {
  BatchDeleteImageCommand,
  DeleteRepositoryCommand,
  DeleteRepositoryPolicyCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
  InitiateLayerUploadCommand,
  PutImageCommand,
  PutImageTagMutabilityCommand,
  PutLifecyclePolicyCommand,
  SetRepositoryPolicyCommand,
} from '@aws-sdk/client-ecr';
import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { access, cloud } from './cloud.ts';

const repositoryName = 'release/checkout/api';
const unprotected = 'base/debian';
const RoleName = `e2e-registry-administrator-${Date.now().toString(36)}`;
const iam = new IAMClient(access.sdk);
const document = (statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
const mutable = { imageTagMutability: 'MUTABLE' } as const;

describe('a release repository', () => {
  let ecr: ECRClient;

  beforeAll(async () => {
    const AssumeRolePolicyDocument = document({
      Effect: 'Allow',
      Principal: { AWS: '*' },
      Action: 'sts:AssumeRole',
    });
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    const PolicyDocument = document({ Effect: 'Allow', Action: 'ecr:*', Resource: '*' });
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'All', PolicyDocument }));
    const assume = new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'e2e' });
    const { Credentials: given } = await new STSClient(access.sdk).send(assume);
    const credentials = {
      accessKeyId: given?.AccessKeyId ?? '',
      secretAccessKey: given?.SecretAccessKey ?? '',
      sessionToken: given?.SessionToken ?? '',
    };
    ecr = new ECRClient({ ...access.sdk, credentials, maxAttempts: 1 });
  });
  afterAll(async () => {
    await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'All' }));
    await iam.send(new DeleteRoleCommand({ RoleName }));
  });

  it('is seen by an administrator, who may change any repository that is not protected', async () => {
    const seen = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: [repositoryName] }));
    expect(seen.repositories?.[0]?.imageTagMutability).toBe('IMMUTABLE');
    await ecr.send(new PutImageTagMutabilityCommand({ repositoryName: unprotected, ...mutable }));
    await ecr.send(new InitiateLayerUploadCommand({ repositoryName: unprotected }));
  });

  const images = { imageIds: [{ imageTag: 'r-1' }] };
  const keepOne = {
    rules: [
      {
        rulePriority: 1,
        selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 1 },
        action: { type: 'expire' },
      },
    ],
  };
  it.each([
    ['PutImage', () => ecr.send(new PutImageCommand({ repositoryName, imageManifest: '{}' }))],
    ['InitiateLayerUpload', () => ecr.send(new InitiateLayerUploadCommand({ repositoryName }))],
    ['BatchDeleteImage', () => ecr.send(new BatchDeleteImageCommand({ repositoryName, ...images }))],
    [
      'PutImageTagMutability',
      () => ecr.send(new PutImageTagMutabilityCommand({ repositoryName, ...mutable })),
    ],
    [
      'PutLifecyclePolicy',
      () =>
        ecr.send(
          new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText: JSON.stringify(keepOne) }),
        ),
    ],
    [
      'SetRepositoryPolicy',
      () => ecr.send(new SetRepositoryPolicyCommand({ repositoryName, policyText: '{}', force: true })),
    ],
    ['DeleteRepositoryPolicy', () => ecr.send(new DeleteRepositoryPolicyCommand({ repositoryName }))],
    ['DeleteRepository', () => ecr.send(new DeleteRepositoryCommand({ repositoryName, force: true }))],
  ])('refuses the same administrator %s', async (action, attempt) => {
    await expect(attempt()).rejects.toThrow(new RegExp(`not authorized to perform: ecr:${action}`));
    const still = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: [repositoryName] }));
    expect(still.repositories?.[0]?.imageTagMutability).toBe('IMMUTABLE');
  });

  it.each([
    ['POST', 'blobs/uploads/'],
    ['PUT', 'manifests/r-1'],
    ['DELETE', 'manifests/r-1'],
  ])('refuses it by the registry: %s %s', async (method, path) => {
    const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
    const headers = { authorization: `Basic ${authorizationData?.[0]?.authorizationToken}` };
    const call = (name: string) => fetch(`${cloud.aws}/v2/${name}/${path}`, { method, headers });
    expect((await call(repositoryName)).status).toBe(403);
    expect((await call(unprotected)).status).not.toBe(403);
  });

  it('so does a cache, of which it may all the same take an image away', async () => {
    const cache = { repositoryName: 'cache/checkout/api' };
    const refused = /not authorized to perform: ecr:/;
    await expect(ecr.send(new InitiateLayerUploadCommand(cache))).rejects.toThrow(refused);
    await expect(ecr.send(new PutImageCommand({ ...cache, imageManifest: '{}' }))).rejects.toThrow(refused);
    await ecr.send(new BatchDeleteImageCommand({ ...cache, ...images }));
  });
});
