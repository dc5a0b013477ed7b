/** What is kept of builds, in the table: an item a build. */
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { BuildRecords } from '#core/build-ports.ts';
import { BuildRecord } from '#core/build-record.ts';
import { parse } from '#core/errors.ts';
import { keptDays } from '#core/keeping.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import { documents } from './documents.ts';
import { retryable } from './errors.ts';
import { padded } from './items.ts';

const partition = (key: EnvironmentKey): string => `BUILD#${environmentId(key)}`;
const keptSeconds = keptDays.records * 86_400;

export class BuildRecordItems implements BuildRecords {
  readonly #table: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(table: string, client?: DynamoDBClient) {
    this.#table = table;
    this.#client = documents(client);
  }

  async read(key: EnvironmentKey, number: number): Promise<BuildRecord | undefined> {
    const command = new GetCommand({
      TableName: this.#table,
      Key: { pk: partition(key), sk: padded(number) },
      ConsistentRead: true,
    });
    const { Item } = await retryable('GetItem', () => this.#client.send(command));
    return Item && parse(BuildRecord, Item, `what is kept of build ${number} of ${environmentId(key)}`);
  }

  async keep(key: EnvironmentKey, record: BuildRecord): Promise<void> {
    const ttl = Math.floor(Date.parse(record.readAt) / 1000) + keptSeconds;
    const command = new PutCommand({
      TableName: this.#table,
      Item: { pk: partition(key), sk: padded(record.number), ...record, ttl },
      ConditionExpression: 'attribute_not_exists(pk) OR isWhole = :no',
      ExpressionAttributeValues: { ':no': false },
    });
    try {
      await retryable('PutItem', () => this.#client.send(command));
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }
}
