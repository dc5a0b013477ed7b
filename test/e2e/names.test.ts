/** Names in the local cloud: many at once as aliases that resolve, orphans swept, what is foreign left alone. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  DeleteHostedZoneCommand,
  ListHostedZonesByNameCommand,
  Route53Client,
} from '@aws-sdk/client-route-53';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DeleteCommand, DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { environmentItem } from '#adapters/aws/items.ts';
import { Table } from '#adapters/aws/table.ts';
import { hostedZones } from '#local/aws/emulator.ts';
import { signIn } from '#local/demo/people.ts';
import { resolve, until } from '#local/demo/world.ts';
import { keyOf } from '../contracts/samples.ts';
import { ready } from '../lambdas/ways.ts';
import { access, cloud, output } from './cloud.ts';

const dynamo = new DynamoDBClient(access.sdk);
const document = DynamoDBDocumentClient.from(dynamo, { marshallOptions: { removeUndefinedValues: true } });
const table = new Table(output('TableName'), dynamo);
const sqs = new SQSClient(access.sdk);
const route53 = new Route53Client(access.sdk);
const QueueUrl = output('DnsQueueUrl');

/** As AWS's own zone has the names of load balancers. */
const region = 'elb.eu-south-2.amazonaws.com';
const run = Date.now().toString(36).slice(-6);
const environments = Array.from({ length: 30 }, (_, i) => ({
  key: keyOf('checkout', `n${run}-${i}`),
  host: `k8s-${run}-${i}.${region}`,
  ip: `10.77.1.${i + 1}`,
}));

const tell = (body: unknown) =>
  sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(body) }));
const recordsOf = async (name: string) =>
  (await hostedZones(cloud.aws)).flatMap(({ records }) => records).filter((it) => it.name.includes(name));
const change = (
  HostedZoneId: string,
  Action: 'CREATE' | 'DELETE',
  sets: { Name: string; Value: string }[],
) => {
  const Changes = sets.map(({ Name, Value }) => ({
    Action,
    ResourceRecordSet: { Name, Type: 'A' as const, TTL: 60, ResourceRecords: [{ Value }] },
  }));
  return route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch: { Changes } }));
};

let loadBalancers = '';
const addresses = environments.map(({ host, ip }) => ({ Name: host, Value: ip }));
beforeAll(async () => {
  const { HostedZone } = await route53.send(
    new CreateHostedZoneCommand({ Name: region, CallerReference: `${run}` }),
  );
  loadBalancers = HostedZone?.Id?.replace('/hostedzone/', '') ?? '';
  await change(loadBalancers, 'CREATE', addresses);
});
afterAll(async () => {
  await change(loadBalancers, 'DELETE', addresses);
  await route53.send(new DeleteHostedZoneCommand({ Id: loadBalancers }));
});

/** Ready and not due: nobody looks at it but the DNS stage, which is told of it here. */
async function put(of: (typeof environments)[number]): Promise<void> {
  const found = await (await ready()).environment();
  if (found.release.phase !== 'ready') throw new Error('it should be Ready');
  const release = { ...found.release, address: of.host };
  const item = {
    ...environmentItem({ ...found, key: of.key, release }),
    dueShard: undefined,
    lookAt: undefined,
  };
  await document.send(new PutCommand({ TableName: output('TableName'), Item: item }));
}

async function forget({ key }: (typeof environments)[number]): Promise<void> {
  const { pk, sk } = environmentItem({ ...(await (await ready()).environment()), key });
  await document.send(new DeleteCommand({ TableName: output('TableName'), Key: { pk, sk } }));
}

it('thirty at once are aliases with their owners, and their names resolve to their load balancers', async () => {
  await Promise.all(environments.map(put));
  await Promise.all(environments.map(({ key }) => tell({ kind: 'look', environment: key })));
  for (const { key, host, ip } of environments) {
    const { dns } = await until(`the name of ${key.name}`, 120, async () => {
      const read = await table.read(key);
      return read?.dns === undefined ? undefined : read;
    });
    expect(dns?.target).toBe(host);
    expect(await resolve(cloud, dns?.name ?? '')).toEqual([ip]);
  }
  const records = await recordsOf(`n${run}-`);
  expect(records).toHaveLength(60);
  const owners = records.filter(({ type }) => type === 'TXT').flatMap(({ values }) => values);
  for (const owner of owners) expect(owner).toMatch(/^"heritage=getschwifty,installation=[0-9a-f]{12}"$/);
});

it('a sweep takes the names of what is gone, and nothing of anybody else', async () => {
  const { HostedZones = [] } = await route53.send(new ListHostedZonesByNameCommand({}));
  const zone = HostedZones.find(({ Id }) => Id?.endsWith(output('HostedZoneId')));
  const foreign = { Name: `f${run}.checkout.${zone?.Name}`, Value: '192.0.2.7' };
  await change(output('HostedZoneId'), 'CREATE', [foreign]);
  const [stays, ...go] = environments;
  await Promise.all(go.map(forget));
  const olga = await signIn(access, 'olga');
  const planned = (await olga.client.planZone()).filter(({ environment }) => environment.includes(run));
  expect(planned).toHaveLength(go.length);
  expect(await recordsOf(`n${run}-`)).toHaveLength(60);
  await tell({ kind: 'sweep' });
  await until('the orphans to be gone', 120, async () =>
    (await recordsOf(`n${run}-`)).length === 2 ? true : undefined,
  );
  const left = await recordsOf(`n${run}-`);
  expect(left.every(({ name }) => name.includes(stays?.key.name ?? '?'))).toBe(true);
  expect(await recordsOf(`f${run}.`)).toHaveLength(1);
  await change(output('HostedZoneId'), 'DELETE', [foreign]);
  if (stays) await forget(stays);
  await tell({ kind: 'sweep' });
  await until('the last name to be gone', 120, async () =>
    (await recordsOf(`n${run}-`)).length === 0 ? true : undefined,
  );
});
