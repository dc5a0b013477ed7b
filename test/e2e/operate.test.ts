/** What people on call do: every DLQ is seen, each message is read with its reason, and done again. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Person, signIn } from '#local/demo/people.ts';
import { until } from '#local/demo/world.ts';
import { ApiError } from '../../api/client/client.ts';
import { access, output } from './cloud.ts';

const sqs = new SQSClient(access.sdk);
const table = DynamoDBDocumentClient.from(new DynamoDBClient(access.sdk));
const run = Date.now().toString(36);

const put = (queue: string, body: unknown) =>
  sqs.send(new SendMessageCommand({ QueueUrl: output(queue), MessageBody: JSON.stringify(body) }));

describe('operators', () => {
  let olga: Person;
  beforeAll(async () => {
    olga = await signIn(access, 'olga');
  });

  const shown = (dlq: string, mark: string, seconds = 60) =>
    until(`a message in ${dlq}`, seconds, async () =>
      (await olga.client.dlq(dlq)).messages.find(({ body }) => body.includes(mark)),
    );

  it('are let in by their group, and nobody else is', async () => {
    const bob = await signIn(access, 'bob');
    const refusal = await bob.client.dlqs().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ApiError);
    expect(refusal).toMatchObject({ problem: { status: 403, title: 'Not allowed' } });
  });

  it('see every DLQ', async () => {
    const { queues } = await olga.client.dlqs();
    const names = queues.map(({ name }) => name);
    for (const name of ['build', 'gate', 'promote', 'dns', 'pager', 'outbox', 'reconcile', 'deploy-main'])
      expect(names).toContain(name);
  });

  it('read why a stage refused a message, and move it once the cause is gone', async () => {
    const repository = `candidate/checkout/cause-${run}`;
    const detail = { 'repository-name': repository, 'image-digest': `sha256:${'0'.repeat(64)}` };
    const bad = {
      id: `e2e-${run}`,
      source: 'aws.ecr',
      'detail-type': 'ECR Image Scan',
      detail: { ...detail, 'image-digest': 'none' },
    };
    await put('GateQueueUrl', bad);
    const dead = await shown('gate', repository);
    expect(dead).toMatchObject({
      why: 'refused',
      reason: expect.stringMatching(/is not valid: image-digest: /),
    });
    const { queues } = await olga.client.dlqs();
    expect(queues.find(({ name }) => name === 'gate')).toMatchObject({ oldestAt: expect.any(String) });
    // Not repaired: it comes straight back, as another message, with its reason.
    expect(await olga.client.redrive('gate', { ids: [dead.id] })).toMatchObject({
      done: [dead.id],
      failed: [],
    });
    const again = await until('the message again', 60, async () =>
      (await olga.client.dlq('gate')).messages.find(
        ({ id, body }) => body.includes(repository) && id !== dead.id,
      ),
    );
    expect(again.reason).toBe(dead.reason);
  });

  it('redrive what can be handled by now', async () => {
    const look = { kind: 'look', environment: { team: 'checkout', name: 'api' }, mark: run };
    await put('PromoteDlqUrl', look);
    const dead = await shown('promote', run);
    expect(dead.why).toBe('unknown');
    const answer = await olga.client.redrive('promote', { ids: [dead.id] });
    expect(answer).toMatchObject({ done: [dead.id], failed: [], missing: [], more: false });
    const left = await olga.client.dlq('promote');
    expect(left.messages.map(({ id }) => id)).not.toContain(dead.id);
    expect(await olga.client.redrive('promote', { ids: [dead.id] })).toMatchObject({
      done: [],
      missing: [dead.id],
    });
  });

  it('read why the deployer failed, though it can not reach SQS', async () => {
    const body = { kind: 'look', environment: { team: 'NOBODY', name: run } };
    const messageId = (await put('DeployMainQueueUrl', body)).MessageId ?? '';
    const kept = await until('the reason in the table', 60, async () => {
      const key = { pk: `FAILURE#${messageId}`, sk: 'LAST' };
      return (await table.send(new GetCommand({ TableName: output('TableName'), Key: key }))).Item;
    });
    expect(kept).toMatchObject({
      stage: 'deploy',
      reason: expect.stringMatching(/^Rejected: message is not valid/),
    });
  });

  it('drain the outbox, and see an entry that can not be read without it stopping the others', async () => {
    const item = {
      pk: `OUTBOX#checkout/poison-${run}`,
      sk: '0000000001-0',
      environment: { team: 'checkout', name: `poison-${run}` },
      message: { kind: 'letter', text: 'of a newer version' },
      pending: 'pending',
      writtenAt: new Date().toISOString(),
    };
    await table.send(new PutCommand({ TableName: output('TableName'), Item: item }));
    const dead = await shown('outbox', `poison-${run}`);
    expect(dead).toMatchObject({
      why: 'refused',
      reason: expect.stringMatching(/^The entry can't be read: message/),
    });
    const stuck = await olga.client.redrive('outbox', { ids: [dead.id] });
    expect(stuck.failed).toMatchObject([{ id: dead.id, reason: expect.stringMatching(/can't be read/) }]);
    // The cause is gone when the code can read it, or the entry is mended.
    const message = { kind: 'look', stage: 'gate', cluster: 'main', delaySeconds: 0 };
    await table.send(new PutCommand({ TableName: output('TableName'), Item: { ...item, message } }));
    const answer = await until('the message of the entry', 60, async () => {
      const redriven = await olga.client.redrive('outbox', { ids: [dead.id] });
      return redriven.done.length > 0 ? redriven : undefined;
    });
    expect(answer.failed).toEqual([]);
    const { Item: sent } = await table.send(
      new GetCommand({ TableName: output('TableName'), Key: { pk: item.pk, sk: item.sk } }),
    );
    expect(sent).toMatchObject({ sentAt: expect.any(String) });
    expect(sent).not.toHaveProperty('pending');
  });
});
