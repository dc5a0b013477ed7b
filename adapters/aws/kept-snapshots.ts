/** Snapshots that teams keep, in the table: read here, and written with environments (table.ts). One partition a team. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { parse } from '#core/errors.ts';
import { KeptSnapshot } from '#core/kept-snapshot.ts';
import type { TeamName } from '#core/names.ts';
import type { KeptSnapshots } from '#core/snapshot-ports.ts';
import { documents } from './documents.ts';
import { retryable } from './errors.ts';
import * as items from './items.ts';
import { itemsOf } from './partition.ts';

export class KeptSnapshotItems implements KeptSnapshots {
  readonly #table: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(table: string, client?: DynamoDBClient) {
    this.#table = table;
    this.#client = documents(client);
  }

  async read(team: TeamName, name: string): Promise<KeptSnapshot | undefined> {
    const Key = { pk: items.snapshotPartition(team), sk: name };
    const command = new GetCommand({ TableName: this.#table, Key, ConsistentRead: true });
    const { Item } = await retryable('GetItem', () => this.#client.send(command));
    return Item && parse(KeptSnapshot, Item, `snapshot ${name} of team ${team}`);
  }

  async list(team: TeamName): Promise<readonly KeptSnapshot[]> {
    const found: KeptSnapshot[] = [];
    for await (const item of itemsOf(this.#client, this.#table, items.snapshotPartition(team)))
      found.push(parse(KeptSnapshot, item, `a snapshot of team ${team}`));
    return found.filter(({ state }) => state !== 'gone');
  }
}
