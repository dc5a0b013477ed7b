/** The queue of a data job in SQS. */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { Retryable } from '#core/errors.ts';
import { deliveryOf } from '#core/jobs/delivered.ts';
import type { ChunkMessage } from '#core/jobs/messages.ts';
import { batchesOf } from '#core/jobs/plan.ts';
import type { ChunkQueue, Delivery } from '#core/jobs/ports.ts';
import { retryable } from './errors.ts';

const tries = 3;
/** SQS waits as long at most. */
const longestWaitSeconds = 20;

export class SqsChunkQueue implements ChunkQueue {
  readonly #url: string;
  readonly #client: SQSClient;

  constructor(url: string, client: SQSClient = new SQSClient({})) {
    this.#url = url;
    this.#client = client;
  }

  async send(messages: Iterable<ChunkMessage>): Promise<void> {
    for (const batch of batchesOf(Iterator.from(messages).map((message) => JSON.stringify(message))))
      await this.#sendBatch(batch);
  }

  /** What a call leaves out is sent again; a message that comes twice is one chunk. */
  async #sendBatch(bodies: readonly string[]): Promise<void> {
    let left = bodies.map((MessageBody, i) => ({ Id: String(i), MessageBody }));
    let reason = '';
    for (let turn = 0; turn < tries && left.length > 0; turn++) {
      const command = new SendMessageBatchCommand({ QueueUrl: this.#url, Entries: left });
      const { Successful = [], Failed = [] } = await retryable('SendMessageBatch', () =>
        this.#client.send(command),
      );
      const taken = new Set(Successful.map(({ Id }) => Id));
      left = left.filter(({ Id }) => !taken.has(Id));
      reason = Failed.map(({ Code, Message }) => `${Code}: ${Message ?? ''}`).join('; ');
    }
    if (left.length > 0) throw new Retryable(`SQS did not take ${left.length} chunks. ${reason}`);
  }

  /** @throws NoChunk for what is none. The queue has no DLQ: who gets it removes it, or it would come again for 14 days. */
  async receive(seconds: number, abortSignal: AbortSignal): Promise<Delivery | undefined> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#url,
      MaxNumberOfMessages: 1,
      WaitTimeSeconds: Math.min(seconds, longestWaitSeconds),
    });
    const { Messages = [] } = await retryable('ReceiveMessage', () =>
      this.#client.send(command, { abortSignal }),
    ).catch((error: unknown) => {
      // A message that was on its way comes to somebody else, when it is visible again.
      if (abortSignal.aborted) return { Messages: [] };
      throw error;
    });
    const [message] = Messages;
    if (message?.ReceiptHandle === undefined) return undefined;
    return deliveryOf(message.Body ?? '', message.ReceiptHandle, `message ${message.MessageId}`);
  }

  async hide(ReceiptHandle: string, seconds: number): Promise<void> {
    const command = new ChangeMessageVisibilityCommand({
      QueueUrl: this.#url,
      ReceiptHandle,
      VisibilityTimeout: Math.ceil(seconds),
    });
    await retryable('ChangeMessageVisibility', () => this.#client.send(command));
  }

  async remove(ReceiptHandle: string): Promise<void> {
    const command = new DeleteMessageCommand({ QueueUrl: this.#url, ReceiptHandle });
    await retryable('DeleteMessage', () => this.#client.send(command));
  }
}
