/** Faults of the cloud, each with its end (docs/operations.md): on the local cloud, while its stages work. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DeleteCommand, DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, describe, expect, it } from 'vitest';
import { environmentItem } from '#adapters/aws/items.ts';
import { Table } from '#adapters/aws/table.ts';
import { type Digest, EnvironmentKey } from '#core/names.ts';
import { adminAuthorization, hostedZones, startEmulator, stopEmulator } from '#local/aws/emulator.ts';
import { until } from '#local/demo/world.ts';
import { recordedInstance } from '#local/setup/ports.ts';
import { address, ready } from '../lambdas/ways.ts';
import { access, cloud, output } from './cloud.ts';
import { debian, push } from './push.ts';

const dynamo = new DynamoDBClient(access.sdk);
const table = new Table(output('TableName'), dynamo);
const sqs = new SQSClient(access.sdk);

describe('AWS, stopped and started again', () => {
  const key = EnvironmentKey.parse({ team: 'checkout', name: 'api' });
  const repository = 'candidate/checkout/api';
  const verdictOn = (digest: Digest) => until('a verdict', 90, () => table.verdict(key, digest));

  it('has what was decided, and goes on deciding', async () => {
    const before = await push(repository, `before-${Date.now()}`, debian);
    const verdict = await verdictOn(before);

    const instance = recordedInstance(cloud.name);
    await stopEmulator(instance);
    const place = { port: Number(new URL(cloud.aws).port), servicesUrl: cloud.services };
    expect(await startEmulator(instance, place)).toMatchObject({ url: cloud.aws, found: 'state' });

    expect(await table.verdict(key, before)).toEqual(verdict);
    const files = { ...debian, 'etc/motd': `after ${Date.now()}\n` };
    const after = await push(repository, `after-${Date.now()}`, files);
    expect(await verdictOn(after)).toMatchObject({ result: 'pass' });
  });
});

describe('Route 53 that refuses for now', () => {
  const QueueUrl = output('DnsQueueUrl');
  const TableName = output('TableName');
  const document = DynamoDBDocumentClient.from(dynamo, { marshallOptions: { removeUndefinedValues: true } });
  afterEach(async () => {
    await fault('DELETE');
  });

  it.each(['Throttling', 'PriorRequestNotComplete'])('%s: the name is pointed in the end', async (code) => {
    const key = EnvironmentKey.parse({ team: 'checkout', name: code.toLowerCase() });
    // Ready and not due: nobody looks at it but the DNS stage, which is told of it here.
    const found = await (await ready()).environment();
    const { release } = found;
    if (release.phase !== 'ready') throw new Error('it should be Ready');
    const item = { ...environmentItem({ ...found, key }), dueShard: undefined, lookAt: undefined };
    await document.send(new PutCommand({ TableName, Item: item }));
    // More often than the SDK tries: the message itself must come again, as the stage says it, and not as late as its queue would.
    const rule = { service: 'route53', operation: 'rrset', code, status: 400, times: 4 };
    await fault('POST', rule);

    const detail = { type: 'EnvironmentReady', environment: key, cluster: 'main', at: release.since };
    const event = {
      version: '0',
      id: `e2e-${code}`,
      source: 'getschwifty',
      'detail-type': 'EnvironmentReady',
      detail: { ...detail, digest: release.digest, address },
    };
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(event) }));

    const { dns } = await until('the name in the table', 120, async () => {
      const read = await table.read(key);
      return read?.dns === undefined ? undefined : read;
    });
    expect(dns?.target).toBe(address);
    const records = (await hostedZones(cloud.aws)).flatMap((zone) => zone.records);
    expect(records).toContainEqual(
      expect.objectContaining({ name: expect.stringMatching(`^${dns?.name}`), type: 'CNAME' }),
    );
    expect(await fault('GET')).toEqual({ faults: [{ ...rule, seconds: 0, times: 0, taken: 4 }] });
    await document.send(new DeleteCommand({ TableName, Key: { pk: item.pk, sk: item.sk } }));
  });
});

async function fault(method: 'GET' | 'POST' | 'DELETE', rule?: unknown): Promise<unknown> {
  const answer = await fetch(`${cloud.aws}/_local/faults/calls`, {
    method,
    headers: { authorization: adminAuthorization },
    ...(rule === undefined ? {} : { body: JSON.stringify(rule) }),
  });
  expect(answer.status).toBe(200);
  return answer.json();
}
