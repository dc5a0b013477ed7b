/** Why a message is in a DLQ: the shapes are those that AWS documents for each way there. */
import { describe, expect, it, test } from 'vitest';
import { type DeadMessage, namedEntry, reasonOf, shortened } from '#core/dead-letter.ts';

const message = (parts: Partial<DeadMessage> = {}): DeadMessage => ({
  id: 'm-1',
  body: '{}',
  sentAt: '2026-03-01T12:00:00.000Z',
  attributes: {},
  movedBySqs: false,
  ...parts,
});
/** AWS Lambda developer guide, "Capturing discarded batches for a DynamoDB event source". */
const streamBatch = {
  requestContext: {
    requestId: '316aa6d0',
    functionArn: 'arn:aws:lambda:us-east-2:111122223333:function:outbox',
    condition: 'RetryAttemptsExhausted',
    approximateInvokeCount: 6,
  },
  responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
  version: '1.0',
  timestamp: '2026-03-01T12:00:00.000Z',
  DDBStreamBatchInfo: {
    shardId: 'shardId-1',
    startSequenceNumber: '800',
    endSequenceNumber: '801',
    approximateArrivalOfFirstRecord: '2026-03-01T11:00:00Z',
    approximateArrivalOfLastRecord: '2026-03-01T11:00:01Z',
    batchSize: 2,
    streamArn: 'arn:aws:dynamodb:us-east-2:111122223333:table/t/stream/s',
  },
};

describe('the reason of a message', () => {
  const failure = {
    stage: 'deploy',
    attempt: 5,
    reason: 'Rejected: another cluster',
    at: '2026-03-01T12:05:00.000Z',
  };
  test.each([
    [
      'its stage refused it',
      message({ attributes: { reason: 'no digest', source: 'arn' } }),
      'refused',
      /^no digest$/,
    ],
    [
      'EventBridge could not deliver it',
      message({
        attributes: {
          ERROR_CODE: 'NO_PERMISSIONS',
          ERROR_MESSAGE: 'not allowed',
          EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
          RULE_ARN: 'arn',
        },
      }),
      'undelivered',
      /^EventBridge could not deliver it: NO_PERMISSIONS \(not allowed, MaximumRetryAttempts\)$/,
    ],
    [
      'an invocation failed',
      message({ attributes: { RequestID: '1', ErrorCode: '200', ErrorMessage: 'boom' } }),
      'invocation',
      /^The invocation failed: 200 boom$/,
    ],
    [
      'Lambda gave the stream up',
      message({ body: JSON.stringify(streamBatch) }),
      'stream',
      /given up at shardId-1 800 to 801 \(2 records, RetryAttemptsExhausted, Unhandled\)\. The entries are not here/,
    ],
    ['nothing is known', message(), 'unknown', /put here by hand/],
    [
      'SQS moved it, and no reason was kept',
      message({ movedBySqs: true }),
      'failed',
      /messageId m-1 in the log/,
    ],
  ] as const)('%s', (_, dead, kind, text) => {
    const reason = reasonOf(dead, undefined);
    expect(reason.kind).toBe(kind);
    expect(reason.text).toMatch(text);
  });

  it('is what the stage kept, where SQS moved the message', () => {
    expect(reasonOf(message({ movedBySqs: true }), failure)).toEqual({
      kind: 'failed',
      text: 'Attempt 5 of deploy at 2026-03-01T12:05:00.000Z: Rejected: another cluster',
    });
  });

  it("is the attribute, whatever the body looks like: a reason can't be forged by a body", () => {
    const dead = message({ attributes: { reason: 'malformed' }, body: JSON.stringify(streamBatch) });
    expect(reasonOf(dead, failure)).toEqual({ kind: 'refused', text: 'malformed' });
  });
});

test('an entry of the outbox is named by a message; a position in the stream names none', () => {
  const named = { environment: 'checkout/web', id: '0000000003-0' };
  expect(namedEntry(message({ body: JSON.stringify(named) }))).toEqual({
    environment: { team: 'checkout', name: 'web' },
    id: '0000000003-0',
  });
  for (const body of ['', 'null', JSON.stringify(streamBatch), '{"environment":"x","id":"1"}'])
    expect(namedEntry(message({ body }))).toBeUndefined();
});

test('a body is shown on one line, and not all of it', () => {
  expect(shortened('{\n  "a": 1\n}')).toBe('{ "a": 1 }');
  expect(shortened('x'.repeat(500), 10)).toBe(`${'x'.repeat(10)}… (500 characters)`);
});
