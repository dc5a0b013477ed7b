/** The gate on real pushes: what it says of them, and what becomes of messages that are wrong, doubled or refused. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteRolePolicyCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { Table } from '#adapters/aws/table.ts';
import type { Digest } from '#core/names.ts';
import { EnvironmentKey } from '#core/names.ts';
import type { Verdict } from '#core/verdict.ts';
import { until } from '#local/demo/world.ts';
import { access, output } from './cloud.ts';
import { debian, distribution, push } from './push.ts';

/** An environment of the configuration that nobody asked for: its pushes get a verdict, and that is all. */
const key = EnvironmentKey.parse({ team: 'checkout', name: 'api' });
const repository = 'candidate/checkout/api';
const table = new Table(output('TableName'), new DynamoDBClient(access.sdk));
const sqs = new SQSClient(access.sdk);

const verdictOn = (digest: Digest): Promise<Verdict> =>
  until('a verdict', 60, () => table.verdict(key, digest));

const pushEvent = (digest: string) => ({
  version: '0',
  id: `e2e-${digest.slice(7, 19)}`,
  'detail-type': 'ECR Image Action',
  source: 'aws.ecr',
  detail: { result: 'SUCCESS', 'repository-name': repository, 'image-digest': digest, 'action-type': 'PUSH' },
});

const send = (message: unknown) =>
  sqs.send(
    new SendMessageCommand({ QueueUrl: output('GateQueueUrl'), MessageBody: JSON.stringify(message) }),
  );

describe('the gate', () => {
  it('passes an image that nothing is known against', async () => {
    const verdict = await verdictOn(await push(repository, 'clean', debian));
    expect(verdict).toMatchObject({ result: 'pass', blocking: 0, policyVersion: '1' });
  });

  it('blocks an image with a known hole, and names what fixes it', async () => {
    const files = { ...debian, ...distribution('Werkzeug', '2.2.2') };
    const verdict = await verdictOn(await push(repository, 'hole', files));
    expect(verdict.result).toBe('block');
    expect(verdict.fixes).toMatchObject([{ manager: 'pip', package: expect.stringMatching(/^werkzeug$/i) }]);
  });

  it('blocks what can not be scanned: Inspector does not tell of it, so the registry is asked again', async () => {
    const digest = await push(repository, 'scratch', { app: 'no operating system here' });
    const verdict = await until('a verdict', 60, async () => {
      await send(pushEvent(digest));
      return table.verdict(key, digest);
    });
    expect(verdict).toMatchObject({ result: 'block', reasons: [{ rule: 'scan-unsupported' }] });
  });

  it('says the same, however often it is told', async () => {
    const digest = await push(repository, 'doubled', { ...debian, 'etc/doubled': 'yes' });
    const first = await verdictOn(digest);
    await Promise.all([send(pushEvent(digest)), send(pushEvent(digest)), send(pushEvent(digest))]);
    await until('the doubled messages to be handled', 60, async () => {
      const again = await table.verdict(key, digest);
      return again && again.decidedAt > first.decidedAt ? again : undefined;
    });
    expect(await table.verdict(key, digest)).toMatchObject({ ...first, decidedAt: expect.any(String) });
  });

  it('puts a message that it can not read into the DLQ, with the reason', async () => {
    const body = JSON.stringify({
      id: 'e2e-malformed',
      source: 'aws.ecr',
      'detail-type': 'ECR Image Scan',
      detail: {},
    });
    await sqs.send(new SendMessageCommand({ QueueUrl: output('GateQueueUrl'), MessageBody: body }));
    const dead = await until('the message in the DLQ', 60, () => deadLetter(body));
    expect(dead.reason).toMatch(
      /^event e2e-malformed \(aws\.ecr ECR Image Scan\) is not valid: repository-name: .*image-digest: /,
    );
  });

  it('may do only what its role says', async () => {
    const digest = await push(repository, 'refused', { ...debian, 'etc/refused': 'yes' });
    await verdictOn(digest);
    const restore = await takePoliciesAway(output('GateFunctionName'));
    try {
      expect(await invokeGate(digest)).toMatchObject({
        failures: 1,
        log: expect.stringMatching(/not authorized to perform/),
      });
    } finally {
      await restore();
    }
    expect(await invokeGate(digest)).toMatchObject({ failures: 0 });
  });
});

async function deadLetter(body: string): Promise<{ reason: string } | undefined> {
  const QueueUrl = output('GateDlqUrl');
  const answer = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MessageAttributeNames: ['All'],
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 1,
    }),
  );
  const found = answer.Messages?.find((message) => message.Body === body);
  if (!found) return undefined;
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: found.ReceiptHandle }));
  return { reason: found.MessageAttributes?.['reason']?.StringValue ?? '' };
}

/** The function's role without any of its own policies. @returns what puts them back. */
async function takePoliciesAway(FunctionName: string): Promise<() => Promise<void>> {
  const iam = new IAMClient(access.sdk);
  const { Role } = await new LambdaClient(access.sdk).send(
    new GetFunctionConfigurationCommand({ FunctionName }),
  );
  const RoleName = Role?.split('/').at(-1);
  const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
  expect(PolicyNames.length).toBeGreaterThan(0);
  const policies = await Promise.all(
    PolicyNames.map(async (PolicyName) => {
      const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      return { RoleName, PolicyName, PolicyDocument: decodeURIComponent(PolicyDocument ?? '') };
    }),
  );
  await Promise.all(
    policies.map(({ PolicyName }) => iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }))),
  );
  return async () => {
    await Promise.all(policies.map((policy) => iam.send(new PutRolePolicyCommand(policy))));
  };
}

/** The gate's function, called as its queue calls it. */
async function invokeGate(digest: string): Promise<{ failures: number; log: string }> {
  const record = {
    messageId: 'e2e-1',
    receiptHandle: 'none',
    body: JSON.stringify(pushEvent(digest)),
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: 'e2e',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:e2e',
    awsRegion: 'us-east-1',
  };
  const answer = await new LambdaClient(access.sdk).send(
    new InvokeCommand({
      FunctionName: output('GateFunctionName'),
      LogType: 'Tail',
      Payload: JSON.stringify({ Records: [record] }),
    }),
  );
  const payload: unknown = JSON.parse(Buffer.from(answer.Payload ?? []).toString('utf8'));
  const failures =
    typeof payload === 'object' && payload !== null && 'batchItemFailures' in payload
      ? payload.batchItemFailures
      : undefined;
  if (!Array.isArray(failures)) throw new Error(`the gate answered ${JSON.stringify(payload)}`);
  return { failures: failures.length, log: Buffer.from(answer.LogResult ?? '', 'base64').toString('utf8') };
}
