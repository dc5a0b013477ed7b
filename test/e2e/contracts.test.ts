/**
 * The contracts that the fakes keep (test/contracts/), kept by the real adapters on the local cloud's services. What
 * they need is their own, made like the deployed: what is written here starts no stage.
 */

import { CodeBuildClient, StopBuildCommand } from '@aws-sdk/client-codebuild';
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchDeleteImageCommand, CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { DescribeClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import { Route53Client } from '@aws-sdk/client-route-53';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, expect, test } from 'vitest';
import { EcrBases } from '#adapters/aws/bases.ts';
import { CodeBuilder } from '#adapters/aws/builder.ts';
import { Route53Zone } from '#adapters/aws/dns-zone.ts';
import { eksToken } from '#adapters/aws/eks-token.ts';
import { EcrPromoter } from '#adapters/aws/promoter.ts';
import { EcrScanner } from '#adapters/aws/scanner.ts';
import { KubernetesClient } from '#adapters/kubernetes/client.ts';
import { attachmentsContract } from '../contracts/attachments.ts';
import { AwsWorlds, tableKeys } from '../contracts/aws-worlds.ts';
import { basesContract } from '../contracts/bases.ts';
import { buildOptions } from '../contracts/build-options.ts';
import { type BuilderWorld, builderContract } from '../contracts/builder.ts';
import { clusterContract } from '../contracts/cluster.ts';
import { dnsZoneContract } from '../contracts/dns-zone.ts';
import { endpointContracts } from '../contracts/endpoint.ts';
import { eventBusContract } from '../contracts/event-bus.ts';
import { promoterContract } from '../contracts/promoter.ts';
import { type Content, scannerContract } from '../contracts/scanner.ts';
import { attachmentsWorld } from './attached.ts';
import { access, output } from './cloud.ts';
import { debian, distribution, push } from './push.ts';
import { sessionOf } from './session.ts';

const worlds = new AwsWorlds(access.sdk);
afterAll(() => worlds.forget());
const dynamo = new DynamoDBClient(access.sdk);
const route53 = new Route53Client(access.sdk);
const ecr = new ECRClient(access.sdk);
const scanner = new EcrScanner(ecr);

const tableName = await worlds.table();
const zone = await worlds.zone();

test('the table of the contracts has the keys and indexes of the deployed one', async () => {
  const describe = new DescribeTableCommand({ TableName: output('TableName') });
  const { Table: deployed } = await dynamo.send(describe);
  const byName = (a: { AttributeName?: string | undefined }, b: { AttributeName?: string | undefined }) =>
    String(a.AttributeName) < String(b.AttributeName) ? -1 : 1;
  expect(deployed?.KeySchema).toEqual(tableKeys.KeySchema);
  expect([...(deployed?.AttributeDefinitions ?? [])].sort(byName)).toEqual(tableKeys.AttributeDefinitions);
  expect(
    deployed?.GlobalSecondaryIndexes?.map(({ IndexName, KeySchema, Projection }) => ({
      IndexName,
      KeySchema,
      Projection,
    })),
  ).toEqual(tableKeys.GlobalSecondaryIndexes);
});

endpointContracts(access.sdk, worlds, tableName);
dnsZoneContract('Route53Zone', zone.name, () => new Route53Zone(zone.id, route53));
eventBusContract('EventBridgeBus', () => worlds.bus());

/** 25 binary packages of one source, each with the holes of its old version: more findings than a page. */
const many = Array.from(
  { length: 25 },
  (_, i) =>
    `Package: libssl${i}\nSource: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.0-1\nDescription: old\n`,
).join('\n');
const contents: Readonly<Record<Content, Readonly<Record<string, string>>>> = {
  clean: debian,
  hole: { ...debian, ...distribution('Werkzeug', '2.2.2') },
  many: { ...debian, 'var/lib/dpkg/status': many },
  unsupported: { app: 'no operating system here' },
};
scannerContract('EcrScanner', async () => {
  // Below this prefix the registry scans on push, and no environment is called so.
  const repository = `candidate/${worlds.name('scan')}`;
  const unscanned = worlds.name('unscanned');
  for (const repositoryName of [repository, unscanned])
    await ecr.send(new CreateRepositoryCommand({ repositoryName }));
  return { scanner, repository, unscanned, push: (to, tag, content) => push(to, tag, contents[content]) };
});

basesContract('EcrBases', async () => {
  const [repository, tag] = ['base/debian', 'bookworm'];
  const image = await scanner.imageByTag(repository, tag);
  if (!image) throw new Error('the local cloud has no base');
  return { bases: new EcrBases(() => ecr), base: { repository, tag, digest: image.digest } };
});

builderContract('CodeBuilder', async (): Promise<BuilderWorld> => {
  const builds = new CodeBuildClient(access.sdk);
  const files = new S3Client({ ...access.sdk, forcePathStyle: true });
  const options = { ...(await buildOptions(access)), registry: 'r.example' };
  const base = await scanner.imageByTag('base/debian', 'bookworm');
  return {
    builder: new CodeBuilder(options, { builds, registry: ecr, files }),
    base: { repository: 'base/debian', tag: 'bookworm', reference: `r.example/base/debian@${base?.digest}` },
    stop: async (id) => {
      await builds.send(new StopBuildCommand({ id }));
    },
  };
});

attachmentsContract('EcrAttachments', () => attachmentsWorld(ecr, worlds.name('attached')));

promoterContract('EcrPromoter', async () => {
  const name = worlds.name('promoter');
  const [from, to] = [`${name}/from`, `${name}/to`];
  await ecr.send(new CreateRepositoryCommand({ repositoryName: from }));
  await ecr.send(new CreateRepositoryCommand({ repositoryName: to, imageTagMutability: 'IMMUTABLE' }));
  return {
    promoter: new EcrPromoter(ecr),
    from,
    to,
    push: (repository, tag, content) => push(repository, tag, { content }),
    digestOf: async (repository, tag) => (await scanner.imageByTag(repository, tag))?.digest,
    remove: async (repositoryName, imageDigest) => {
      await ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds: [{ imageDigest }] }));
    },
  };
});

clusterContract('KubernetesClient', async () => {
  const { cluster } = await new EKSClient(access.sdk).send(new DescribeClusterCommand({ name: 'main' }));
  const sts = await sessionOf(output('DeployMainFunctionName'));
  return new KubernetesClient({
    endpoint: cluster?.endpoint ?? '',
    ca: cluster?.certificateAuthority?.data ?? '',
    token: () => eksToken('main', sts),
  });
});
