/** A stage's DLQ, for messages that can never work: each goes there as it came, with the reason beside it. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

/** SQS takes 1,024 characters and more in an attribute; a reason is cut so that it never stops a message. */
const reasonLength = 1000;

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
    await client.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: record.body,
        MessageAttributes: {
          reason: { DataType: 'String', StringValue: reason.slice(0, reasonLength) },
          source: { DataType: 'String', StringValue: record.eventSourceARN },
        },
      }),
    );
  };
}
