/** SSH keys of people, in the table: one partition a team, whole in each answer, and one item a key. */
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand, type PutCommandInput } from '@aws-sdk/lib-dynamodb';
import { Conflict, parse } from '#core/errors.ts';
import type { TeamName } from '#core/names.ts';
import { type GoodKey, PersonKey, type RevokedKey } from '#core/person-key.ts';
import type { PersonKeys } from '#core/ports.ts';
import { documents } from './documents.ts';
import { retryable } from './errors.ts';
import { itemsOf } from './partition.ts';

const partition = (team: TeamName): string => `SSHKEY#${team}`;

export class PersonKeyItems implements PersonKeys {
  readonly #table: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(table: string, client?: DynamoDBClient) {
    this.#table = table;
    this.#client = documents(client);
  }

  /** Consistent: who asks after a revocation must not be told of a key from before it. */
  async list(team: TeamName): Promise<readonly PersonKey[]> {
    const found: PersonKey[] = [];
    for await (const item of itemsOf(this.#client, this.#table, partition(team)))
      found.push(parse(PersonKey, item, `a key of team ${team}`));
    return found;
  }

  add(key: GoodKey): Promise<void> {
    const ConditionExpression = 'attribute_not_exists(pk)';
    return this.#put(key, { ConditionExpression }, 'the team has it already');
  }

  revoke(key: RevokedKey): Promise<void> {
    const condition = {
      ConditionExpression: '#version = :expected',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':expected': key.version - 1 },
    };
    return this.#put(key, condition, 'it is revoked already, or was never added');
  }

  async #put(key: PersonKey, condition: Partial<PutCommandInput>, otherwise: string): Promise<void> {
    const Item = { pk: partition(key.team), sk: key.id, ...key };
    const command = new PutCommand({ TableName: this.#table, Item, ...condition });
    try {
      await retryable('PutItem', () => this.#client.send(command));
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      throw new Conflict(`${key.fingerprint} was not written: ${otherwise}.`);
    }
  }
}
