/** A notice that its endpoint does not take is sent again, then kept where an alarm sees it: none is lost. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import {
  CreateTopicCommand,
  DeleteTopicCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { it, type TestContext } from 'vitest';
import { deliveryPolicy, endpointRetries } from '#core/pager-delivery.ts';
import * as z from '#core/zod.ts';
import { until } from '#local/demo/world.ts';
import { listening } from '../adapters/servers.ts';
import { access } from './cloud.ts';

const sns = new SNSClient(access.sdk);
const sqs = new SQSClient(access.sdk);

const Posted = z.object({ Type: z.string(), SubscribeURL: z.optional(z.url()), Message: z.string() });

/** An endpoint that confirms its subscription, and answers notices as a test says. */
async function subscriber({ onTestFinished }: TestContext, answer: (nth: number) => number) {
  const taken: string[] = [];
  let [asked, confirmed] = [0, false];
  const server = createServer(async (request, response) => {
    const posted = Posted.parse(JSON.parse(await text(request)));
    if (posted.SubscribeURL !== undefined && posted.Type === 'SubscriptionConfirmation') {
      await fetch(posted.SubscribeURL);
      confirmed = true;
      response.writeHead(200).end();
      return;
    }
    asked += 1;
    const status = answer(asked);
    if (status === 200) taken.push(posted.Message);
    response.writeHead(status).end();
  });
  const { port, close } = await listening(server);
  onTestFinished(close);
  return { endpoint: `http://127.0.0.1:${port}/`, taken, asked: () => asked, confirmed: () => confirmed };
}

async function subscribed({ onTestFinished }: TestContext, endpoint: string, policy: string | undefined) {
  const name = `notice-${randomUUID()}`;
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: name }));
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  onTestFinished(async () => {
    await sns.send(new DeleteTopicCommand({ TopicArn }));
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  });
  const queue = TopicArn?.replace(':sns:', ':sqs:');
  const allow = {
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: queue,
    Condition: { ArnEquals: { 'aws:SourceArn': TopicArn } },
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [allow] });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queue });
  const Attributes = { RedrivePolicy, ...(policy && { DeliveryPolicy: policy }) };
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint: endpoint, Attributes }));
  const left = async () => {
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 2 }));
    return Messages?.map(({ Body = '' }) => Posted.parse(JSON.parse(Body)).Message);
  };
  return { TopicArn, left };
}

/** Told once, when the endpoint has confirmed. */
async function told(test: TestContext, answer: (nth: number) => number, policy?: string) {
  const pager = await subscriber(test, answer);
  const { TopicArn, left } = await subscribed(test, pager.endpoint, policy);
  await until('the confirmation', 60, async () => pager.confirmed() || undefined);
  await sns.send(new PublishCommand({ TopicArn, Message: 'it burns' }));
  return { ...pager, left };
}

it.concurrent('an endpoint that is down for a while gets it later, once', async (test) => {
  const { expect } = test;
  const { taken, left } = await told(test, (nth) => (nth <= 30 ? 503 : 200), deliveryPolicy);
  await until('the notice', 60, async () => (taken.length > 0 ? taken : undefined));
  expect(await left()).toBeUndefined();
  expect(taken).toEqual(['it burns']);
});

it.concurrent('an endpoint that stays down: the notice is in the DLQ of its subscription', async (test) => {
  const { expect } = test;
  const { taken, asked, left } = await told(test, () => 503, deliveryPolicy);
  expect(await until('the notice in the DLQ', 120, left)).toEqual(['it burns']);
  expect(asked()).toBe(endpointRetries.numRetries + 1);
  expect(taken).toEqual([]);
});

it.concurrent.for([
  { what: 'of a subscription without a policy is tried four times', status: 503, attempts: 4 },
  { what: 'that its endpoint refuses is not tried again', status: 403, attempts: 1 },
])('a notice $what', async ({ status, attempts }, test) => {
  const { expect } = test;
  const { asked, left } = await told(test, () => status);
  expect(await until('the notice in the DLQ', 60, left)).toEqual(['it burns']);
  expect(asked()).toBe(attempts);
});
