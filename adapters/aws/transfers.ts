/** Transfers in the table: read here, and written with the environments that they are of (table.ts). */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { parse } from '#core/errors.ts';
import { type EnvironmentKey, environmentId, parseEnvironmentId, type TeamName } from '#core/names.ts';
import { Transfer } from '#core/transfer/item.ts';
import { isOpen } from '#core/transfer/open.ts';
import type { Transfers } from '#core/transfer/ports.ts';
import * as z from '#core/zod.ts';
import { documents } from './documents.ts';
import { retryable } from './errors.ts';
import * as items from './items.ts';

/** What one team is offered at a time is seen whole: no one needs pages of it. */
const most = 100;

export class TransferItems implements Transfers {
  readonly #table: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(table: string, client?: DynamoDBClient) {
    this.#table = table;
    this.#client = documents(client);
  }

  async read(from: EnvironmentKey): Promise<Transfer | undefined> {
    const Key = items.transferKey(from);
    const command = new GetCommand({ TableName: this.#table, Key, ConsistentRead: true });
    const { Item } = await retryable('GetItem', () => this.#client.send(command));
    return Item && parse(Transfer, Item, `the transfer of ${environmentId(from)}`);
  }

  /** The index names them; what they are is read where it is newest. */
  async offeredTo(team: TeamName): Promise<readonly Transfer[]> {
    const command = new QueryCommand({
      TableName: this.#table,
      IndexName: 'team',
      KeyConditionExpression: 'listedIn = :list',
      ExpressionAttributeValues: { ':list': items.transfersListedIn(team) },
      ProjectionExpression: 'pk',
      Limit: most,
    });
    const { Items = [] } = await retryable('Query', () => this.#client.send(command));
    const keys = z
      .array(z.object({ pk: z.string() }))
      .parse(Items)
      .flatMap(({ pk }) => parseEnvironmentId(pk.slice(pk.indexOf('#') + 1)) ?? []);
    const found = await Promise.all(keys.map((key) => this.read(key)));
    return found.flatMap((transfer) => (transfer?.to === team && isOpen(transfer) ? [transfer] : []));
  }
}
