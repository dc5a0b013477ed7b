/** An emulator of its own, stopped and killed: what a clean stop keeps, and that after a kill nobody is told otherwise. */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchClient, DescribeAlarmsCommand, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import {
  AdminCreateUserCommand,
  AdminGetUserCommand,
  CognitoIdentityProviderClient,
  CreateUserPoolCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  Route53Client,
} from '@aws-sdk/client-route-53';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  adminAuthorization,
  adminCredentials,
  emulatorFound,
  endEmulator,
  enforceIam,
  hostedZones,
  REGION,
  startEmulator,
  stopEmulator,
} from '#local/aws/emulator.ts';
import { type Instance, instanceOf } from '#local/instance.ts';
import { freePort } from '#local/setup/ports.ts';

let instance: Instance;
let port: number;
beforeEach(async () => {
  const state = mkdtempSync(join(tmpdir(), 'getschwifty-emulator-'));
  const like = instanceOf('test');
  instance = { ...like, state, logs: join(state, 'logs'), network: { ...like.network, host: '127.0.0.1' } };
  port = await freePort('127.0.0.1', 41_000);
});
afterEach(async () => {
  await endEmulator(instance);
  rmSync(instance.state, { recursive: true, force: true });
});

/** Nobody answers at the services' address: a scan that is asked for fails at once, and is not what is tested here. */
const start = () => startEmulator(instance, { port, servicesUrl: 'http://127.0.0.1:9' });

const clientsOf = (endpoint: string) => {
  const sdk = { endpoint, region: REGION, credentials: adminCredentials };
  return {
    dynamodb: new DynamoDBClient(sdk),
    sqs: new SQSClient(sdk),
    s3: new S3Client({ ...sdk, forcePathStyle: true }),
    route53: new Route53Client(sdk),
    cognito: new CognitoIdentityProviderClient(sdk),
    ecr: new ECRClient(sdk),
    iam: new IAMClient(sdk),
    alarms: new CloudWatchClient(sdk),
  };
};
type Clients = ReturnType<typeof clientsOf>;

const Key = { pk: { S: 'ENV#checkout/web' } };
const Bucket = 'contexts';
const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
});
const UserPool = { Username: 'alice' };

async function fill({ dynamodb, sqs, s3, route53, cognito, ecr, alarms, iam }: Clients, url: string) {
  await dynamodb.send(
    new CreateTableCommand({
      TableName: 'table',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  );
  await dynamodb.send(new PutItemCommand({ TableName: 'table', Item: { ...Key, version: { N: '7' } } }));
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'inbox' }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'look at checkout/web' }));
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutObjectCommand({ Bucket, Key: 'builds/1.zip', Body: Buffer.from([0, 255, 10]) }));
  const { HostedZone } = await route53.send(
    new CreateHostedZoneCommand({ Name: 'schwifty.example', CallerReference: 'once' }),
  );
  const ResourceRecordSet = {
    Name: 'web.schwifty.example',
    Type: 'A' as const,
    TTL: 60,
    ResourceRecords: [{ Value: '192.0.2.1' }],
  };
  await route53.send(
    new ChangeResourceRecordSetsCommand({
      HostedZoneId: HostedZone?.Id,
      ChangeBatch: { Changes: [{ Action: 'UPSERT', ResourceRecordSet }] },
    }),
  );
  const { Role } = await iam.send(
    new CreateRoleCommand({ RoleName: 'watcher', AssumeRolePolicyDocument: trust }),
  );
  const pool = await cognito.send(new CreateUserPoolCommand({ PoolName: 'people' }));
  const UserPoolId = pool.UserPool?.Id;
  await cognito.send(new AdminCreateUserCommand({ UserPoolId, ...UserPool }));
  await ecr.send(new CreateRepositoryCommand({ repositoryName: web }));
  await pushBlob(url);
  await alarms.send(
    new PutMetricAlarmCommand({
      AlarmName: 'dlq',
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Statistic: 'Maximum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    }),
  );
  return { QueueUrl, UserPoolId, role: Role?.Arn ?? '' };
}

async function read(clients: Clients, made: Awaited<ReturnType<typeof fill>>, url: string) {
  const { dynamodb, sqs, s3, cognito, alarms } = clients;
  const item = await dynamodb.send(new GetItemCommand({ TableName: 'table', Key }));
  const waiting = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: made.QueueUrl, VisibilityTimeout: 0 }),
  );
  const object = await s3.send(new GetObjectCommand({ Bucket, Key: 'builds/1.zip' }));
  const zones = await hostedZones(url);
  const user = await cognito.send(new AdminGetUserCommand({ UserPoolId: made.UserPoolId, ...UserPool }));
  return {
    version: item.Item?.['version'],
    message: waiting.Messages?.map(({ Body }) => Body),
    object: await object.Body?.transformToByteArray(),
    records: zones.flatMap(({ records }) => records).filter(({ type }) => type === 'A'),
    user: user.Username,
    layer: await blob(url),
    alarms: (await alarms.send(new DescribeAlarmsCommand({}))).MetricAlarms?.map((it) => it.AlarmName),
  };
}

