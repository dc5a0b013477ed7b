/** Waivers made by the API, in the table: one partition a team, whole in each answer, and one item a waiver. */
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { Conflict, parse } from '#core/errors.ts';
import type { TeamName } from '#core/names.ts';
import type { Waivers } from '#core/ports.ts';
import { KeptWaiver } from '#core/waiver.ts';
import { documents } from './documents.ts';
import { retryable } from './errors.ts';
import { itemsOf } from './partition.ts';

const partition = (team: TeamName): string => `WAIVER#${team}`;

export class WaiverItems implements Waivers {
  readonly #table: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(table: string, client?: DynamoDBClient) {
    this.#table = table;
    this.#client = documents(client);
  }

  /** Consistent: what was withdrawn must let nothing through that is judged after it. */
  async list(team: TeamName): Promise<readonly KeptWaiver[]> {
    const found: KeptWaiver[] = [];
    for await (const item of itemsOf(this.#client, this.#table, partition(team)))
      found.push(parse(KeptWaiver, item, `a waiver of team ${team}`));
    return found;
  }

  async write(waiver: KeptWaiver): Promise<void> {
    const { team, id, version } = waiver;
    const known = {
      ConditionExpression: '#version = :expected',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':expected': version - 1 },
    };
    const command = new PutCommand({
      TableName: this.#table,
      Item: { pk: partition(team), sk: id, ...waiver },
      ...(version === 1 ? { ConditionExpression: 'attribute_not_exists(pk)' } : known),
    });
    try {
      await retryable('PutItem', () => this.#client.send(command));
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      throw new Conflict(`${id} is no longer at version ${version - 1}: somebody else wrote first.`);
    }
  }
}
