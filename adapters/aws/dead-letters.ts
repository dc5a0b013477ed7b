/** A stage's DLQ, for messages that can never work: each goes there as it came, with the reason beside it. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { retryable } from './errors.ts';

/** A reason must never stop a message: it is cut, and what SQS refuses is taken out. */
const reasonLength = 1000;
/** SQS API reference, SendMessage: the characters of XML 1.0 are taken, no others, and no value is empty. */
const refused = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;
const attribute = (text: string) => ({
  DataType: 'String',
  StringValue: text.slice(0, reasonLength).replace(refused, '?') || 'no reason was given',
});

/** The parts of an SQS record that are kept. */
export interface DeadLetter {
  readonly body: string;
  readonly eventSourceARN: string;
}

export function toDeadLetters(
  queueUrl: string,
  client: SQSClient = new SQSClient({}),
): (record: DeadLetter, reason: string) => Promise<void> {
  return async (record, reason) => {
    const command = new SendMessageCommand({
      QueueUrl: queueUrl,
      MessageBody: record.body,
      MessageAttributes: { reason: attribute(reason), source: attribute(record.eventSourceARN) },
    });
    await retryable('SendMessage', () => client.send(command));
  };
}
