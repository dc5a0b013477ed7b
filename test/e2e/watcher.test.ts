/** The watcher in its cluster: it sees, it speaks to one queue, and neither IAM nor Kubernetes lets it do more. */
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SqsSights } from '#adapters/aws/sights.ts';
import * as z from '#core/zod.ts';
import { until } from '#local/demo/world.ts';
import { connect } from '#local/kubernetes/api.ts';
import { capture } from '#local/setup/run.ts';
import { sightsContract } from '../contracts/sights.ts';
import { access, cloud, output } from './cloud.ts';

const namespace = 'getschwifty-system';
const account = `/api/v1/namespaces/${namespace}/serviceaccounts/watcher`;
const api = connect(cloud.kubernetes.kubeconfig);
const sqs = new SQSClient(access.sdk);
const kubectl = (...args: string[]) =>
  capture(cloud.kubernetes.kubectl, ['--kubeconfig', cloud.kubernetes.kubeconfig, ...args]);
afterAll(() => api.close());

const Pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), uid: z.string() }),
      spec: z.object({
        serviceAccountName: z.string(),
        containers: z.tuple([z.object({ image: z.string() })]),
      }),
      status: z.object({
        phase: z.string(),
        containerStatuses: z.optional(z.tuple([z.object({ ready: z.boolean() })])),
      }),
    }),
  ),
});

const watcherPod = () =>
  until('a watcher that is Ready', 120, async () => {
    const { items } = await api.get(`/api/v1/namespaces/${namespace}/pods`, Pods);
    return items.find(
      ({ spec, status }) => spec.serviceAccountName === 'watcher' && status.containerStatuses?.[0].ready,
    );
  });
const said = async (words: string) => {
  const { metadata } = await watcherPod();
  const lines = (await kubectl('--namespace', namespace, 'logs', metadata.name)).split('\n');
  return lines.filter((line) => line.includes(words));
};

describe('the watcher', () => {
  it('runs by its digest, and is Ready: it sees and its queue takes what it says', async () => {
    const { spec } = await watcherPod();
    expect(spec.containers[0].image).toMatch(/@sha256:[0-9a-f]{64}$/);
  });

  it('tells of what changes in an environment, and of nothing elsewhere', async () => {
    const names = ['checkout--ghost', 'elsewhere'];
    const objects = names.map((name) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'app', namespace: name, labels: { 'app.kubernetes.io/managed-by': 'getschwifty' } },
      spec: { ports: [{ port: 80 }], selector: { app: name } },
    }));
    for (const name of names) {
      const meta = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
      await api.apply(`/api/v1/namespaces/${name}`, meta);
    }
    for (const object of objects)
      await api.apply(`/api/v1/namespaces/${object.metadata.namespace}/services/app`, object);
    const lines = await until('the watcher to tell of it', 60, async () => {
      const told = await said('checkout/ghost');
      return told.length > 0 ? told : undefined;
    });
    expect(lines[0]).toContain('"message":"told"');
    expect(await said('elsewhere')).toEqual([]);
    for (const name of names) await kubectl('delete', 'namespace', name, '--wait=false');
  });
});

describe('its AWS identity', () => {
  let session: typeof access.sdk;
  let roleArn = '';
  const tags = (more: Readonly<Record<string, string>> = {}) =>
    Object.entries({
      'eks-cluster-name': 'main',
      'kubernetes-namespace': namespace,
      'kubernetes-service-account': 'watcher',
      ...more,
    }).map(([Key, Value]) => ({ Key, Value }));
  /** As EKS Pod Identity does it. */
  const assume = (Tags: ReturnType<typeof tags>) =>
    new STSClient(access.sdk).send(
      new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: 'e2e', Tags, TransitiveTagKeys: [] }),
    );

  beforeAll(async () => {
    const { Roles = [] } = await new IAMClient(access.sdk).send(new ListRolesCommand({ MaxItems: 1000 }));
    roleArn = Roles.find(({ RoleName }) => RoleName?.includes('Watchermain'))?.Arn ?? '';
    const { Credentials } = await assume(tags());
    session = {
      ...access.sdk,
      credentials: {
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
        ...(Credentials?.SessionToken ? { sessionToken: Credentials.SessionToken } : {}),
      },
    };
  });

  it('may send to its queue', async () => {
    const sights = new SqsSights(output('WatcherMainQueueUrl'), new SQSClient(session));
    expect(await sights.send([{ kind: 'alive', cluster: 'main' }])).toEqual([undefined]);
  });

  const send = (name: string) => () =>
    new SQSClient(session).send(new SendMessageCommand({ QueueUrl: output(name), MessageBody: '{}' }));
  const onQueue = (make: (QueueUrl: string) => ReceiveMessageCommand) => () =>
    new SQSClient(session).send(make(output('WatcherMainQueueUrl')));
  it.each<[string, () => Promise<unknown>]>([
    ["send to the deployer's own queue", send('DeployMainQueueUrl')],
    ['send to its DLQ', send('WatcherMainDlqUrl')],
    ["send to the gate's queue", send('GateQueueUrl')],
    ['read its queue', onQueue((QueueUrl) => new ReceiveMessageCommand({ QueueUrl }))],
    [
      'purge its queue',
      () => new SQSClient(session).send(new PurgeQueueCommand({ QueueUrl: output('WatcherMainQueueUrl') })),
    ],
    [
      'ask how its queue is',
      () =>
        new SQSClient(session).send(
          new GetQueueAttributesCommand({ QueueUrl: output('WatcherMainQueueUrl') }),
        ),
    ],
    [
      'read the table',
      () => new DynamoDBClient(session).send(new ScanCommand({ TableName: output('TableName') })),
    ],
    [
      'tell an event',
      () =>
        new EventBridgeClient(session).send(
          new PutEventsCommand({
            Entries: [
              {
                EventBusName: 'getschwifty',
                Source: 'getschwifty',
                DetailType: 'ImageApproved',
                Detail: '{}',
              },
            ],
          }),
        ),
    ],
    ['enter the registry', () => new ECRClient(session).send(new GetAuthorizationTokenCommand({}))],
  ])('may not %s', async (_, act) => {
    await expect(act()).rejects.toThrow(/not authorized to perform/);
  });

  it.each([
    ['another service account', { 'kubernetes-service-account': 'default' }],
    ['another namespace', { 'kubernetes-namespace': 'checkout--web' }],
    ['another cluster', { 'eks-cluster-name': 'other' }],
  ])('is not given to %s', async (_, other) => {
    await expect(assume(tags(other))).rejects.toThrow(/not authorized to perform: sts:AssumeRole/);
  });
});

