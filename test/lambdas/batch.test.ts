/** The wrapper of a stage that does a batch together: each message is judged alone. */
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { expect, test, vi } from 'vitest';
import { MemoryStore } from '#adapters/memory/store.ts';
import { Conflict, Rejected, Retryable } from '#core/errors.ts';
import { batchHandler, type HandleAll } from '#lambdas/runtime/batch.ts';
import { keyOf } from '../contracts/samples.ts';
import { look, sqsRecord } from './world.ts';

const names = ['web', 'shop', 'api'] as const;
const records = (...bodies: unknown[]): SQSEvent => ({
  Records: bodies.map((body, i) => sqsRecord(body, `m-${i}`)),
});
const looks = () => records(...names.map((name) => look(keyOf('checkout', name))));

function handlerOf(handleAll: HandleAll, refuse?: (record: SQSRecord, reason: string) => Promise<void>) {
  const failures = new MemoryStore();
  return {
    failures,
    handler: batchHandler(handleAll, { stage: 'dns', failures, ...(refuse && { refuse }) }),
  };
}

test('the batch is handled once, together; which message asked is told with it', async () => {
  const handleAll = vi.fn<HandleAll>(async (messages) => messages.map(() => undefined));
  expect(await handlerOf(handleAll).handler(looks())).toEqual({ batchItemFailures: [] });
  expect(handleAll).toHaveBeenCalledTimes(1);
  expect(handleAll.mock.calls[0]?.[0]).toMatchObject([{ cause: 'm-0' }, { cause: 'm-1' }, { cause: 'm-2' }]);
});

test('one comes again, one can never work, one is no message: the others are done', async () => {
  const refused: string[] = [];
  const { handler, failures } = handlerOf(
    async (messages) =>
      messages.map(({ cause }) => {
        if (cause === 'm-0') return new Retryable('throttled');
        return cause === 'm-1' ? new Rejected('no such zone') : undefined;
      }),
    async ({ messageId }, reason) => void refused.push(`${messageId}: ${reason}`),
  );
  const [web, shop, api] = names.map((name) => look(keyOf('checkout', name)));
  const answer = await handler(records(web, shop, api, '{'));
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm-0' }] });
  expect(refused).toEqual(['m-1: no such zone', expect.stringMatching(/^m-3: message m-3 is not JSON/)]);
  expect(await failures.failure('m-0')).toMatchObject({ stage: 'dns', reason: 'Retryable: throttled' });
});

test('what conflicts is done again, alone, six times at most', async () => {
  const asked: (string | undefined)[][] = [];
  const { handler } = handlerOf(async (messages) => {
    asked.push(messages.map(({ cause }) => cause));
    return messages.map(({ cause }) => {
      if (cause === 'm-0') return new Conflict('always');
      return cause === 'm-1' && asked.length === 1 ? new Conflict('once') : undefined;
    });
  });
  expect(await handler(looks())).toEqual({ batchItemFailures: [{ itemIdentifier: 'm-0' }] });
  const alone = ['m-0'];
  expect(asked).toEqual([['m-0', 'm-1', 'm-2'], ['m-0', 'm-1'], alone, alone, alone, alone]);
});

test('a DLQ that does not answer loses nothing: the message comes again', async () => {
  const refuse = () => Promise.reject(new Error('SQS is down'));
  const { handler } = handlerOf(async (messages) => messages.map(() => undefined), refuse);
  expect(await handler(records('{', look()))).toEqual({ batchItemFailures: [{ itemIdentifier: 'm-0' }] });
});
