/** What data jobs could use of a cluster's workers: an item for each job, in a partition of the cluster. They go a day after their last word. */
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { parse } from '#core/errors.ts';
import { Demand, type Demands } from '#core/jobs/share.ts';
import { documents } from './documents.ts';
import { retryable } from './errors.ts';
import { itemsOf } from './partition.ts';

const keepSeconds = 86_400;
const partitionOf = (cluster: string): string => `SHARE#${cluster}`;

export class DemandItems implements Demands {
  readonly #table: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(table: string, client?: DynamoDBClient) {
    this.#table = table;
    this.#client = documents(client);
  }

  async of(cluster: string): Promise<readonly Demand[]> {
    const demands: Demand[] = [];
    for await (const item of itemsOf(this.#client, this.#table, partitionOf(cluster)))
      demands.push(parse(Demand, item, `what a job could use of ${cluster}`));
    return demands;
  }

  async say(demand: Demand): Promise<void> {
    const ttl = Math.floor(Date.parse(demand.at) / 1000) + keepSeconds;
    const command = new PutCommand({
      TableName: this.#table,
      Item: { pk: partitionOf(demand.cluster), sk: demand.name, ...demand, ttl },
      ConditionExpression: 'attribute_not_exists(pk) OR #at <= :at',
      ExpressionAttributeNames: { '#at': 'at' },
      ExpressionAttributeValues: { ':at': demand.at },
    });
    try {
      await retryable('PutItem', () => this.#client.send(command));
    } catch (error) {
      // It said something later already.
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }
}
