/** Which notices are being told, and which were, in the table: one item each, changed on its own conditions alone. */
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Notice } from '#core/incident.ts';
import type { EnvironmentKey, Instant } from '#core/names.ts';
import type { Notices } from '#core/ports.ts';
import { documents } from './documents.ts';
import { retryable } from './errors.ts';
import { noticeTtl, partition } from './items.ts';

export class NoticeItems implements Notices {
  readonly #table: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(table: string, client?: DynamoDBClient) {
    this.#table = table;
    this.#client = documents(client);
  }

  async take(key: EnvironmentKey, notice: Notice, now: Instant, until: Instant): ReturnType<Notices['take']> {
    const command = new UpdateCommand({
      ...this.#item(key, notice),
      UpdateExpression: 'SET takenUntil = :until',
      ConditionExpression:
        'attribute_not_exists(toldAt) AND (attribute_not_exists(takenUntil) OR takenUntil <= :now)',
      ExpressionAttributeValues: { ':until': until, ':now': now },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    try {
      await retryable('UpdateItem', () => this.#client.send(command));
      return 'yours';
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return 'toldAt' in (error.Item ?? {}) ? 'told' : 'taken';
    }
  }

  async told(key: EnvironmentKey, notice: Notice, now: Instant): Promise<void> {
    const command = new UpdateCommand({
      ...this.#item(key, notice),
      UpdateExpression: 'SET toldAt = :now, #ttl = :ttl',
      ExpressionAttributeNames: { '#ttl': 'ttl' },
      ExpressionAttributeValues: { ':now': now, ':ttl': noticeTtl(now) },
    });
    await retryable('UpdateItem', () => this.#client.send(command));
  }

  #item(key: EnvironmentKey, { incident, state }: Notice) {
    return { TableName: this.#table, Key: { pk: partition('NOTICE', key), sk: `${incident.id}#${state}` } };
  }
}
