/**
 * Token buckets in the table: a number each, that grows under a condition (core/rate.ts). Requests at once don't race: DynamoDB
 * adds one after the other, and none is read before.
 */
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, UpdateCommand, type UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { Retryable } from '#core/errors.ts';
import type { Instant } from '#core/names.ts';
import { measuresOf, type Rate, take } from '#core/rate.ts';
import type { Buckets } from '#core/request-ports.ts';
import * as z from '#core/zod.ts';
import { documents } from './documents.ts';
import { retryable } from './errors.ts';
import { state } from './items.ts';

const Item = z.object({ fullAt: z.optional(z.number()) });

export class BucketItems implements Buckets {
  readonly #table: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(table: string, client?: DynamoDBClient) {
    this.#table = table;
    this.#client = documents(client);
  }

  async take(owner: string, rate: Rate, at: Instant): Promise<number | undefined> {
    const now = Date.parse(at);
    const { costMs, aheadMs } = measuresOf(rate);
    // Somebody may fill or empty it between two tries: that happens once a rest.
    for (let tries = 0; tries < 5; tries++) {
      const known = await this.#update(owner, now, {
        UpdateExpression: 'SET fullAt = fullAt + :cost, #ttl = :ttl',
        ConditionExpression: 'fullAt BETWEEN :now AND :ahead',
        ExpressionAttributeValues: { ':cost': costMs, ':now': now, ':ahead': now + aheadMs },
      });
      if (known === 'written') return undefined;
      const taken = take(known.fullAt, rate, now);
      if (!taken.taken) return taken.waitMs;
      const isFull = await this.#update(owner, now, {
        UpdateExpression: 'SET fullAt = :fullAt, #ttl = :ttl',
        ConditionExpression: 'attribute_not_exists(pk) OR fullAt < :now',
        ExpressionAttributeValues: { ':fullAt': now + costMs, ':now': now },
      });
      if (isFull === 'written') return undefined;
    }
    throw new Retryable(`Too many at once take from the bucket of ${owner}.`);
  }

  /** @returns the item as it is, where the condition does not hold. */
  async #update(owner: string, now: number, input: Omit<UpdateCommandInput, 'TableName' | 'Key'>) {
    const command = new UpdateCommand({
      TableName: this.#table,
      Key: { pk: `BUCKET#${owner}`, sk: state },
      ...input,
      ExpressionAttributeNames: { '#ttl': 'ttl' },
      // A bucket that nobody took from for an hour is full, and is not kept.
      ExpressionAttributeValues: {
        ...input.ExpressionAttributeValues,
        ':ttl': Math.floor(now / 1000) + 3600,
      },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    try {
      await retryable('UpdateItem', () => this.#client.send(command));
      return 'written' as const;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return Item.parse(unmarshall(error.Item ?? {}));
    }
  }
}
