/** The queues of data jobs in SQS: one each, made when a job begins and removed when it has ended. */
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { Retryable } from '#core/errors.ts';
import type { JobQueues } from '#core/jobs/job-ports.ts';
import { SqsChunkQueue } from './chunk-queue.ts';
import { retryable } from './errors.ts';

/** A role's rights end with the job's name: `getschwifty-job-…`. */
const nameOf = (job: string): string => `getschwifty-${job}`;

const attributes = {
  /** A worker hides its message for its lease at once; until then nobody else is to have it. */
  VisibilityTimeout: '30',
  /** As long as SQS keeps one: a job may be paused. What it forgets is sent again. */
  MessageRetentionPeriod: '1209600',
  SqsManagedSseEnabled: 'true',
} as const;
const counts = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

export class SqsJobQueues implements JobQueues {
  readonly #client: SQSClient;

  constructor(client: SQSClient = new SQSClient({})) {
    this.#client = client;
  }

  async make(job: string): Promise<string> {
    const command = new CreateQueueCommand({
      QueueName: nameOf(job),
      Attributes: attributes,
      tags: { 'getschwifty:job': job },
    });
    try {
      const { QueueUrl } = await retryable('CreateQueue', () => this.#client.send(command));
      if (QueueUrl === undefined) throw new Error('SQS made a queue without a URL');
      return QueueUrl;
    } catch (error) {
      // SQS API reference, CreateQueue: one of that name was deleted less than 60 s ago.
      if (!isCalled(error, 'QueueDeletedRecently')) throw error;
      throw new Retryable(`The queue of ${job} was removed a moment ago.`, { cause: error });
    }
  }

  async url(job: string): Promise<string | undefined> {
    const command = new GetQueueUrlCommand({ QueueName: nameOf(job) });
    const found = await unlessGone(retryable('GetQueueUrl', () => this.#client.send(command)));
    return found?.QueueUrl;
  }

  async messages(job: string): Promise<number | undefined> {
    const QueueUrl = await this.url(job);
    if (QueueUrl === undefined) return undefined;
    const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...counts] });
    const found = await unlessGone(retryable('GetQueueAttributes', () => this.#client.send(command)));
    if (found === undefined) return undefined;
    return counts.reduce((sum, name) => sum + Number(found.Attributes?.[name] ?? 0), 0);
  }

  async remove(job: string): Promise<void> {
    const QueueUrl = await this.url(job);
    if (QueueUrl === undefined) return;
    const command = new DeleteQueueCommand({ QueueUrl });
    await unlessGone(retryable('DeleteQueue', () => this.#client.send(command)));
  }

  at(url: string): SqsChunkQueue {
    return new SqsChunkQueue(url, this.#client);
  }
}

/** The older name of each is what the query protocol calls it. */
const isCalled = (error: unknown, name: string): boolean =>
  error instanceof Error &&
  (error.name.includes(name) || error.name.includes(`AWS.SimpleQueueService.${name}`));

async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isCalled(error, 'QueueDoesNotExist') || isCalled(error, 'NonExistentQueue')) return undefined;
    throw error;
  }
}
