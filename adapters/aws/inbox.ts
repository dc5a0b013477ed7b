/** What a stage that reaches SQS does with a message that failed: one that can never work goes to the DLQ, another one comes again, later each time. */
import { ChangeMessageVisibilityCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Retryable } from '#core/errors.ts';
import { once } from '../once.ts';
import { toDeadLetters } from './dead-letters.ts';
import { retryable } from './errors.ts';

/** The parts of an SQS record that name its delivery. */
interface Delivered {
  readonly eventSourceARN: string;
  readonly receiptHandle: string;
}

export const inboxOf = (dlqUrl: string, client: () => SQSClient = once(() => new SQSClient({}))) => ({
  refuse: toDeadLetters(dlqUrl, client),
  comeAgain: comeAgain(client),
});

/** Nobody gets it before so many seconds are over, and then somebody does. */
function comeAgain(client: () => SQSClient): (record: Delivered, seconds: number) => Promise<void> {
  const urls = new Map<string, string>();
  const urlOf = async (arn: string): Promise<string> => {
    const known = urls.get(arn);
    if (known !== undefined) return known;
    const [, , , , account, name] = arn.split(':');
    const command = new GetQueueUrlCommand({ QueueName: name, QueueOwnerAWSAccountId: account });
    const { QueueUrl } = await retryable('GetQueueUrl', () => client().send(command));
    if (QueueUrl === undefined) throw new Retryable(`SQS gave no address of ${arn}.`);
    urls.set(arn, QueueUrl);
    return QueueUrl;
  };
  return async ({ eventSourceARN, receiptHandle }, seconds) => {
    const command = new ChangeMessageVisibilityCommand({
      QueueUrl: await urlOf(eventSourceARN),
      ReceiptHandle: receiptHandle,
      VisibilityTimeout: seconds,
    });
    await retryable('ChangeMessageVisibility', () => client().send(command));
  };
}