describe('credentials', () => {
  const Token = z.object({ status: z.object({ token: z.string() }) });
  const tokenOf = async (path: string, audience: string, pod?: { name: string; uid: string }) => {
    const boundObjectRef = pod && { apiVersion: 'v1', kind: 'Pod', ...pod };
    const spec = { audiences: [audience], ...(boundObjectRef && { boundObjectRef }) };
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
    return (await api.post(`${path}/token`, request, Token)).status.token;
  };
  const ask = (authorization: string) =>
    fetch(`${cloud.services}/v1/credentials`, { headers: { authorization } });

  it("are those of the watcher's role, for its pod", async () => {
    const { metadata } = await watcherPod();
    const answer = await ask(await tokenOf(account, 'pods.eks.amazonaws.com', metadata));
    expect(answer.status).toBe(200);
    expect(Object.keys(z.record(z.string(), z.string()).parse(await answer.json())).sort()).toEqual([
      'AccessKeyId',
      'Expiration',
      'SecretAccessKey',
      'Token',
    ]);
  });

  it.each([
    ['for nonsense', async () => 'nonsense'],
    ['for nobody', async () => ''],
    [
      'for another audience',
      async () => tokenOf(account, 'sts.amazonaws.com', (await watcherPod()).metadata),
    ],
    ['for a token of no pod', () => tokenOf(account, 'pods.eks.amazonaws.com')],
  ])('are not given %s', async (_, token) => {
    expect((await ask(await token())).status).toBe(400);
  });
});

describe('its service account', () => {
  const Review = z.object({ status: z.object({ allowed: z.boolean() }) });
  const may = async (verb: string, group: string, resource: string) => {
    const resourceAttributes = { verb, group, resource, namespace: 'checkout--web' };
    const user = `system:serviceaccount:${namespace}:watcher`;
    const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user, groups, resourceAttributes },
    };
    return (await api.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', review, Review)).status
      .allowed;
  };
  const readable = [
    ['', 'pods'],
    ['', 'services'],
    ['apps', 'deployments'],
  ] as const;

  it.each(readable)('may list and watch "%s" %s, and not change them', async (group, resource) => {
    for (const verb of ['list', 'watch']) expect(await may(verb, group, resource), verb).toBe(true);
    for (const verb of ['get', 'create', 'update', 'patch', 'delete', 'deletecollection'])
      expect(await may(verb, group, resource), verb).toBe(false);
  });

  it.each([
    ['', 'secrets'],
    ['', 'configmaps'],
    ['', 'pods/log'],
    ['', 'pods/exec'],
    ['', 'nodes'],
    ['', 'serviceaccounts/token'],
    ['rbac.authorization.k8s.io', 'clusterroles'],
  ])('may do nothing with "%s" %s', async (group, resource) => {
    for (const verb of ['get', 'list', 'watch', 'create', 'patch', 'delete'])
      expect(await may(verb, group, resource), verb).toBe(false);
  });
});

/** Queues of its own: what is sent there asks nobody for a look. */
const queues: string[] = [];
afterAll(async () => {
  for (const QueueUrl of queues) await sqs.send(new DeleteQueueCommand({ QueueUrl }));
});
sightsContract('SqsSights', async () => {
  const QueueName = `contract-${Date.now().toString(36)}-${queues.length}`;
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName }));
  queues.push(QueueUrl);
  const arrived = async () => {
    const command = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 });
    const { Messages = [] } = await sqs.send(command);
    return Messages.map(({ Body }): unknown => JSON.parse(Body ?? ''));
  };
  return { sights: new SqsSights(QueueUrl, sqs), arrived };
});