const web = 'candidate/checkout/web';
const layer = Buffer.from('a layer, as it were');
const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const headers = { authorization: adminAuthorization };
const registry = (url: string, repository: string) => `${url}/v2/${repository}`;

async function pushBlob(url: string, repository = web, bytes = layer): Promise<void> {
  const begun = await fetch(`${registry(url, repository)}/blobs/uploads/`, { method: 'POST', headers });
  const location = new URL(begun.headers.get('location') ?? '', url);
  location.searchParams.set('digest', digestOf(bytes));
  const put = await fetch(location, { method: 'PUT', headers, body: new Uint8Array(bytes) });
  expect(put.status).toBe(201);
}

const blob = async (url: string) =>
  (await fetch(`${registry(url, web)}/blobs/${digestOf(layer)}`, { headers })).text();

it('stopped by SIGTERM and started again it has everything that it had', async () => {
  const first = await start();
  expect(first.found).toBe('nothing');
  const clients = clientsOf(first.url);
  const made = await fill(clients, first.url);
  await enforceIam(first.url);
  const before = await read(clients, made, first.url);
  expect(before).toMatchObject({ version: { N: '7' }, message: ['look at checkout/web'], user: 'alice' });
  expect(before.records).toHaveLength(1);
  expect(before.layer).toBe(String(layer));

  // As a pod has it, for hours.
  const sdk = { endpoint: first.url, region: REGION };
  const assume = new AssumeRoleCommand({ RoleArn: made.role, RoleSessionName: 'pod' });
  const { Credentials } = await new STSClient({ ...sdk, credentials: adminCredentials }).send(assume);
  const session = new STSClient({
    ...sdk,
    credentials: {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    },
  });
  const { Arn } = await session.send(new GetCallerIdentityCommand({}));
  expect(Arn).toMatch(/assumed-role\/watcher\/pod$/);

  expect(await stopEmulator(instance)).toBe(true);
  expect(emulatorFound(instance)).toBe('state');
  const second = await start();
  expect(second).toMatchObject({ url: first.url, found: 'state' });
  expect(await read(clients, made, second.url)).toEqual(before);
  expect(await session.send(new GetCallerIdentityCommand({}))).toMatchObject({ Arn });

  // Who may do what is kept, too: a stranger is still refused.
  const stranger = { accessKeyId: 'AKIASTRANGER', secretAccessKey: 'none' };
  const foreign = new DynamoDBClient({ endpoint: second.url, region: REGION, credentials: stranger });
  await expect(foreign.send(new GetItemCommand({ TableName: 'table', Key }))).rejects.toThrow();
});

it('killed it keeps nothing, and a start says so', async () => {
  const { url, pid } = await start();
  const clients = clientsOf(url);
  await fill(clients, url);
  process.kill(-pid, 'SIGKILL');
  await expect.poll(() => emulatorFound(instance)).toBe('killed');

  const second = await start();
  expect(second.found).toBe('killed');
  await expect(clients.dynamodb.send(new GetItemCommand({ TableName: 'table', Key }))).rejects.toThrow(
    /not found/,
  );
});

it('killed after a clean stop was taken up it is killed all the same', async () => {
  await fill(clientsOf((await start()).url), `http://127.0.0.1:${port}`);
  await stopEmulator(instance);
  const { pid } = await start();
  process.kill(-pid, 'SIGKILL');
  await expect.poll(() => emulatorFound(instance)).toBe('killed');
});

it('stopped without being able to save all of it, it keeps nothing rather than a part', async () => {
  await fill(clientsOf((await start()).url), `http://127.0.0.1:${port}`);
  // Where the queues' state is written first.
  mkdirSync(join(instance.state, 'aws/state/sqs.json.tmp'));
  await stopEmulator(instance);
  expect(emulatorFound(instance)).toBe('killed');
});

it('ended for good it leaves nothing', async () => {
  await start();
  await endEmulator(instance);
  expect(emulatorFound(instance)).toBe('nothing');
  expect(existsSync(join(instance.state, 'aws'))).toBe(false);
});

/** @param pid of the leader of its processes. */
function residentMiB(pid: number): number {
  const found = execFileSync('ps', ['-o', 'rss=', '-g', String(pid)], { encoding: 'utf8' });
  return found.split('\n').reduce((sum, kib) => sum + Number(kib) / 1024, 0);
}

it('holds a layer once, in however many repositories it is, also when it is started again', async () => {
  const bytes = randomBytes(32 * 2 ** 20);
  const first = await start();
  const empty = residentMiB(first.pid);
  const { ecr } = clientsOf(first.url);
  for (const name of 'abcdefgh') {
    const repositoryName = `candidate/checkout/${name}`;
    await ecr.send(new CreateRepositoryCommand({ repositoryName }));
    await pushBlob(first.url, repositoryName, bytes);
  }
  // Eight times it would be 256.
  expect(residentMiB(first.pid) - empty).toBeLessThan(128);
  await stopEmulator(instance);
  const second = await start();
  const kept = await fetch(`${registry(second.url, 'candidate/checkout/h')}/blobs/${digestOf(bytes)}`, {
    headers,
  });
  expect(digestOf(Buffer.from(await kept.arrayBuffer()))).toBe(digestOf(bytes));
  expect(residentMiB(second.pid) - empty).toBeLessThan(128);
});
