/** The wrapper of every stage that reads a queue. */
import type { SQSRecord } from 'aws-lambda';
import { expect, test, vi } from 'vitest';
import { MemoryStore } from '#adapters/memory/store.ts';
import { Conflict, Rejected, Retryable } from '#core/errors.ts';
import { handleRecord, queueHandler } from '#lambdas/runtime/queue.ts';
import { look, sqsRecord } from './world.ts';

/** Who was refused, and why. */
const refusals = () => {
  const reasons: string[] = [];
  return { reasons, refuse: async (_: SQSRecord, reason: string) => void reasons.push(reason) };
};
const handled = async (body: unknown) => {
  const { reasons, refuse } = refusals();
  await handleRecord(sqsRecord(body), async () => undefined, { refuse });
  return reasons;
};

test.each([
  ['no JSON', '{"source":', /^message m-1 is not JSON: /],
  ['no event', '{}', /^event is not valid: id: .*source: .*detail-type: .*detail: /],
  [
    'an event that nobody takes',
    { id: 'e-1', source: 'aws.s3', 'detail-type': 'Object Deleted', detail: {} },
    /^event e-1 \(aws.s3 Object Deleted\) is of a kind that no stage takes/,
  ],
  [
    'an event of ours that we do not know',
    { id: 'e-2', source: 'getschwifty', 'detail-type': 'Nonsense', detail: {} },
    /^event e-2 \(getschwifty Nonsense\) is not valid: type: /,
  ],
  [
    'a push without a digest',
    {
      id: 'e-3',
      source: 'aws.ecr',
      'detail-type': 'ECR Image Action',
      detail: { 'repository-name': 'candidate/a/b' },
    },
    /^event e-3 \(aws.ecr ECR Image Action\) is not valid: image-digest: /,
  ],
  [
    'a look at what is no environment',
    { kind: 'look', environment: { team: 'A', name: '' } },
    /^message is not valid/,
  ],
])('%s goes to the DLQ at once, with its reason', async (_, body, reason) => {
  expect(await handled(body)).toEqual([expect.stringMatching(reason)]);
});

test('what a stage rejects goes to the DLQ with its reason; what may work later comes again', async () => {
  const { reasons, refuse } = refusals();
  const failing = (error: Error) => handleRecord(sqsRecord(look()), () => Promise.reject(error), { refuse });
  await failing(new Rejected('no such base'));
  await expect(failing(new Retryable('throttled'))).rejects.toThrow('throttled');
  await expect(failing(new Error('a bug'))).rejects.toThrow('a bug');
  expect(reasons).toEqual(['no such base']);
});

test('what failed comes again soon, later each time, and after its last attempt at once, for the DLQ; where that can not be said, it comes all the same', async () => {
  const hidden: number[] = [];
  const comeAgain = async (_: SQSRecord, seconds: number) => void hidden.push(seconds);
  const failing = (attempt: number, means: { comeAgain: typeof comeAgain }) => {
    const record = sqsRecord(look());
    const attributes = { ...record.attributes, ApproximateReceiveCount: String(attempt) };
    return handleRecord({ ...record, attributes }, () => Promise.reject(new Retryable('throttled')), means);
  };
  for (const attempt of [1, 2, 3, 4, 5])
    await expect(failing(attempt, { comeAgain })).rejects.toThrow('throttled');
  expect(hidden).toEqual([30, 120, 480, 1800, 0]);
  const down = { comeAgain: () => Promise.reject(new Error('SQS is down')) };
  await expect(failing(1, down)).rejects.toThrow('throttled');
});

test('what is done, and what can never work, is not brought again', async () => {
  const comeAgain = vi.fn(async () => undefined);
  await handleRecord(sqsRecord(look()), async () => undefined, { comeAgain });
  const { refuse } = refusals();
  await handleRecord(sqsRecord(look()), () => Promise.reject(new Rejected('no')), { refuse, comeAgain });
  expect(comeAgain).not.toHaveBeenCalled();
});

test('a conflict is tried again at once, then after pauses, and after six tries later', async () => {
  const handle = vi.fn(async () => undefined).mockRejectedValueOnce(new Conflict('first'));
  await handleRecord(sqsRecord(look()), handle);
  expect(handle).toHaveBeenCalledTimes(2);
  const never = vi.fn(() => Promise.reject(new Conflict('somebody else')));
  const pause = vi.fn(async () => undefined);
  await expect(handleRecord(sqsRecord(look()), never, { pause })).rejects.toThrow('somebody else');
  expect(never).toHaveBeenCalledTimes(6);
  expect(pause.mock.calls).toEqual([[0], [1], [2], [3], [4]]);
});

test('a DLQ that does not answer loses nothing: the message comes again', async () => {
  const refuse = () => Promise.reject(new Error('SQS is down'));
  await expect(handleRecord(sqsRecord('{'), async () => undefined, { refuse })).rejects.toThrow(
    'SQS is down',
  );
  await expect(handleRecord(sqsRecord('{'), async () => undefined)).rejects.toThrow(Rejected);
});

test('of a batch, the records that failed come again and no others', async () => {
  const { reasons, refuse } = refusals();
  const handler = queueHandler(
    async (signal) => {
      if (signal.kind === 'look' && signal.environment.name === 'shop') throw new Retryable('throttled');
    },
    { stage: 'gate', refuse, failures: new MemoryStore() },
  );
  const shop = { kind: 'look', environment: { team: 'checkout', name: 'shop' } };
  const Records = [
    sqsRecord(look(), 'good'),
    sqsRecord(shop, 'later'),
    sqsRecord('{', 'bad'),
    sqsRecord(look(), 'too'),
  ];
  const answer = await handler({ Records });
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'later' }] });
  expect(reasons).toHaveLength(1);
  const all = await handler({ Records: [sqsRecord(shop, 'one'), sqsRecord(shop, 'two')] });
  expect(all).toEqual({ batchItemFailures: [{ itemIdentifier: 'one' }, { itemIdentifier: 'two' }] });
});

test('why a message failed is kept under its id, each time; SQS moves it without a word', async () => {
  const store = new MemoryStore();
  const failing = queueHandler(() => Promise.reject(new Retryable('no route')), {
    stage: 'deploy',
    failures: store,
  });
  const record = sqsRecord(look(), 'm-5');
  record.attributes.ApproximateReceiveCount = '5';
  const answer = await failing({ Records: [record] });
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm-5' }] });
  expect(await store.failure('m-5')).toMatchObject({
    stage: 'deploy',
    attempt: 5,
    reason: 'Retryable: no route',
  });
  const deaf = { keepFailure: () => Promise.reject(new Error('the table is down')) };
  const other = queueHandler(() => Promise.reject(new Retryable('no route')), {
    stage: 'deploy',
    failures: deaf,
  });
  expect(await other({ Records: [record] })).toEqual(answer);
});

test('a stage is told which message it handles, and one that can not be refused is kept with its reason', async () => {
  const causes: unknown[] = [];
  const store = new MemoryStore();
  const inbox = { stage: 'deploy', failures: store };
  const handler = queueHandler(async (_, cause) => void causes.push(cause), inbox);
  const Records = [sqsRecord(look(), 'm-1'), sqsRecord('{', 'm-2')];
  expect(await handler({ Records })).toEqual({
    batchItemFailures: [{ itemIdentifier: 'm-2' }],
  });
  expect(causes).toEqual(['m-1']);
  expect(await store.failure('m-2')).toMatchObject({
    reason: expect.stringMatching(/^Rejected: .*is not JSON/),
  });
});
