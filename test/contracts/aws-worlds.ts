/** What the AWS adapters need to keep their contracts in, made of its own for each run on any endpoint of AWS's APIs. */

import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { DescribeRepositoriesCommand, ECRClient, RepositoryNotFoundException } from '@aws-sdk/client-ecr';
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateHostedZoneCommand, Route53Client } from '@aws-sdk/client-route-53';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { SqsDeadLetters, toDeadLetters } from '#adapters/aws/dead-letters.ts';
import { inboxOf } from '#adapters/aws/inbox.ts';
import { EventBridgeBus, SnsPager, SqsLooks } from '#adapters/aws/messages.ts';
import { S3Reports } from '#adapters/aws/reports.ts';
import { EcrRepositoryMaker, EcrRepositoryRemover } from '#adapters/aws/repositories.ts';
import { Listed } from '#core/environment.ts';
import { eventSource } from '#core/events.ts';
import * as z from '#core/zod.ts';
import type { DeadLetterQueuesWorld } from './dead-letter-queues.ts';
import type { DeadLettersWorld } from './dead-letters.ts';
import type { BusWorld } from './event-bus.ts';
import type { InboxWorld } from './inbox.ts';
import type { LooksWorld } from './look-queues.ts';
import type { RegistryWorld } from './made-repositories.ts';
import type { PagerWorld } from './pager.ts';
import type { ReportsWorld } from './reports.ts';
import type { RepositoriesWorld } from './repositories.ts';

export interface Sdk {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Keys and indexes of lib/data-stack.ts; test/e2e/contracts.test.ts holds it against the deployed table. */
export const tableKeys = {
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: ['dueShard', 'listedIn', 'lookAt', 'pending', 'pk', 'sk', 'writtenAt'].map(
    (AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    }),
  ),
  GlobalSecondaryIndexes: [
    index('due', 'dueShard', 'lookAt'),
    index('outbox', 'pending', 'writtenAt'),
    {
      ...index('team', 'listedIn', 'pk'),
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: Object.keys(Listed.shape) },
    },
  ],
} satisfies Partial<CreateTableCommandInput>;

function index(IndexName: string, hash: string, range: string) {
  const KeySchema = [
    { AttributeName: hash, KeyType: 'HASH' as const },
    { AttributeName: range, KeyType: 'RANGE' as const },
  ];
  return { IndexName, KeySchema, Projection: { ProjectionType: 'ALL' as const } };
}

export class AwsWorlds {
  readonly #queues: string[] = [];
  readonly #sdk: Sdk;
  readonly #run = `contract-${Date.now().toString(36)}`;
  readonly #sqs: SQSClient;
  #made = 0;

  constructor(sdk: Sdk) {
    this.#sdk = sdk;
    this.#sqs = new SQSClient(sdk);
  }

  /** A name that nothing on this endpoint has. */
  name(kind: string): string {
    return `${this.#run}-${kind}-${this.#made++}`;
  }

