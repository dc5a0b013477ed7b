/** Chunks of data jobs, in the table: one partition a job, an item for each chunk that was ever taken. */
import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { Conflict, parse } from '#core/errors.ts';
import { ChunkState } from '#core/jobs/chunk.ts';
import type { ChunkStore } from '#core/jobs/ports.ts';
import { retryable } from './errors.ts';
import { itemsOf } from './partition.ts';

const partition = (job: string): string => `CHUNK#${job}`;
const stateOf = (item: unknown, job: string): ChunkState => parse(ChunkState, item, `a chunk of job ${job}`);

export class ChunkItems implements ChunkStore {
  readonly #table: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(table: string, client: DynamoDBClient = new DynamoDBClient({})) {
    this.#table = table;
    this.#client = DynamoDBDocumentClient.from(client);
  }

  /** Consistent: a chunk that was just committed must not be taken again. */
  async read(job: string, id: string): Promise<ChunkState | undefined> {
    const Key = { pk: partition(job), sk: id };
    const command = new GetCommand({ TableName: this.#table, Key, ConsistentRead: true });
    const { Item } = await retryable('GetItem', () => this.#client.send(command));
    return Item && stateOf(Item, job);
  }

  async write(state: ChunkState): Promise<void> {
    const { job, chunk, version } = state;
    const command = new PutCommand({
      TableName: this.#table,
      Item: { pk: partition(job), sk: chunk.id, ...state },
      ...(version === 1
        ? { ConditionExpression: 'attribute_not_exists(pk)' }
        : {
            ConditionExpression: '#version = :expected',
            ExpressionAttributeNames: { '#version': 'version' },
            ExpressionAttributeValues: { ':expected': version - 1 },
          }),
    });
    try {
      await retryable('PutItem', () => this.#client.send(command));
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      throw new Conflict(`Chunk ${chunk.id} of job ${job} is not at version ${version - 1} any more.`);
    }
  }

  async *list(job: string): AsyncIterable<ChunkState> {
    for await (const item of itemsOf(this.#client, this.#table, partition(job))) yield stateOf(item, job);
  }
}
