/** What a watcher sees, into the queue of its cluster's deployer. */
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Sights } from '#core/ports.ts';

export class SqsSights implements Sights {
  readonly #url: string;
  readonly #client: SQSClient;

  constructor(url: string, client: SQSClient = new SQSClient({})) {
    this.#url = url;
    this.#client = client;
  }

  /** A call that fails is the reason of all its messages. */
  async send(messages: Parameters<Sights['send']>[0]): Promise<readonly (string | undefined)[]> {
    if (messages.length === 0) return [];
    const Entries = messages.map((message, i) => ({ Id: String(i), MessageBody: JSON.stringify(message) }));
    try {
      const { Successful = [], Failed = [] } = await this.#client.send(
        new SendMessageBatchCommand({ QueueUrl: this.#url, Entries }),
      );
      const taken = new Set(Successful.map(({ Id }) => Id));
      const reasons = new Map(Failed.map(({ Id, Code, Message }) => [Id, `${Code}: ${Message ?? ''}`]));
      return Entries.map(({ Id }) =>
        taken.has(Id) ? undefined : (reasons.get(Id) ?? 'SQS does not say that it took it'),
      );
    } catch (error) {
      return messages.map(() => String(error));
    }
  }
}
