/** The DLQs: messages that can never work are put there with their reason, and people see, redrive and drop them. */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { DeadLetterPlace } from '#core/dead-letter.ts';
import { Rejected } from '#core/errors.ts';
import { environmentId } from '#core/names.ts';
import type { DeadLetterQueues, HeldMessage, OutboxRef } from '#core/ports.ts';
import { once } from '../once.ts';
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
  client: () => SQSClient = once(() => new SQSClient({})),
): (record: DeadLetter, reason: string) => Promise<void> {
  return async (record, reason) => {
    const command = new SendMessageCommand({
      QueueUrl: queueUrl,
      MessageBody: record.body,
      MessageAttributes: { reason: attribute(reason), source: attribute(record.eventSourceARN) },
    });
    await retryable('SendMessage', () => client().send(command));
  };
}

/** An entry of the outbox that can't be read: its name goes to the outbox's DLQ, the entry stays where it is. */
export function reportUnreadable(queueUrl: string): (entry: OutboxRef, reason: string) => Promise<void> {
  const send = toDeadLetters(queueUrl);
  return ({ environment, id }, reason) => {
    const body = JSON.stringify({ environment: environmentId(environment), id });
    return send({ body, eventSourceARN: 'outbox' }, `The entry can't be read: ${reason}`);
  };
}

export class SqsDeadLetters implements DeadLetterQueues {
  readonly places: readonly DeadLetterPlace[];
  readonly #client: () => SQSClient;

  constructor(places: readonly DeadLetterPlace[], client: () => SQSClient = once(() => new SQSClient({}))) {
    this.places = places;
    this.#client = client;
  }

  /** Visible ones, and those that somebody holds. */
  async count(name: string): Promise<number> {
    const command = new GetQueueAttributesCommand({
      QueueUrl: this.#place(name).url,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    });
    const { Attributes = {} } = await retryable('GetQueueAttributes', () => this.#client().send(command));
    return Object.values(Attributes).reduce((sum, value) => sum + Number(value), 0);
  }

  async receive(name: string, seconds: number): Promise<readonly HeldMessage[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#place(name).url,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: seconds,
      // Long polling asks all of SQS's servers; short polling may find nothing where there is something.
      WaitTimeSeconds: 1,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['SentTimestamp', 'DeadLetterQueueSourceArn'],
    });
    const { Messages = [] } = await retryable('ReceiveMessage', () => this.#client().send(command));
    return Messages.map(heldMessage);
  }

  async release(name: string, { handle }: HeldMessage): Promise<void> {
    const command = { QueueUrl: this.#place(name).url, ReceiptHandle: handle, VisibilityTimeout: 0 };
    await retryable('ChangeMessageVisibility', () =>
      this.#client().send(new ChangeMessageVisibilityCommand(command)),
    );
  }

  /** The body alone: attributes say why it failed last time, and would lie the next time. */
  async resend(name: string, { body }: HeldMessage): Promise<void> {
    const { queueUrl } = this.#place(name);
    if (queueUrl === undefined)
      throw new Rejected(`${name} has no queue that its messages could go back to.`);
    const command = new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body });
    await retryable('SendMessage', () => this.#client().send(command));
  }

  async remove(name: string, { handle }: HeldMessage): Promise<void> {
    const command = { QueueUrl: this.#place(name).url, ReceiptHandle: handle };
    await retryable('DeleteMessage', () => this.#client().send(new DeleteMessageCommand(command)));
  }

  #place(name: string): DeadLetterPlace {
    const place = this.places.find((entry) => entry.name === name);
    if (!place) throw new Rejected(`There is no DLQ ${name}.`);
    return place;
  }
}

function heldMessage(message: Message): HeldMessage {
  const { MessageId = '', ReceiptHandle = '', Body = '', Attributes = {}, MessageAttributes = {} } = message;
  const texts = Object.entries(MessageAttributes).flatMap(([name, { StringValue }]) =>
    StringValue === undefined ? [] : [[name, StringValue]],
  );
  return {
    id: MessageId,
    handle: ReceiptHandle,
    body: Body,
    sentAt: new Date(Number(Attributes['SentTimestamp'] ?? 0)).toISOString(),
    attributes: Object.fromEntries(texts),
    movedBySqs: 'DeadLetterQueueSourceArn' in Attributes,
  };
}
