/** What leaves the control plane, against endpoints of EventBridge, SQS and SNS on this machine. */
import { createHash } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { toDeadLetters } from '#adapters/aws/dead-letters.ts';
import { EventBridgeBus, SnsPager, SqsLooks } from '#adapters/aws/messages.ts';
import { Rejected } from '#core/errors.ts';
import type { DomainEvent } from '#core/events.ts';
import * as z from '#core/zod.ts';
import { digestOf, start, web } from '../contracts/samples.ts';
import { sqsRecord } from '../lambdas/world.ts';
import { type Answer, type Asked, awsEndpoint, awsEnvironment } from './aws-endpoint.ts';

let close: (() => Promise<void>) | undefined;
afterEach(async () => {
  vi.unstubAllEnvs();
  await close?.();
});
async function endpoint(answer: (asked: Asked) => Answer) {
  const server = await awsEndpoint(answer);
  close = server.close;
  for (const [name, value] of Object.entries(awsEnvironment(server.endpoint))) vi.stubEnv(name, value);
  return server;
}

const event = (n: number): DomainEvent => ({
  type: 'ImagePassed',
  environment: web,
  cluster: 'main',
  at: start,
  digest: digestOf(String(n)),
});
const Entries = z.object({ Entries: z.array(z.record(z.string(), z.unknown())) });
const entriesOf = ({ body }: Asked) => Entries.parse(JSON.parse(body)).Entries;

/** The SDK holds SQS to the hash of the message. */
const taken = ({ body }: Asked): Answer => {
  const { MessageBody } = z.object({ MessageBody: z.string() }).parse(JSON.parse(body));
  return { body: JSON.stringify({ MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex') }) };
};

test('PutEvents with one entry that is not taken: its reason, and undefined for the others', async () => {
  const { asked } = await endpoint(() => ({
    body: JSON.stringify({
      FailedEntryCount: 1,
      Entries: [
        { EventId: 'e-1' },
        { ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' },
        { EventId: 'e-3' },
      ],
    }),
  }));
  const reasons = await new EventBridgeBus('bus').tell([event(1), event(2), event(3)]);
  expect(reasons).toEqual([undefined, 'ThrottlingException: slow down', undefined]);
  expect(asked.flatMap(entriesOf)[0]).toMatchObject({
    EventBusName: 'bus',
    Source: 'getschwifty',
    DetailType: 'ImagePassed',
    Detail: JSON.stringify(event(1)),
  });
});

test('ten entries a call; a call that fails is the reason of its own entries', async () => {
  let calls = 0;
  const { asked } = await endpoint((one) => {
    if (++calls === 2)
      return { status: 400, body: JSON.stringify({ __type: 'LimitExceeded', message: 'no' }) };
    return {
      body: JSON.stringify({ FailedEntryCount: 0, Entries: entriesOf(one).map(() => ({ EventId: 'e' })) }),
    };
  });
  const reasons = await new EventBridgeBus('bus').tell(Array.from({ length: 25 }, (_, i) => event(i)));
  expect(asked.map((one) => entriesOf(one).length)).toEqual([10, 10, 5]);
  expect(reasons.map((reason) => reason === undefined)).toEqual(
    Array.from({ length: 25 }, (_, i) => i < 10 || i >= 20),
  );
  expect(reasons[10]).toContain('LimitExceeded');
});

test('an answer with too few entries: what is not said to be taken was not', async () => {
  await endpoint(() => ({ body: JSON.stringify({ Entries: [{ EventId: 'e-1' }] }) }));
  const reasons = await new EventBridgeBus('bus').tell([event(1), event(2)]);
  expect(reasons).toEqual([undefined, 'no answer: EventBridge does not say why']);
});

test('nothing to tell asks nothing', async () => {
  const { asked } = await endpoint(() => ({ body: '{}' }));
  expect(await new EventBridgeBus('bus').tell([])).toEqual([]);
  expect(asked).toEqual([]);
});

test('a look goes to the queue of its stage and cluster, with its delay', async () => {
  const { asked, endpoint: url } = await endpoint(taken);
  const looks = new SqsLooks((stage, cluster) =>
    cluster === 'main' ? `${url}/000000000000/${stage}` : undefined,
  );
  await looks.send('deploy', 'main', { kind: 'look', environment: web }, 5);
  expect(asked.map(({ body }): unknown => JSON.parse(body))).toMatchObject([
    {
      QueueUrl: `${url}/000000000000/deploy`,
      DelaySeconds: 5,
      MessageBody: '{"kind":"look","environment":{"team":"checkout","name":"web"}}',
    },
  ]);
  await expect(looks.send('deploy', 'other', { kind: 'look', environment: web }, 5)).rejects.toThrow(
    new Rejected('No queue for looks of deploy in cluster other is configured.'),
  );
});

test("the pager's subject is what SNS takes: ASCII, one line, below 100 characters", async () => {
  const { asked } = await endpoint(() => ({
    headers: { 'content-type': 'text/xml' },
    body: '<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>',
  }));
  const pager = new SnsPager('arn:aws:sns:us-east-1:000000000000:pager');
  await pager.tell({ subject: `[OPEN] caf\u00e9\n${'x'.repeat(200)}`, body: { state: 'open' } });
  const [sent] = asked.map(({ body }) => new URLSearchParams(body));
  expect(sent?.get('Subject')).toMatch(/^\[OPEN\] caf\?\?x{87}$/);
  expect(sent?.get('Message')).toBe('{"state":"open"}');
});

test('a dead letter is the message as it was, with reason and source', async () => {
  const { asked, endpoint: url } = await endpoint(taken);
  await toDeadLetters(`${url}/000000000000/dlq`)(sqsRecord('{"broken'), 'because '.repeat(300));
  expect(asked.map(({ body }): unknown => JSON.parse(body))).toMatchObject([
    {
      MessageBody: '{"broken',
      MessageAttributes: {
        reason: { StringValue: 'because '.repeat(125) },
        source: { StringValue: 'arn:aws:sqs:us-east-1:000000000000:stage' },
      },
    },
  ]);
});
