/**
 * The contracts that the fakes keep (test/contracts/), kept by the real adapters on the local cloud's services. Table,
 * zone and repositories are their own, made like the deployed ones: what is written here starts no stage.
 */
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { BatchDeleteImageCommand, CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { CreateHostedZoneCommand, Route53Client } from '@aws-sdk/client-route-53';
import { afterAll, beforeAll } from 'vitest';
import { Route53Zone } from '#adapters/aws/dns-zone.ts';
import { EcrPromoter } from '#adapters/aws/promoter.ts';
import { EcrScanner } from '#adapters/aws/scanner.ts';
import { Table } from '#adapters/aws/table.ts';
import { dnsZoneContract } from '../contracts/dns-zone.ts';
import { promoterContract } from '../contracts/promoter.ts';
import { storeContract } from '../contracts/store.ts';
import { access, output } from './cloud.ts';
import { push } from './push.ts';

const dynamo = new DynamoDBClient(access.sdk);
const route53 = new Route53Client(access.sdk);
const ecr = new ECRClient(access.sdk);
const scanner = new EcrScanner(ecr);
const run = Date.now().toString(36);
const tableName = `contract-${run}`;
const zoneName = `contract-${run}.example`;
let zoneId = '';
let repositories = 0;

beforeAll(async () => {
  await makeTable();
  const { HostedZone } = await route53.send(
    new CreateHostedZoneCommand({ Name: zoneName, CallerReference: run }),
  );
  zoneId = HostedZone?.Id?.replace('/hostedzone/', '') ?? '';
});
afterAll(() => dynamo.send(new DeleteTableCommand({ TableName: tableName })));

/** Keys and indexes of the deployed table; without its stream. */
async function makeTable(): Promise<void> {
  const { Table: deployed } = await dynamo.send(new DescribeTableCommand({ TableName: output('TableName') }));
  const indexes = deployed?.GlobalSecondaryIndexes ?? [];
  await dynamo.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: deployed?.KeySchema,
      AttributeDefinitions: deployed?.AttributeDefinitions,
      GlobalSecondaryIndexes: indexes.map(({ IndexName, KeySchema, Projection }) => ({
        IndexName,
        KeySchema,
        Projection,
      })),
    }),
  );
  await waitUntilTableExists({ client: dynamo, maxWaitTime: 60 }, { TableName: tableName });
}

storeContract('Table', () => new Table(tableName, dynamo));
dnsZoneContract('Route53Zone', zoneName, () => new Route53Zone(zoneId, route53));
promoterContract('EcrPromoter', async () => {
  const name = `contract-${run}/n${repositories++}`;
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