  async table(): Promise<string> {
    const TableName = this.name('table');
    const client = new DynamoDBClient(this.#sdk);
    await client.send(new CreateTableCommand({ TableName, BillingMode: 'PAY_PER_REQUEST', ...tableKeys }));
    await waitUntilTableExists({ client, maxWaitTime: 60 }, { TableName });
    return TableName;
  }

  /** @returns its id and its name. */
  async zone(): Promise<{ id: string; name: string }> {
    const name = `${this.name('zone')}.example`;
    const command = new CreateHostedZoneCommand({ Name: name, CallerReference: name });
    const { HostedZone } = await new Route53Client(this.#sdk).send(command);
    return { id: HostedZone?.Id?.replace('/hostedzone/', '') ?? '', name };
  }

  async bus(): Promise<BusWorld> {
    const events = new EventBridgeClient(this.#sdk);
    const EventBusName = this.name('bus');
    const queue = await this.#queue();
    await events.send(new CreateEventBusCommand({ Name: EventBusName }));
    const EventPattern = JSON.stringify({ source: [eventSource] });
    await events.send(new PutRuleCommand({ Name: 'all', EventBusName, EventPattern }));
    await events.send(
      new PutTargetsCommand({ Rule: 'all', EventBusName, Targets: [{ Id: 'queue', Arn: queue.arn }] }),
    );
    const received = async () => (await this.#receive(queue.url)).map(({ Body }) => json(Body));
    return { bus: new EventBridgeBus(EventBusName, events), received };
  }

  async looks(): Promise<LooksWorld> {
    const urls: Readonly<Record<string, string>> = {
      'gate main': (await this.#queue()).url,
      'deploy main': (await this.#queue()).url,
      'deploy second': (await this.#queue()).url,
    };
    const urlOf = (stage: string, cluster: string) => urls[`${stage} ${cluster}`];
    return {
      looks: new SqsLooks(urlOf, this.#sqs),
      received: async (...at) => (await this.#receive(urlOf(...at))).map(({ Body }) => json(Body)),
      delayed: async (...at) => {
        const AttributeNames = ['ApproximateNumberOfMessagesDelayed' as const];
        const command = new GetQueueAttributesCommand({ QueueUrl: urlOf(...at), AttributeNames });
        return Number((await this.#sqs.send(command)).Attributes?.['ApproximateNumberOfMessagesDelayed']);
      },
    };
  }

  async pager(): Promise<PagerWorld> {
    const sns = new SNSClient(this.#sdk);
    const queue = await this.#queue();
    const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: this.name('topic') }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queue.arn }));
    const received = async () =>
      (await this.#receive(queue.url)).map(({ Body }) => {
        const { Subject, Message } = Notification.parse(json(Body));
        return { subject: Subject, body: NoticeBody.parse(json(Message)) };
      });
    return { pager: new SnsPager(TopicArn, sns), received };
  }

  /** Whoever runs this is their keeper: nobody else could take a release repository away. */
  async registry(): Promise<RegistryWorld> {
    const { Arn = '' } = await new STSClient(this.#sdk).send(new GetCallerIdentityCommand({}));
    const roles = 'arn:aws:iam::000000000000:role';
    const [promoterRoleArn, builderRolesArn] = [`${roles}/promoter`, `${roles}/builds-`];
    const protection = { promoterRoleArn, keeperRoleArn: Arn, builderRolesArn };
    return { client: new ECRClient(this.#sdk), protection };
  }

  async repositories(): Promise<RepositoriesWorld> {
    const { client, protection } = await this.registry();
    const isThere = async (repository: string): Promise<boolean> => {
      try {
        await client.send(new DescribeRepositoriesCommand({ repositoryNames: [repository] }));
        return true;
      } catch (error) {
        if (error instanceof RepositoryNotFoundException) return false;
        throw error;
      }
    };
    const maker = new EcrRepositoryMaker(protection, client);
    return { maker, remover: new EcrRepositoryRemover(client), isThere };
  }

  async reports(): Promise<ReportsWorld> {
    const client = new S3Client({ ...this.#sdk, forcePathStyle: true });
    const Bucket = this.name('reports');
    await client.send(new CreateBucketCommand({ Bucket }));
    const get = async (url: string): Promise<unknown> => {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
      return answer.json();
    };
    return { reports: new S3Reports(Bucket, client), get };
  }

  async deadLetters(): Promise<DeadLettersWorld> {
    const { url } = await this.#queue();
    const received = async () =>
      (await this.#receive(url)).map(({ Body = '', MessageAttributes = {} }) => ({
        body: Body,
        reason: MessageAttributes['reason']?.StringValue ?? '',
        source: MessageAttributes['source']?.StringValue ?? '',
      }));
    return { refuse: toDeadLetters(url, () => this.#sqs), received };
  }

  async inbox(): Promise<InboxWorld> {
    const { url: QueueUrl, arn: eventSourceARN } = await this.#queue();
    const { comeAgain } = inboxOf('https://nowhere.example', () => this.#sqs);
    return {
      eventSourceARN,
      send: async (MessageBody) => {
        await this.#sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
      },
      receive: async () => {
        const { Messages = [] } = await this.#sqs.send(new ReceiveMessageCommand({ QueueUrl }));
        return Messages.map(({ Body = '', ReceiptHandle = '' }) => ({
          body: Body,
          receiptHandle: ReceiptHandle,
        }));
      },
      comeAgain,
    };
  }

  async deadLetterQueues(): Promise<DeadLetterQueuesWorld> {
    const [own, dead, stream] = await Promise.all([this.#queue(), this.#queue(), this.#queue()]);
    const stage = { name: 'stage', url: dead.url, queueUrl: own.url, remedy: 'move' as const };
    const places = [stage, { name: 'stream', url: stream.url, remedy: 'drain' as const }];
    const put = async (MessageBody: string, attributes: Readonly<Record<string, string>>) => {
      const MessageAttributes = Object.fromEntries(
        Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
      );
      await this.#sqs.send(new SendMessageCommand({ QueueUrl: dead.url, MessageBody, MessageAttributes }));
    };
    const resent = async () => (await this.#receive(own.url)).map(({ Body = '' }) => Body);
    return { queues: new SqsDeadLetters(places, () => this.#sqs), put, resent };
  }

  /** What would be in the way of others in the same cloud. */
  async forget(): Promise<void> {
    for (const QueueUrl of this.#queues.splice(0)) await this.#sqs.send(new DeleteQueueCommand({ QueueUrl }));
  }

  /** Open to whoever sends, as the queues that targets and topics write to are by their policies. */
  async #queue(): Promise<{ url: string; arn: string }> {
    const { QueueUrl: url = '' } = await this.#sqs.send(
      new CreateQueueCommand({ QueueName: this.name('queue') }),
    );
    this.#queues.push(url);
    const { Attributes } = await this.#sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }),
    );
    const arn = Attributes?.['QueueArn'] ?? '';
    const Statement = [{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: arn }];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await this.#sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }));
    return { url, arn };
  }

  async #receive(QueueUrl: string | undefined): Promise<Message[]> {
    const { Messages = [] } = await this.#sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
    );
    for (const { ReceiptHandle } of Messages)
      await this.#sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    return Messages;
  }
}

const Notification = z.object({ Subject: z.string(), Message: z.string() });
const NoticeBody = z.record(z.string(), z.unknown());
const json = (text: string | undefined): unknown => JSON.parse(text ?? 'null');
