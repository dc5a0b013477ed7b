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
  let asked = 0;
  const server = createServer(async (request, response) => {
    const posted = Posted.parse(JSON.parse(await text(request)));
    if (posted.SubscribeURL !== undefined && posted.Type === 'SubscriptionConfirmation') {
      await fetch(posted.SubscribeURL);
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
  return { endpoint: `http://127.0.0.1:${port}/`, taken, asked: () => asked };
}

async function subscribed({ onTestFinished }: TestContext, endpoint: string) {
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
  await sns.send(
    new SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint: endpoint, Attributes: { RedrivePolicy } }),
  );
  const left = async () => {
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 2 }));
    return Messages?.map(({ Body = '' }) => Posted.parse(JSON.parse(Body)).Message);
  };
  return { TopicArn, left };
}

it.concurrent('an endpoint that is down for a while gets it later, once', async (test) => {
  const { expect } = test;
  const pager = await subscriber(test, (nth) => (nth <= 4 ? 503 : 200));
  const { TopicArn, left } = await subscribed(test, pager.endpoint);
  await until('the notice', 60, async () => {
    if (pager.asked() === 0) await sns.send(new PublishCommand({ TopicArn, Message: 'late' }));
    return pager.taken.length > 0 ? pager.taken : undefined;
  });
  expect(new Set(pager.taken)).toEqual(new Set(['late']));
  expect(await left()).toBeUndefined();
});

it.concurrent('an endpoint that stays down: the notice is in the DLQ of its subscription', async (test) => {
  const { expect } = test;
  const pager = await subscriber(test, () => 503);
  const { TopicArn, left } = await subscribed(test, pager.endpoint);
  await until('an attempt', 60, async () => {
    await sns.send(new PublishCommand({ TopicArn, Message: 'undelivered' }));
    return pager.asked() > 0 ? true : undefined;
  });
  expect(await until('the notice in the DLQ', 120, left)).toContain('undelivered');
  expect(pager.taken).toEqual([]);
});
